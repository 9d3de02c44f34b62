/* Disks and the CD drive, as a driver uses them and as it finds them gone; see driver.h. */
#include "driver.h"

enum { IDENTIFY = 0xec, IDENTIFY_PACKET = 0xa1, NO_INTERRUPTS = 2, TEST_LENGTH = 2 };
enum { CAPABILITIES = 49, HAS_LBA = 1 << 9, SECTORS = 60 };

static u32 sectors[4];
static u8 buffer[CDROM_SECTOR];

void find_drives(u8 disks)
{
	u16 words[256];

	for (ide_position position = 0; position < 4; position++) {
		enum ide_kind kind = ide_probe(position, words);
		enum ide_kind wanted = disks >> position & 1 ? IDE_DISK : position == CD ? IDE_CDROM : IDE_ABSENT;

		check_equal(kind, wanted, "the four positions hold what was plugged in");
		if (kind != IDE_DISK)
			continue;
		sectors[position] = words[SECTORS] | (u32)words[SECTORS + 1] << 16;
		check(words[CAPABILITIES] & HAS_LBA, "a disk has logical block addresses");
		check(sectors[position] >= 16, "a disk has sectors");
		printf("disk %u (%u sectors), ", position, sectors[position]);
	}
	printf("CD %u, ", CD);
}

static u8 pattern(ide_position position, u32 at)
{
	return (u8)(at * 7 + (at >> 9) + position * 0x51 + sizeof(word));
}

static u32 test_lba(ide_position position)
{
	return sectors[position] - 2 * TEST_LENGTH;
}

/* IDENTIFY, this time waiting for the interrupt that announces the data. */
static bool interrupts(ide_position position, u8 command)
{
	out8(ide_port(position, IDE_DEVICE), (u8)(0xa0 | (position & 1) << 4));
	out8(ide_control_port(position), 0);
	in8(ide_port(position, IDE_STATUS));
	out8(ide_port(position, IDE_COMMAND), command);
	bool came = irq_comes(position & 2 ? 15 : 14);
	if (ide_wait(position, IDE_REQUEST))
		for (u32 i = 0; i < 256; i++)
			in16(ide_port(position, IDE_DATA));
	out8(ide_control_port(position), NO_INTERRUPTS);
	return came;
}

static void write_pattern(ide_position position)
{
	for (u32 i = 0; i < TEST_LENGTH * IDE_SECTOR; i++)
		buffer[i] = pattern(position, i);
	check(ide_write(position, test_lba(position), TEST_LENGTH, buffer), "a disk takes sectors");
	check(ide_flush(position), "a disk flushes its cache");
}

static void read_pattern(ide_position position)
{
	bool same = true;

	memset(buffer, 0, sizeof(buffer));
	check(ide_read(position, test_lba(position), TEST_LENGTH, buffer), "a disk gives sectors");
	for (u32 i = 0; i < TEST_LENGTH * IDE_SECTOR; i++)
		same &= buffer[i] == pattern(position, i);
	check(same, "a disk gives what was written to it, and not what was written to another");
}

void use_disks(u8 disks)
{
	for (ide_position position = 0; position < 4; position++)
		if (disks >> position & 1)
			write_pattern(position);
	for (ide_position position = 0; position < 4; position++) {
		if (!(disks >> position & 1))
			continue;
		read_pattern(position);
		check(interrupts(position, IDENTIFY), "a disk announces data by IRQ 14 or 15");
	}
	if (disks & 1 << PRIMARY_MASTER) {
		check(ide_read(PRIMARY_MASTER, 0, 1, buffer), "the primary master gives its first sector");
		check(buffer[510] == 0x55 && buffer[511] == 0xaa, "which is the boot sector that we came from");
	}
}

