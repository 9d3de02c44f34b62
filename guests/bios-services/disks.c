/* INT 13h: by cylinder, head and sector, by packets, what fails and how, on the disk and on the CD. */
#include "disks.h"

enum { SCRATCH = 0x8000, OTHER = 0x8800, FREE_SECTORS = 16, FIRST_CD = 0xe0 };

struct packet packet;
static u32 cylinders, heads, per_track;

struct registers by_packet(u8 function, u8 drive, u64 sector, u16 count, u16 segment)
{
	packet = (struct packet){ .size = sizeof(packet), .count = count, .segment = segment, .sector = sector };
	return call_at(0x13, (u32)function << 8, drive, &packet, NULL);
}

static struct registers by_geometry(u8 function, u8 drive, u32 cylinder, u32 head, u32 sector, u8 count, u16 segment)
{
	struct registers all = { .ax = (u32)function << 8 | count, .dx = head << 8 | drive, .es = segment,
		.cx = (cylinder & 0xff) << 8 | (cylinder >> 2 & 0xc0) | sector, .flags = INTERRUPTS };

	bios(0x13, &all);
	return all;
}

static bool same(u16 one, u16 other, u32 bytes)
{
	for (u32 i = 0; i < bytes; i += 4)
		if (read32(((u32)one << 4) + i) != read32(((u32)other << 4) + i))
			return false;
	return true;
}

static void fill(u16 segment, u32 bytes, u32 seed)
{
	for (u32 i = 0; i < bytes; i += 4)
		write32(((u32)segment << 4) + i, seed + i);
}

static void geometry(u8 drive)
{
	struct registers all = call(0x13, 0x0800, 0, 0, drive);

	check(!failed(&all) && high(all.ax) == 0, "AH=08h tells a geometry");
	cylinders = (high(all.cx) | (all.cx << 2 & 0x300)) + 1;
	heads = high(all.dx) + 1u;
	per_track = all.cx & 0x3f;
	check(low(all.dx) >= 1 && low(all.dx) == read8(0x475), "AH=08h and the BIOS data area count the disks");
	check(per_track >= 1 && cylinders >= 1, "the geometry is not empty");
}

static void reading(u8 drive)
{
	struct registers all = by_packet(0x42, drive, 0, 1, SCRATCH);

	check(!failed(&all) && high(all.ax) == 0, "AH=42h reads the first sector");
	check_equal(read16(SCRATCH * 16u + 510), 0xaa55, "which ends with the signature");
	all = by_geometry(0x02, drive, 0, 0, 1, 1, OTHER);
	check(!failed(&all) && high(all.ax) == 0 && low(all.ax) == 1, "AH=02h reads one sector");
	check(same(SCRATCH, OTHER, 512), "the first sector is 0, 0, 1");
	all = by_packet(0x42, drive, per_track, 2, SCRATCH);
	check(!failed(&all) && packet.count == 2, "AH=42h reads two sectors");
	all = by_geometry(0x02, drive, 0, 1, 1, 2, OTHER);
	check(!failed(&all) && same(SCRATCH, OTHER, 1024), "the second track is the second head's");
	all = by_packet(0x42, drive, per_track - 1, 2, SCRATCH);
	check(!failed(&all), "AH=42h reads across tracks");
	all = by_geometry(0x02, drive, 0, 0, per_track, 2, OTHER);
	check(!failed(&all) && low(all.ax) == 2 && same(SCRATCH, OTHER, 1024), "and so does AH=02h");
	all = by_packet(0x42, drive, 1, 16, 0x8f00 - 16 * 32);
	check(!failed(&all), "sectors are read one after the other");
	all = by_packet(0x42, drive, 1, 8, 0x7f81);
	check(!failed(&all) && same(0x7f81, 0x8f00 - 16 * 32, 4096), "memory may cross 64 KiB");
}

static void writing(u8 drive, u64 sectors)
{
	u64 first = sectors - FREE_SECTORS;
	struct registers all;

	all = by_packet(0x42, drive, first, FREE_SECTORS, SCRATCH);
	check(!failed(&all), "the end of the disk is read");
	fill(OTHER, 1024, 0xcafe0000);
	all = by_packet(0x43, drive, first + 1, 2, OTHER);
	check(!failed(&all) && high(all.ax) == 0 && packet.count == 2, "AH=43h writes two sectors");
	fill(SCRATCH, 4 * 512, 0);
	all = by_packet(0x42, drive, first, 4, SCRATCH);
	check(!failed(&all) && same(SCRATCH + 32, OTHER, 1024), "what was written is read back");
	check(read32(SCRATCH * 16u) == 0 && read32(SCRATCH * 16u + 3 * 512) == 0, "the sectors beside it stay");
	all = by_packet(0x44, drive, first, FREE_SECTORS, 0);
	check(!failed(&all), "AH=44h verifies");
}

