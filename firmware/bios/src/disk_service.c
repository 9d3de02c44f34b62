// SPDX-License-Identifier: GPL-2.0-or-later
// INT 13h: disks by cylinder, head and sector, disks and CDs by the extensions.
// [EDD] BIOS Enhanced Disk Drive Specification 1.1.

#include "bios.h"

struct PACKED address_packet {
	u8 size, reserved;
	u16 count;
	u32 buffer; /* segment:offset */
	u64 sector;
};

struct PACKED drive_parameters {
	u16 size, flags;
	u32 cylinders, heads, sectors_per_track;
	u64 sectors;
	u16 bytes_per_sector;
};

enum { REAL_MODE_END = 0x10FFF0 };

// AH=02h, 03h, 04h: one request, AL sectors at CX:DH to or from ES:BX.
static u8 transfer_by_geometry(Frame *frame, const struct drive *drive, enum transfer what)
{
	u32 cylinder = frame->cx.h | (frame->cx.l & 0xC0) << 2;
	u32 sector = frame->cx.l & 0x3F, head = frame->dx.h, count = frame->ax.l, done = 0;
	u8 result = DISK_BAD_REQUEST;
	if (count && count <= 128 && sector && sector <= drive->sectors_per_track && head < drive->heads &&
	    cylinder < drive->cylinders) {
		u32 first = (cylinder * drive->heads + head) * drive->sectors_per_track + sector - 1;
		result = disk_transfer(drive, what, first, count, linear(frame->es, frame->bx.x), &done);
	}
	frame->ax.l = done;
	return result;
}

// AH=42h, 43h, 44h, 47h: the request is in a packet at DS:SI, which also takes the count that was done.
static u8 transfer_by_packet(Frame *frame, const struct drive *drive, enum transfer what)
{
	u32 at = linear(frame->ds, frame->si.x);
	struct address_packet FAR *packet = far_pointer(at);
	u32 count = packet->count, buffer = packet->buffer, done = 0;
	u64 sector = packet->sector;
	if (packet->size < sizeof(*packet) || (buffer == 0xFFFFFFFF && what != TRANSFER_VERIFY))
		return DISK_BAD_REQUEST;
	u32 memory = linear(buffer >> 16, buffer);
	if (what != TRANSFER_VERIFY && count * (drive->is_cd ? CD_SECTOR : 512) > REAL_MODE_END - memory)
		return DISK_BAD_REQUEST;
	u8 result;
	if (!drive->is_cd)
		result = disk_transfer(drive, what, sector, count, memory, &done);
	else if (what == TRANSFER_READ && !(sector >> 32))
		result = cd_read(drive, sector, count, memory, &done);
	else
		result = what == TRANSFER_VERIFY ? DISK_OK : DISK_BAD_REQUEST;
	if (result)
		poke16(at + 2, done);
	return result;
}

// AH=08h
static u8 tell_geometry(Frame *frame, const struct drive *drive)
{
	u16 last = drive->cylinders - 1;
	frame->ax.l = 0;
	frame->bx.l = 0;
	frame->cx.h = last;
	frame->cx.l = (last >> 2 & 0xC0) | drive->sectors_per_track;
	frame->dx.h = drive->heads - 1;
	frame->dx.l = disk_count();
	return DISK_OK;
}

// AH=15h: 3 = a disk, CX:DX sectors
static void tell_kind(Frame *frame, const struct drive *drive)
{
	u32 sectors = drive->sectors >> 32 ? 0xFFFFFFFF : (u32)drive->sectors;
	frame->ax.h = 3;
	frame->cx.x = sectors >> 16;
	frame->dx.x = sectors;
	set_carry(frame, 0);
	bda()->disk_status = DISK_OK;
}

// AH=48h
static u8 tell_parameters(Frame *frame, const struct drive *drive)
{
	u32 at = linear(frame->ds, frame->si.x);
	if (peek16(at) < sizeof(struct drive_parameters))
		return DISK_BAD_REQUEST;
	u32 per_cylinder = drive->heads * drive->sectors_per_track;
	struct drive_parameters told = {
		.size = sizeof(told),
		.flags = 0x0002, // the geometry is valid
		.cylinders = drive->sectors >> 32 ? 0xFFFFFFFF : per_cylinder ? (u32)drive->sectors / per_cylinder : 0,
		.heads = drive->heads,
		.sectors_per_track = drive->sectors_per_track,
		.sectors = drive->sectors,
		.bytes_per_sector = 512,
	};
	if (drive->is_cd) {
		told.flags = 0x0074; // removable, lockable, no geometry: values are maxima
		told.cylinders = told.heads = told.sectors_per_track = 0xFFFFFFFF;
		told.sectors = ~0ull;
		told.bytes_per_sector = CD_SECTOR;
	}
	copy_out(at, &told, sizeof(told));
	return DISK_OK;
}

