/* The hardware should survive a bus master whose tables are nonsense (pieces of no length and of 64 KiB, in RAM, in
 * ROM, in device memory and where nothing is, tables without an end and tables that lie nowhere), started, stopped and
 * turned round at any moment, and a network card whose ring is nonsense: they harm only the memory that they were shown, and work as
 * before once they are programmed as a driver does.
 */
#include "../hostile/hostile.h"
#include "memory.h"
#include "ring.h"

enum { STORMS = 3, ROUNDS = 120, DISK = 0, ENTRIES = 0x1000, LONGEST = 0x10000 };
enum { READ_DMA = 0xc8, WRITE_DMA = 0xca, READ_DMA_EXT = 0x25, WRITE_DMA_EXT = 0x35, RESET = 4, FREE = 16 };
/* Data go to and come from the first MiB here; descriptors fill 32 KiB of the second and must stay as they are. */
enum { TARGETS = 0x400000, TARGETS_END = 0x500000, TABLES = 0x600000, TABLES_END = TABLES + 8 * ENTRIES };
enum { NOTHING = 0x20000000, ROM = (int)0xfffc0000, DEVICE = (int)0xe0000000, VGA = 0xb8000, BEYOND = 0x10000000 };

static u32 sectors;

static u32 draw_address(void)
{
	switch (draw_below(8)) {
	case 0:
		return NOTHING + (draw() & 0xfffffff);
	case 1:
		return (u32)ROM + draw_below(0x20000);
	case 2:
		return (u32)DEVICE + draw_below(0x800000);
	default:
		return TARGETS + draw_below(TARGETS_END - TARGETS - LONGEST);
	}
}

/* Pieces where no RAM is are short: there data move by bytes. Whatever double word a table begins at, its pieces lie where they may: read across two descriptors, the second half of one
 * is an address beyond RAM.
 */
static u32 fill_tables(void)
{
	u32 sum = 0;

	for (u32 at = TABLES; at < TABLES_END; at += 8) {
		u32 address = draw_address();
		u32 count = draw_below(4) ? draw_below(0x1000) : draw() & 0xffff;

		if (address >= BEYOND)
			count = 2 + draw_below(64);
		write32(at, address);
		write32(at + 4, BEYOND | (draw() & 0x0fff0000) | (draw_below(6) ? 0 : 0x80000000) | count);
		sum += read32(at) ^ read32(at + 4);
	}
	return sum;
}

static u32 tables_sum(void)
{
	u32 sum = 0;

	for (u32 at = TABLES; at < TABLES_END; at += 8)
		sum += read32(at) ^ read32(at + 4);
	return sum;
}

static void command(u8 code, u32 lba, u32 count)
{
	out8(ide_port(DISK, IDE_DEVICE), 0xe0);
	for (u32 round = 0; round < 2; round++) {
		out8(ide_port(DISK, IDE_COUNT), (u8)(round ? count : 0));
		out8(ide_port(DISK, IDE_LBA_LOW), (u8)(round ? lba : 0));
		out8(ide_port(DISK, IDE_LBA_MIDDLE), (u8)(round ? lba >> 8 : 0));
		out8(ide_port(DISK, IDE_LBA_HIGH), 0);
	}
	out8(ide_port(DISK, IDE_COMMAND), code);
}

static void transfer(void)
{
	static const u8 commands[] = { READ_DMA, WRITE_DMA, READ_DMA_EXT, WRITE_DMA_EXT };
	u8 code = commands[draw_below(4)], to_memory = (u8)(code == READ_DMA || code == READ_DMA_EXT ? 8 : 0);
	u32 table = TABLES + 8 * draw_below(ENTRIES);

	if (!draw_below(8))
		to_memory ^= 8;		/* the wrong way round */
	if (!draw_below(16))
		table += 4;
	if (!to_memory && !draw_below(4))
		table = draw_address();	/* a table nowhere: its pieces are read only */
	out32((u16)(bus_master + 4), table);
	if (draw() & 1)
		out8(bus_master, to_memory | 1);
	if (to_memory)
		command(code, draw_below(sectors + 8), draw_below(256));
	else
		command(code, sectors - FREE, draw_below(FREE) + 1);
	out8(bus_master, to_memory | 1);
}

static void disturb(void)
{
	switch (draw_below(5)) {
	case 0:
		out8(bus_master, 0);
		break;
	case 1:
		out8((u16)(bus_master + 2), (u8)draw());
		break;
	case 2:
		ide_reset(DISK);
		break;
	case 3:
		in8(ide_port(DISK, IDE_STATUS));
		in16(ide_port(DISK, IDE_DATA));
		break;
	default:
		out8(ide_port(DISK, IDE_DEVICE), (u8)(0xa0 | (draw() & 0x10)));
		in8((u16)(bus_master + 2));
	}
}

static void storm_tables(void)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		transfer();
		for (u32 n = draw_below(3); n; n--)
			disturb();
		out8(bus_master, 0);
		if (draw() & 1)
			ide_reset(DISK);
	}
}

int main(void)
{
	u16 words[256];

	find_victims();
	ide_probe(DISK, words);
	sectors = words[60] | (u32)words[61] << 16;
	pci_write16(ide_function, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	for (u32 seed = 1; seed <= STORMS; seed++) {
		begin_draws(seed * 0xc2b2ae35u);
		u32 sum = fill_tables();
		write32(TARGETS_END, seed);
		write32(TARGETS - 4, seed);
		storm_tables();
		check_equal(tables_sum(), sum, "the tables are as they were");
		check(read32(TARGETS_END) == seed && read32(TARGETS - 4) == seed, "nothing else was written");
		storm_ring();
		recover();
		check_alive("after a storm of nonsense the machine works");
	}
	interrupts_end();
	printf("%u transfers survived\n", STORMS * ROUNDS);
	return 0;
}