static void writing_by_geometry(u8 drive, u64 sectors)
{
	u32 sector = (u32)sectors - 2, cylinder = sector / (heads * per_track);
	u32 head = sector / per_track % heads, within = sector % per_track + 1;
	struct registers all;

	if (cylinder >= cylinders)
		return;
	fill(OTHER, 512, 0xbeef0000);
	all = by_geometry(0x03, drive, cylinder, head, within, 1, OTHER);
	check(!failed(&all) && low(all.ax) == 1, "AH=03h writes a sector");
	fill(SCRATCH, 512, 0);
	all = by_packet(0x42, drive, sector, 1, SCRATCH);
	check(!failed(&all) && same(SCRATCH, OTHER, 512), "where it belongs");
	all = by_geometry(0x04, drive, cylinder, head, within, 1, 0);
	check(!failed(&all), "AH=04h verifies it");
}

static void what_fails(u8 drive, u64 sectors)
{
	struct registers all = by_packet(0x42, drive, sectors - 1, 1, SCRATCH);

	check(!failed(&all), "the last sector is read");
	all = by_packet(0x42, drive, sectors, 1, SCRATCH);
	check(failed(&all) && high(all.ax) != 0, "and none behind it");
	check_equal(read8(0x474), high(all.ax), "the BIOS data area has the error");
	all = by_geometry(0x02, drive, 0, 0, 0, 1, SCRATCH);
	check(failed(&all) && high(all.ax) != 0, "there is no sector 0 of a track");
	all = by_geometry(0x02, drive, 0, 0, 1, 0, SCRATCH);
	check(failed(&all), "no sectors are not read");
	if (heads < 256) {
		all = by_geometry(0x02, drive, 0, heads, 1, 1, SCRATCH);
		check(failed(&all), "there is no head behind the last");
	}
	packet.size = 8;
	all = call_at(0x13, 0x4200, drive, &packet, NULL);
	check(failed(&all) && high(all.ax) == 1, "a packet that is too small is refused");
	all = by_packet(0x42, drive + 9, 0, 1, SCRATCH);
	check(failed(&all), "an absent disk is not read");
	all = call(0x13, 0xfe00, 0, 0, drive);
	check(failed(&all) && high(all.ax) == 1, "an unknown function is refused");
	all = call(0x13, 0x0100, 0, 0, drive);
	check_equal(high(all.ax), 1, "AH=01h tells the last error");
	all = call(0x13, 0x0000, 0, 0, drive);
	check(!failed(&all) && high(all.ax) == 0, "AH=00h resets the disk");
	all = call(0x13, 0x0100, 0, 0, drive);
	check(!failed(&all) && high(all.ax) == 0, "then there is no error to tell");
}

static void without_data(u8 drive)
{
	static const u8 functions[] = { 0x09, 0x0c, 0x0d, 0x10, 0x11, 0x14, 0x47 };

	for (u32 i = 0; i < COUNT(functions); i++) {
		struct registers all = { .ax = (u32)functions[i] << 8, .cx = 1, .dx = drive, .si = (u32)&packet,
			.flags = INTERRUPTS };

		packet = (struct packet){ .size = sizeof(packet), .count = 1 };
		bios(0x13, &all);
		check(!failed(&all) && high(all.ax) == 0, "initialise, seek, reset, ready, recalibrate, diagnose");
	}
}

static void on_cd(u8 cd)
{
	struct registers all = by_packet(0x42, cd, 16, 1, SCRATCH);

	check(!failed(&all) && high(all.ax) == 0, "AH=42h reads the CD");
	check(read32(SCRATCH * 16u) == 0x30444301 && read16(SCRATCH * 16u + 4) == 0x3130, "CD001 is in sector 16");
	all = by_packet(0x42, cd, 0x00ffffff, 1, SCRATCH);
	check(failed(&all) && high(all.ax) != 0, "nothing is behind the CD's end");
	all = by_packet(0x43, cd, 16, 1, SCRATCH);
	check(failed(&all), "a CD is not written");
	all = by_geometry(0x02, cd, 0, 0, 1, 1, SCRATCH);
	check(failed(&all), "a CD has no cylinders");
}

int main(void)
{
	u8 drive = shared->boot_drive;
	u64 sectors;

	check(drive >= 0x80 && drive < FIRST_CD, "DL is the disk that was booted from");
	geometry(drive);
	sectors = disk_parameters(drive);
	reading(drive);
	writing(drive, sectors);
	writing_by_geometry(drive, sectors);
	what_fails(drive, sectors);
	without_data(drive);
	if (by_packet(0x42, FIRST_CD, 16, 1, SCRATCH).flags & CARRY) {
		printf("There is no CD\n");
		return 0;
	}
	on_cd(FIRST_CD);
	cd_parameters(FIRST_CD);
	removable(FIRST_CD);
	return 0;
}