// AX=4B00h, 4B01h: which CD was booted; without emulation there is nothing to end.
static u8 tell_emulation(Frame *frame)
{
	if (frame->ax.l > 1 || !boot_specification.size)
		return DISK_BAD_REQUEST;
	copy_out(linear(frame->ds, frame->si.x), &boot_specification, sizeof(boot_specification));
	return DISK_OK;
}

static void finish(Frame *frame, u8 status)
{
	frame->ax.h = status;
	set_carry(frame, status != DISK_OK);
	bda()->disk_status = status;
}

static u8 by_extensions(Frame *frame, const struct drive *drive)
{
	switch (frame->ax.h) {
	case 0x42:
		return transfer_by_packet(frame, drive, TRANSFER_READ);
	case 0x43:
		return transfer_by_packet(frame, drive, TRANSFER_WRITE);
	case 0x44:
		return transfer_by_packet(frame, drive, TRANSFER_VERIFY);
	case 0x47: // seek: nothing moves
		return DISK_OK;
	case 0x48:
		return tell_parameters(frame, drive);
	default:
		return DISK_BAD_REQUEST;
	}
}

static u8 on_disk(Frame *frame, const struct drive *drive)
{
	switch (frame->ax.h) {
	case 0x02:
		return transfer_by_geometry(frame, drive, TRANSFER_READ);
	case 0x03:
		return transfer_by_geometry(frame, drive, TRANSFER_WRITE);
	case 0x04:
		return transfer_by_geometry(frame, drive, TRANSFER_VERIFY);
	case 0x08:
		return tell_geometry(frame, drive);
	case 0x09: // initialise, seek, test, recalibrate, diagnose: nothing moves
	case 0x0C:
	case 0x10:
	case 0x11:
	case 0x14:
	case 0x47:
		return drive_ready(drive);
	default:
		return by_extensions(frame, drive);
	}
}

// AH=01h
static void tell_last_status(Frame *frame)
{
	u8 last = bda()->disk_status;
	frame->ax.h = last;
	set_carry(frame, last != DISK_OK);
}

// AH=41h with BX=55AAh
static void tell_extensions(Frame *frame)
{
	finish(frame, DISK_OK);
	frame->bx.x = 0xAA55;
	frame->cx.x = 0x0001; // packet access
	frame->ax.h = 0x21;   // EDD 1.1
}

// AH=15h where nothing is: no such drive, and that is a good answer
static void tell_absence(Frame *frame)
{
	frame->ax.h = 0;
	set_carry(frame, 0);
}

static void without_drive(Frame *frame)
{
	u8 function = frame->ax.h;
	if (function == 0x15)
		tell_absence(frame);
	else if (function == 0x00)
		finish(frame, frame->dx.l < FIRST_DISK ? DISK_OK : DISK_TIMEOUT);
	else
		finish(frame, DISK_BAD_REQUEST);
}

static void with_drive(Frame *frame, const struct drive *drive)
{
	u8 function = frame->ax.h;
	if (function == 0x00 || function == 0x0D)
		finish(frame, drive_reset(drive));
	else if (function == 0x41 && frame->bx.x == 0x55AA)
		tell_extensions(frame);
	else if (function == 0x15 && !drive->is_cd)
		tell_kind(frame, drive);
	else
		finish(frame, drive->is_cd ? by_extensions(frame, drive) : on_disk(frame, drive));
}

void int13(Frame *frame)
{
	const struct drive *drive = drive_find(frame->dx.l);
	if (frame->ax.h == 0x01)
		tell_last_status(frame);
	else if (frame->ax.h == 0x4B)
		finish(frame, tell_emulation(frame));
	else if (drive)
		with_drive(frame, drive);
	else
		without_drive(frame);
}
