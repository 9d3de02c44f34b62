// SPDX-License-Identifier: GPL-2.0-or-later
// A floppy or a disk whose sectors are an image on a CD, and INT 13h AH=4Ah to 4Dh, which tell about it and end it.
// [El Torito] Bootable CD-ROM Format Specification 1.0.

#include "disk.h"
#include "el_torito.h"

static struct drive emulated;	  // there is one while `image_sector` is not 0
static struct boot_specification specification; // its drive is 00h or 80h (real disks move up by one), or the CD's own
static u8 cd_number;
static u8 sector_buffer[CD_SECTOR] BUFFER;

enum { IMAGE_SECTORS = CD_SECTOR / 512 };

void emulation_end(void)
{
	if (emulated.image_sector && specification.drive < FIRST_DISK)
		bda()->equipment &= ~0x0001;
	emulated.image_sector = 0;
	specification.size = 0;
}

void emulation_begin(const struct boot_specification *booted, u8 cd, const struct drive *image)
{
	specification = *booted;
	cd_number = cd;
	if (!image)
		return;
	emulated = *image;
	if (specification.drive < FIRST_DISK)
		bda()->equipment |= 0x0001;
}

u8 emulation_drive(void)
{
	return specification.drive;
}

const struct drive *drive_numbered(u8 number)
{
	if (emulated.image_sector) {
		if (number == specification.drive)
			return &emulated;
		if (specification.drive == FIRST_DISK && number > FIRST_DISK && number < FIRST_CD)
			number--;
	}
	return drive_find(number);
}

u32 drives_numbered(void)
{
	return disk_count() + (emulated.image_sector && specification.drive == FIRST_DISK);
}

// Sectors of 512 bytes: those that begin a sector of the CD go to their place at once, others by the buffer.
static u8 read_image(const struct drive *drive, u32 sector, u32 count, u32 memory, u32 *done)
{
	while (count) {
		u32 whole = drive->image_sector + sector / IMAGE_SECTORS, within = sector % IMAGE_SECTORS;
		u32 now = IMAGE_SECTORS - within, read;
		u8 status;
		if (!within && count >= IMAGE_SECTORS) {
			now = count / IMAGE_SECTORS * IMAGE_SECTORS;
			status = cd_read(drive, whole, now / IMAGE_SECTORS, memory, &read);
		} else {
			now = now < count ? now : count;
			status = cd_read(drive, whole, 1, linear_of(sector_buffer), &read);
			if (!status)
				copy_out(memory, sector_buffer + within * 512, now * 512);
		}
		if (status)
			return status;
		*done += now;
		sector += now;
		memory += now * 512;
		count -= now;
	}
	return DISK_OK;
}

static u8 transfer_of_cd(const struct drive *drive, enum transfer what, u64 sector, u32 count, u32 memory, u32 *done)
{
	if (what == TRANSFER_WRITE)
		return DISK_WRITE_PROTECTED;
	if (drive->image_sector && (sector >= drive->sectors || count > drive->sectors - sector))
		return DISK_SECTOR_NOT_FOUND;
	if (what == TRANSFER_VERIFY) {
		*done = count;
		return DISK_OK;
	}
	if (sector >> 32)
		return DISK_SECTOR_NOT_FOUND;
	return drive->image_sector ? read_image(drive, sector, count, memory, done) :
				     cd_read(drive, sector, count, memory, done);
}

u8 drive_transfer(const struct drive *drive, enum transfer what, u64 sector, u32 count, u32 memory, u32 *done)
{
	*done = 0;
	if (drive->is_cd || drive->image_sector)
		return transfer_of_cd(drive, what, sector, count, memory, done);
	return disk_transfer(drive, what, sector, count, memory, done);
}

// AX=4B00h, 4B01h: what was booted; the former also ends the emulation. DL=7Fh means whatever is emulated.
static u8 tell_or_end(Frame *frame)
{
	if (frame->ax.l > 1 || !specification.size)
		return DISK_BAD_REQUEST;
	copy_out(linear(frame->ds, frame->si.x), &specification, sizeof(specification));
	if (frame->ax.l == 0 && emulated.image_sector)
		emulation_end();
	return DISK_OK;
}

// AX=4D00h: AL sectors of the boot catalogue, from one on
static u8 read_catalogue(Frame *frame)
{
	struct PACKED {
		u8 size, count;
		u32 buffer;
		u16 first;
	} FAR *packet = far_pointer(linear(frame->ds, frame->si.x));
	u32 count = packet->count, first = packet->first, done;
	u32 memory = linear(packet->buffer >> 16, packet->buffer);
	u8 number = specification.size && frame->dx.l == specification.drive ? cd_number : frame->dx.l;
	const struct drive *drive = drive_find(number);
	u32 at;
	if (packet->size != sizeof(*packet) || frame->ax.l || !drive || !drive->is_cd)
		return DISK_BAD_REQUEST;
	u8 status = el_torito_catalogue(drive, &at);
	return status ? status : cd_read(drive, at + first, count, memory, &done);
}

u8 emulation_service(Frame *frame)
{
	switch (frame->ax.h) {
	case 0x4B:
		return tell_or_end(frame);
	case 0x4D:
		return read_catalogue(frame);
	default: // 4A, 4C: nothing is emulated but what was booted
		return DISK_BAD_REQUEST;
	}
}
