// SPDX-License-Identifier: GPL-2.0-or-later
// INT 13h. A disk holds n in every word of its sector n, from 64 on.

#include "kit.h"

static struct __attribute__((packed)) {
	u8 size, reserved;
	u16 count, offset, segment;
	u64 sector;
} packet;

static struct registers by_packet(u8 function, u8 drive, u64 sector, u16 count, u16 segment, u16 offset)
{
	packet.size = 16;
	packet.count = count;
	packet.segment = segment;
	packet.offset = offset;
	packet.sector = sector;
	struct registers all = {.eax = function << 8, .edx = drive, .esi = (u32)&packet, .flags = INTERRUPT};
	bios(0x13, &all);
	return all;
}

// Whether `count` sectors at segment:0 hold the pattern from sector `first` on
static int has_pattern(u16 segment, u32 first, u32 count)
{
	for (u32 n = 0; n < count; n++, segment += 32)
		if (peek(segment, 0) != (u16)(first + n) || peek(segment, 510) != (u16)(first + n))
			return 0;
	return 1;
}

static u32 heads, per_track, cylinders;

static u32 chs(u32 sector)
{
	u32 cylinder = sector / (heads * per_track);
	return (cylinder & 0xFF) << 8 | (cylinder >> 2 & 0xC0) | (sector % per_track + 1);
}

static u32 head(u32 sector, u8 drive)
{
	return sector / per_track % heads << 8 | drive;
}

static void try_disk_reading(u8 drive)
{
	struct registers all = call(0x13, 0x4100, 0x55AA, 0, drive);
	fact("the extensions are there", !failed(&all) && (u16)all.ebx == 0xAA55 && all.ecx & 1);
	all = by_packet(0x42, drive, 64, 1, 0x2000, 0);
	fact("packet: one sector", !failed(&all) && has_pattern(0x2000, 64, 1));
	all = by_packet(0x42, drive, 100, 127, 0x2001, 0xFFF0);
	fact("packet: 127 sectors across a 64 KiB boundary", !failed(&all) && has_pattern(0x3000, 100, 127));
	all = by_packet(0x42, drive, 300, 300, 0x4000, 0);
	fact("packet: 300 sectors", !failed(&all) && has_pattern(0x4000, 300, 300) && packet.count == 300);

	all = call(0x13, 0x0800, 0, 0, drive);
	heads = (all.edx >> 8 & 0xFF) + 1;
	per_track = all.ecx & 0x3F;
	cylinders = ((all.ecx >> 8 & 0xFF) | (all.ecx << 2 & 0x300)) + 1;
	fact("geometry", !failed(&all) && (all.edx & 0xFF) >= 1 && per_track == 63 && heads >= 16 && cylinders > 1);
	all = (struct registers){.eax = 0x0210, .ecx = chs(1200), .edx = head(1200, drive), .es = 0x5000};
	bios(0x13, &all);
	fact("cylinder, head, sector: 16 sectors", !failed(&all) && (u16)all.eax == 16 && has_pattern(0x5000, 1200, 16));
}

static void try_disk_errors(u8 drive)
{
	struct registers all = by_packet(0x42, drive, 0x7FFFFFFF, 1, 0x2000, 0);
	fact("a sector behind the end fails", failed(&all) && (all.eax >> 8 & 0xFF) == 4 && packet.count == 0);
	all = call(0x13, 0x0100, 0, 0, drive);
	fact("int 13h AH=01h tells the last error", failed(&all) && (all.eax >> 8 & 0xFF) == 4);
	all = call(0x13, 0x0201, 0x8000, 0x0000, drive);
	fact("sector number 0 is refused", failed(&all) && (all.eax >> 8 & 0xFF) == 1);
	all = by_packet(0x42, drive + 7, 0, 1, 0x2000, 0);
	fact("an absent drive fails", failed(&all));
	all = call(0x13, 0x1500, 0, 0, 0);
	fact("there is no floppy drive", !failed(&all) && (all.eax >> 8 & 0xFF) == 0);
	all = call(0x13, 0x1000, 0, 0, drive);
	fact("the drive is ready", !failed(&all));
	all = call(0x13, 0x0000, 0, 0, drive);
	fact("the drive resets", !failed(&all));
	all = by_packet(0x44, drive, 64, 10, 0, 0);
	fact("verify", !failed(&all));
}

static void try_disk_writing(u8 drive)
{
	for (u32 n = 0; n < 512; n += 2)
		poke(0x2000, n, 0xBEEF);
	struct registers all = by_packet(0x43, drive, 70, 1, 0x2000, 0);
	poke(0x2000, 0, 0);
	struct registers again = by_packet(0x42, drive, 70, 2, 0x2000, 0);
	fact("a written sector reads back and its neighbour stays", !failed(&all) && !failed(&again) &&
	     peek(0x2000, 0) == 0xBEEF && peek(0x2000, 510) == 0xBEEF && has_pattern(0x2020, 71, 1));
}

static void try_disk_parameters(u8 drive)
{
	struct registers all = {.eax = 0x4800, .edx = drive, .esi = (u32)buffer};
	buffer[0] = 26;
	bios(0x13, &all);
	u32 sectors = buffer[8] | (u32)buffer[9] << 16;
	fact("parameters", !failed(&all) && buffer[0] == 26 && buffer[12] == 512 && sectors >= 2048);
	u64 last = sectors - 1ull + ((u64)buffer[10] << 32 | (u64)buffer[11] << 48);
	all = by_packet(0x42, drive, last, 1, 0x2000, 0);
	fact("the last sector is read", !failed(&all));
	all = by_packet(0x42, drive, last, 2, 0x2000, 0);
	fact("and none behind it", failed(&all));
	if (last >> 32)
		return;
	all = call(0x13, 0x1500, 0, 0, drive);
	fact("int 13h AH=15h says disk and counts sectors", !failed(&all) && (all.eax >> 8 & 0xFF) == 3 &&
	     ((all.ecx & 0xFFFF) << 16 | (all.edx & 0xFFFF)) == sectors);
}

void try_cd(u8 drive)
{
	struct registers all = by_packet(0x42, drive, 16, 1, 0x2000, 0);
	fact("the CD's sector 16 is a volume descriptor", !failed(&all) && peek(0x2000, 1) == 0x4443);
	all = (struct registers){.eax = 0x4B01, .edx = drive, .esi = (u32)buffer};
	bios(0x13, &all);
	fact("the boot specification tells the drive", !failed(&all) && (buffer[0] & 0xFF) == 19 && (buffer[1] & 0xFF) == drive);
	all = (struct registers){.eax = 0x4800, .edx = drive, .esi = (u32)buffer};
	buffer[0] = 26;
	bios(0x13, &all);
	fact("CD sectors have 2048 bytes", !failed(&all) && buffer[12] == 2048);
	all = by_packet(0x42, drive, 0x00FFFFFF, 1, 0x2000, 0);
	fact("a CD sector behind the end fails", failed(&all));
	all = by_packet(0x43, drive, 16, 1, 0x2000, 0);
	fact("a CD is not written", failed(&all));
}

void try_disk(u8 drive)
{
	try_disk_reading(drive);
	try_disk_errors(drive);
	try_disk_parameters(drive);
	try_disk_writing(drive);
}
