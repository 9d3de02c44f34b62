/* INT 13h AH=41h, AH=48h and AH=15h. [EDD] Enhanced Disk Drive Specification 3.0. */
#include "disks.h"
#include "ide.h"

static struct {
	u16 size, flags;
	u32 cylinders, heads, per_track;
	u64 sectors;
	u16 bytes_a_sector, extension_offset, extension_segment;
	struct {
		u16 key;
		u8 bytes, reserved[3];
		char host_bus[4], interface[8];
		u8 place[8], device[8], rest[10];
	} __attribute__((packed)) path;
} __attribute__((packed)) told;

enum { SMALLEST = 26, WITH_EXTENSION = 30, WITH_PATH = 66, CDS = 0xe0 };
enum { GEOMETRY = 2, REMOVABLE = 4 };

static u16 identity[256];

static void installed(u8 drive)
{
	struct registers all = call(0x13, 0x4100, 0x55aa, 0, drive);

	check(!failed(&all) && (all.bx & 0xffff) == 0xaa55, "the extensions are there");
	check(high(all.ax) >= 0x20 && all.cx & 1, "their version is at least 1.1, with packets");
	all = call(0x13, 0x4100, 0x1234, 0, drive);
	/* It does not look at BX. */
	check_but_not_on_seabios(failed(&all) || (all.bx & 0xffff) != 0xaa55, "AH=41h wants its signature");
}

static bool ask(u8 drive, u16 size)
{
	struct registers all;

	memset(&told, 0xee, sizeof(told));
	told.size = size;
	told.flags = 0;
	all = call_at(0x13, 0x4800, drive, &told, NULL);
	return !failed(&all) && high(all.ax) == 0;
}

static u8 sum_at(u32 address, u32 bytes)
{
	u8 sum = 0;

	while (bytes--)
		sum += read8(address++);
	return sum;
}

static void extension(u16 command_block, u16 control_block, u8 irq)
{
	u32 at = ((u32)told.extension_segment << 4) + told.extension_offset;

	if (told.extension_segment == 0xffff && told.extension_offset == 0xffff)
		return;
	check_equal(read16(at), command_block, "the extension tells the command block");
	check(read16(at + 2) == control_block || read16(at + 2) == control_block - 2u, "and the control block");
	check_equal(read8(at + 6) & 0x0f, irq, "and the interrupt");
	check_equal(sum_at(at, 16), 0, "and has a checksum");
}

static void path(const char *interface)
{
	check_equal(told.path.key, 0xbedd, "the device path has its key");
	check(memcmp(told.path.host_bus, "PCI ", 4) == 0, "the host bus is PCI");
	check(memcmp(told.path.interface, interface, 8) == 0, "the interface has a name");
	check(told.path.place[0] == 0 && told.path.place[1] == 1 && told.path.place[2] == 1, "the path leads to 01.1");
	check_equal(sum_at((u32)&told.path, told.path.bytes), 0, "the device path has a checksum");
}

u64 disk_parameters(u8 drive)
{
	struct registers all;
	u64 sectors;
	u32 counted;

	installed(drive);
	check(!ask(drive, 10), "AH=48h wants room");
	check(ask(drive, SMALLEST) && told.size == SMALLEST, "AH=48h fills 26 bytes");
	check_equal(told.extension_offset, 0xeeee, "and no more");
	check_equal(told.bytes_a_sector, 512, "a sector has 512 bytes");
	check(!(told.flags & REMOVABLE), "a disk is not removable");
	sectors = told.sectors;
	if (ide_probe(0, identity) == IDE_DISK) {
		check_equal((u32)sectors, identity[60] | (u32)identity[61] << 16, "as many sectors as the disk says");
		check(!(told.flags & GEOMETRY) || (told.cylinders == identity[1] && told.heads == identity[3]
			&& told.per_track == identity[6]), "the geometry is the disk's own");
	}
	all = call(0x13, 0x1500, 0, 0, drive);
	counted = (all.cx & 0xffff) << 16 | (all.dx & 0xffff);
	check(!failed(&all) && high(all.ax) == 3, "AH=15h says that it is a disk");
	check(counted <= (u32)sectors, "AH=15h counts sectors");
	/* It leaves out the last cylinder, which may be the only one. */
	check_but_not_on_seabios(counted, "and there are some");
	all = call(0x13, 0x1500, 0, 0, 0x8f);
	check(failed(&all) || high(all.ax) == 0, "AH=15h says that there is no disk");
	if (ask(drive, WITH_EXTENSION) && told.size == WITH_EXTENSION)
		extension(0x1f0, 0x3f6, 14);
	if (ask(drive, WITH_PATH) && told.size == WITH_PATH)
		path("ATA     ");
	check(ask(drive, sizeof(told)) && told.size <= sizeof(told) && told.sectors == sectors,
		"AH=48h takes a larger buffer");
	return sectors;
}

void cd_parameters(u8 drive)
{
	installed(drive);
	check(ask(drive, SMALLEST) && told.bytes_a_sector == 2048, "a sector of a CD has 2048 bytes");
	check(told.flags & REMOVABLE, "a CD is removable");
	if (ask(drive, WITH_EXTENSION) && told.size == WITH_EXTENSION)
		extension(0x170, 0x376, 15);
	if (ask(drive, WITH_PATH) && told.size == WITH_PATH)
		path("ATAPI   ");
}
