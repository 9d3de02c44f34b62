/* The hardware should be a PIIX3's bus master: its registers as the sheet has them; it moves what a disk gives and takes
 * to and from the pieces of memory that a table describes, of 2 bytes to 64 KiB, wherever they lie; it tells by
 * Active and Interrupt whether table and transfer ended together, the table too early or too late; and it does nothing
 * once it is stopped. [PIIX3] Intel 290550, 2.7; [SFF8038] Bus Master IDE 1.0.
 */
#include "dma.h"

u16 bus_master;
struct descriptor table[512] __attribute__((aligned(4096)));
u32 sectors;

void describe(u32 index, const void *address, u32 count, bool last)
{
	table[index] = (struct descriptor){ (u32)(word)address, (u16)count, last ? LAST : 0 };
}

void send_command(u8 command, u32 lba, u32 count)
{
	bool extended = command == READ_DMA_EXT || command == WRITE_DMA_EXT;

	out8(ide_port(MASTER, IDE_DEVICE), (u8)(0xe0 | (extended ? 0 : lba >> 24 & 15)));
	for (int round = extended ? 1 : 0; round >= 0; round--) {
		out8(ide_port(MASTER, IDE_COUNT), (u8)(count >> 8 * round));
		out8(ide_port(MASTER, IDE_LBA_LOW), round ? (u8)(lba >> 24) : (u8)lba);
		out8(ide_port(MASTER, IDE_LBA_MIDDLE), round ? 0 : (u8)(lba >> 8));
		out8(ide_port(MASTER, IDE_LBA_HIGH), round ? 0 : (u8)(lba >> 16));
	}
	out8(ide_port(MASTER, IDE_COMMAND), command);
}

static void aim(const struct descriptor *at)
{
	bm_put(BM_COMMAND, 0);
	bm_put(BM_STATUS, BM_ERROR | BM_INTERRUPT | BM_DRIVES);
	out32((u16)(bus_master + BM_TABLE), (u32)(word)at);
}

static u8 direction(u8 command)
{
	return command == READ_DMA || command == READ_DMA_EXT ? BM_TO_MEMORY : 0;
}

void begin_at(const struct descriptor *at, u8 command, u32 lba, u32 count)
{
	aim(at);
	bm_put(BM_COMMAND, direction(command));
	send_command(command, lba, count);
	bm_put(BM_COMMAND, direction(command) | BM_START);
}

void begin(u8 command, u32 lba, u32 count)
{
	begin_at(table, command, lba, count);
}

u8 end(void)
{
	bool came = irq_comes_within(DISK_IRQ, 1000);
	u8 status;

	check(came, "the end of a transfer interrupts");
	/* QEMU interrupts a little before it clears Active, a busy host's not so little; some endings never do. */
	for (u32 i = 0; on_tcg() && i < 100 && (bm_get(BM_STATUS) & BM_ACTIVE); i++)
		pause_ms(2);
	status = bm_get(BM_STATUS);
	in8(ide_port(MASTER, IDE_STATUS));
	bm_put(BM_COMMAND, 0);
	bm_put(BM_STATUS, BM_ERROR | BM_INTERRUPT | BM_DRIVES);
	return status & (BM_ACTIVE | BM_ERROR | BM_INTERRUPT);
}

void by_pio(u8 *to, u32 lba, u32 count)
{
	check(ide_read(MASTER, lba, (u8)count, to), "the same sectors can be read by PIO");
	out8(ide_control_port(MASTER), 0);
	in8(ide_port(MASTER, IDE_STATUS));
	irq_forget(DISK_IRQ);
}

void fill(u8 *bytes, u32 count, u32 seed)
{
	for (u32 i = 0; i < count; i++)
		bytes[i] = (u8)(i * 13 + (i >> 8) * 5 + seed);
}

u32 free_lba(void)
{
	return sectors - 16;
}

void reset_channel(void)
{
	bm_put(BM_COMMAND, 0);
	ide_reset(MASTER);
	out8(ide_control_port(MASTER), 0);
	in8(ide_port(MASTER, IDE_STATUS));
	bm_put(BM_STATUS, BM_ERROR | BM_INTERRUPT | BM_DRIVES);
	irq_forget(DISK_IRQ);
}

static void registers(void)
{
	check_equal(bm_get(BM_COMMAND), 0, "the bus master is stopped");
	check_equal(bm_get(BM_STATUS) & (BM_ACTIVE | BM_ERROR), 0, "and has nothing to tell");
	bm_put(BM_COMMAND, BM_TO_MEMORY);
	check_equal(bm_get(BM_COMMAND), BM_TO_MEMORY, "the direction reads as written");
	bm_put(BM_COMMAND, 0);
	bm_put(BM_STATUS, BM_DRIVES);
	check_equal(bm_get(BM_STATUS) & 0xe0, BM_DRIVES, "two bits for the drives are the driver's; there is no simplex");
	bm_put(BM_STATUS, 0);
	check_equal(bm_get(BM_STATUS) & 0xe0, 0, "and can be cleared");
	out32((u16)(bus_master + BM_TABLE), 0xfffffffful);
	check_equal(in32((u16)(bus_master + BM_TABLE)), 0xfffffffc, "a table begins at a double word");
	out32((u16)(bus_master + BM_TABLE), 0x12345678);
	out8((u16)(bus_master + BM_TABLE + 1), 0xcd);
	out16((u16)(bus_master + BM_TABLE + 2), 0xabef);
	check_equal(in32((u16)(bus_master + BM_TABLE)), 0xabefcd78, "its address can be written in pieces");
	check_equal(in8((u16)(bus_master + BM_TABLE + 3)), 0xab, "and read");
	check_equal(in32((u16)(bus_master + BM_SECONDARY + BM_TABLE)) == 0xabefcd78, false,
		"the other channel has registers of its own");
}

int main(void)
{
	pci_function function = pci_find_class(0x0101, 0);
	u16 words[256];

	if (function == PCI_NONE || ide_probe(MASTER, words) != IDE_DISK)
		stop_with_error("there is no IDE controller with a disk");
	sectors = words[60] | (u32)words[61] << 16;
	pci_write16(function, PCI_COMMAND, pci_read16(function, PCI_COMMAND) | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	bus_master = (u16)pci_base(function, 4);
	interrupts_begin();
	reset_channel();
	registers();
	tables();
	endings();
	reset_channel();
	out8(ide_control_port(MASTER), 2);
	interrupts_end();
	printf("Moved by the bus master at %x\n", bus_master);
	return 0;
}
