// SPDX-License-Identifier: GPL-2.0-or-later
// INT 13h: which drive is meant, and disks by cylinder, head and sector. The rest is in disk_extensions.c and
// emulation.c. [AT] IBM PC/AT Technical Reference, "Fixed disk BIOS".

#include "disk.h"

// AH=02h, 03h, 04h: one request, AL sectors at CX:DH to or from ES:BX.
static u8 transfer_by_geometry(Frame *frame, const struct drive *drive, enum transfer what)
{
	u32 cylinder = frame->cx.h | (frame->cx.l & 0xC0) << 2;
	u32 sector = frame->cx.l & 0x3F, head = frame->dx.h, count = frame->ax.l, done = 0;
	u8 result = DISK_BAD_REQUEST;
	if (count && count <= 128 && sector && sector <= drive->sectors_per_track && head < drive->heads &&
	    cylinder < drive->cylinders) {
		u32 first = (cylinder * drive->heads + head) * drive->sectors_per_track + sector - 1;
		result = drive_transfer(drive, what, first, count, linear(frame->es, frame->bx.x), &done);
	}
	frame->ax.l = done;
	return result;
}

// AH=08h
static u8 tell_geometry(Frame *frame, const struct drive *drive)
{
	u16 last = drive->cylinders - 1;
	frame->ax.l = 0;
	frame->bx.l = drive->floppy_type;
	frame->cx.h = last;
	frame->cx.l = (last >> 2 & 0xC0) | drive->sectors_per_track;
	frame->dx.h = drive->heads - 1;
	frame->dx.l = drive->floppy_type ? 1 : drives_numbered();
	if (drive->floppy_type) {
		frame->es = peek16(0x1E * 4 + 2);
		frame->di.x = peek16(0x1E * 4);
	}
	return DISK_OK;
}

// AH=15h: 3 = a disk, CX:DX sectors; 1 = a floppy whose drive cannot tell that it was changed
static void tell_kind(Frame *frame, const struct drive *drive)
{
	u32 sectors = drive->sectors >> 32 ? 0xFFFFFFFF : (u32)drive->sectors;
	frame->ax.h = drive->floppy_type ? 1 : 3;
	if (!drive->floppy_type) {
		frame->cx.x = sectors >> 16;
		frame->dx.x = sectors;
	}
	set_carry(frame, 0);
	bda()->disk_status = DISK_OK;
}

static void finish(Frame *frame, u8 status)
{
	frame->ax.h = status;
	set_carry(frame, status != DISK_OK);
	bda()->disk_status = status;
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
		return drive_ready(drive);
	default:
		return disk_extension(frame, drive);
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
static void tell_extensions(Frame *frame, const struct drive *drive)
{
	enum { PACKET_ACCESS = 1, LOCKING_AND_EJECTING = 2, ENHANCED_PARAMETERS = 4 };
	finish(frame, DISK_OK);
	frame->bx.x = 0xAA55;
	frame->cx.x = PACKET_ACCESS | ENHANCED_PARAMETERS | (drive->is_cd ? LOCKING_AND_EJECTING : 0);
	frame->ax.h = 0x30; // EDD 3.0
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
	else if (function == 0x41 && frame->bx.x == 0x55AA && !drive->floppy_type)
		tell_extensions(frame, drive);
	else if (function == 0x15 && !drive->is_cd)
		tell_kind(frame, drive);
	else
		finish(frame, drive->is_cd ? disk_extension(frame, drive) : on_disk(frame, drive));
}

void int13(Frame *frame)
{
	const struct drive *drive = drive_numbered(frame->dx.l);
	if (frame->ax.h == 0x01)
		tell_last_status(frame);
	else if (frame->ax.h >= 0x4A && frame->ax.h <= 0x4D)
		finish(frame, emulation_service(frame));
	else if (drive)
		with_drive(frame, drive);
	else
		without_drive(frame);
}