void use_cd(void)
{
	u8 capacity[8], packet[12] = { 0x25 };

	check(cdrom_read(CD, 16, 1, buffer), "the CD gives sector 16");
	check(!memcmp(buffer, "\1CD001\1", 7), "a volume descriptor");
	u32 volume = buffer[80] | (u32)buffer[81] << 8 | (u32)buffer[82] << 16 | (u32)buffer[83] << 24;
	check(cdrom_read(CD, 17, 1, buffer), "the CD gives sector 17");
	check(!memcmp(buffer + 7, "EL TORITO SPECIFICATION", 23), "a boot record");
	check_equal(ide_packet(CD, packet, capacity, sizeof(capacity)), 8, "the CD tells its capacity");
	u32 last = (u32)capacity[0] << 24 | (u32)capacity[1] << 16 | (u32)capacity[2] << 8 | capacity[3];
	check(volume <= last + 1, "which holds the volume");
	check(interrupts(CD, IDENTIFY_PACKET), "the CD announces data by IRQ 15");
}

/* [ATA6] 9.16 leaves it open what an empty channel reads; PIIX3 guests of Xen read 0 in every register. */
static void channel_is_empty(ide_position master)
{
	for (u8 device = 0; device < 2; device++) {
		out8(ide_port(master, IDE_DEVICE), (u8)(0xa0 | device << 4));
		for (u8 number = IDE_ERROR; number < IDE_DEVICE; number++)
			out8(ide_port(master, number), 0x55);
		for (u8 number = IDE_ERROR; number <= IDE_STATUS; number++)
			check_equal(in8(ide_port(master, number)), 0, "a channel without drives reads 0");
		check_equal(in8(ide_control_port(master)), 0, "its alternate status, too");
	}
}

static void position_is_empty(ide_position position)
{
	out8(ide_port(position, IDE_DEVICE), (u8)(0xa0 | (position & 1) << 4));
	check_equal(in8(ide_port(position, IDE_STATUS)), 0, "an empty position has status 0");
	check_equal(in8(ide_control_port(position)), 0, "and alternate status 0");
	check_equal(in8(ide_port(position, IDE_ERROR)), 0, "and error 0");
	check_equal(ide_probe(position, NULL), IDE_ABSENT, "nothing identifies itself at an empty position");
	check(!ide_read(position, 0, 1, buffer), "an empty position gives no sectors");
	check(!interrupts(position, IDENTIFY), "nothing interrupts from an empty position");
	check(!irq_asserted(position & 2 ? 15 : 14), "nor does it hold its line");
}

/* Xen's device model answers for an absent master with the signature of nothing. */
void master_is_gone(ide_position position)
{
	ide_reset(position);
	out8(ide_port(position, IDE_DEVICE), 0xa0);
	check_equal(in8(ide_port(position, IDE_LBA_MIDDLE)), 0xff, "an absent master has signature ff");
	check_equal(in8(ide_port(position, IDE_LBA_HIGH)), 0xff, "and ff");
	out8(ide_control_port(position), 0);
	out8(ide_port(position, IDE_COMMAND), IDENTIFY);
	check(!(in8(ide_port(position, IDE_STATUS)) & IDE_REQUEST), "an absent master has no data");
	out8(ide_control_port(position), NO_INTERRUPTS);
}

void disks_are_gone(u8 gone, u8 left)
{
	u8 drives = (u8)(left | 1 << CD);

	for (ide_position position = 0; position < 4; position++)
		if (gone >> position & 1)
			position_is_empty(position);
	for (ide_position master = 0; master < 4; master += 2)
		if (!(drives >> master & 3))
			channel_is_empty(master);
	for (ide_position position = 0; position < 4; position++)
		if (left >> position & 1)
			read_pattern(position);
	check(pci_find_class(0x0101, 0) != PCI_NONE, "the IDE controller itself stays on the bus");
	printf("Gone: disks");
	for (ide_position position = 0; position < 4; position++)
		if (gone >> position & 1)
			printf(" %u", position);
	printf("\n");
}
