// SPDX-License-Identifier: GPL-2.0-or-later
// IDE channels: select, wait, reset, and finding the drives.

#include "ide.h"

// A drive that is busy longer has gone: the machine charges a microsecond for each look.
enum { POLL_LIMIT = 5000000 };

u16 command_block(u8 position)
{
	return position & 2 ? 0x170 : 0x1F0;
}

u16 control_block(u8 position)
{
	return position & 2 ? 0x376 : 0x3F6;
}

u8 ide_settled(u8 position)
{
	u16 status_port = command_block(position) + STATUS;
	for (u32 polls = 0; polls < POLL_LIMIT; polls++) {
		u8 status = inb(status_port);
		if (status == 0xFF)
			return 0;
		if (!(status & BSY))
			return status == 0x7F ? 0 : status;
	}
	return 0;
}

u8 ide_answer(u8 position)
{
	inb(control_block(position)); // BSY takes 400 ns to rise: look away once
	return ide_settled(position);
}

u8 ide_reset(u8 position)
{
	outb(control_block(position), SOFT_RESET);
	outb(control_block(position), NO_INTERRUPTS);
	return ide_answer(position);
}

void ide_begin(u8 position, u8 device)
{
	outb(control_block(position), NO_INTERRUPTS);
	outb(command_block(position) + DEVICE, device | (position & 1) << 4);
	if (ide_answer(position) & DRQ) { // somebody left a transfer half done
		ide_reset(position);
		outb(command_block(position) + DEVICE, device | (position & 1) << 4);
		ide_answer(position);
	}
}

void ide_end(u8 position)
{
	outb(control_block(position), INTERRUPTS);
}

u8 ide_failure(u8 position, u8 status)
{
	if (!status)
		return DISK_TIMEOUT;
	if (!(status & ERR))
		return DISK_CONTROLLER;
	u8 error = inb(command_block(position) + ERROR);
	if (error & IDNF)
		return DISK_SECTOR_NOT_FOUND;
	if (error & UNC)
		return DISK_UNREADABLE;
	return DISK_CONTROLLER;
}

static struct drive disks[4], cds[4];
static u32 disks_found, cds_found;

const struct drive *drive_find(u8 number)
{
	if (number >= FIRST_DISK && number < FIRST_DISK + disks_found)
		return &disks[number - FIRST_DISK];
	if (number >= FIRST_CD && number < FIRST_CD + cds_found)
		return &cds[number - FIRST_CD];
	return 0;
}

u32 disk_count(void)
{
	return disks_found;
}

u32 cd_count(void)
{
	return cds_found;
}

// The PCI function that all drives are behind.
u16 drives_function(void)
{
	u16 function = pci_next(PCI_NONE);
	while (function != PCI_NONE && pci_read(function, 0x0A, 2) != 0x0101)
		function = pci_next(function);
	return function;
}

const char *position_name(u8 position)
{
	static const char *const names[4] = {"primary master", "primary slave", "secondary master",
					     "secondary slave"};
	return names[position];
}

u8 drive_reset(const struct drive *drive)
{
	u8 position = drive->position;
	u16 base = command_block(position);
	if (drive->image_sector)
		return DISK_OK;
	ide_reset(position);
	outb(base + DEVICE, 0xA0 | (position & 1) << 4);
	u8 status = ide_answer(position);
	u8 signature = inb(base + LBA_MID);
	ide_end(position);
	return (drive->is_cd ? signature == 0x14 : status && !signature) ? DISK_OK : DISK_TIMEOUT;
}

u8 drive_ready(const struct drive *drive)
{
	if (drive->image_sector)
		return DISK_OK;
	ide_begin(drive->position, 0xA0);
	u8 status = ide_settled(drive->position);
	ide_end(drive->position);
	return !status ? DISK_TIMEOUT : status & DRDY ? DISK_OK : DISK_NOT_READY;
}

static u16 identity[256] BUFFER;

static u8 identify(u8 position, u8 command)
{
	outb(command_block(position) + COMMAND, command);
	u8 status = ide_answer(position);
	if (status & DRQ && !(status & ERR)) {
		insw_far(command_block(position) + DATA, DATA_SEGMENT, (u32)identity, 256);
		return DRQ;
	}
	return status;
}

// What drives of 504 MiB and more pretend, so that 1024 cylinders reach as far as they can.
static void choose_geometry(struct drive *drive)
{
	u16 cylinders = drive->physical_cylinders = identity[1];
	u16 heads = drive->physical_heads = identity[3];
	u16 per_track = drive->physical_sectors_per_track = identity[6];
	if (cylinders && cylinders <= 1024 && heads && heads <= 16 && per_track && per_track <= 63) {
		drive->cylinders = cylinders;
		drive->heads = heads;
		drive->sectors_per_track = per_track;
		return;
	}
	u32 sectors = drive->sectors >> 32 ? 0xFFFFFFFF : (u32)drive->sectors;
	u32 per_cylinder = 16 * 63;
	while (sectors / per_cylinder > 1024 && per_cylinder < 128 * 63)
		per_cylinder *= 2;
	if (sectors / per_cylinder > 1024)
		per_cylinder = 255 * 63;
	u32 count = sectors / per_cylinder;
	drive->cylinders = count > 1024 ? 1024 : count ? count : 1;
	drive->heads = per_cylinder / 63;
	drive->sectors_per_track = 63;
}

static void add_disk(u8 position)
{
	struct drive *disk = &disks[disks_found++];
	disk->position = position;
	disk->sectors = identity[60] | (u32)identity[61] << 16;
	if (identity[83] & 0x0400) // 48-bit addresses
		disk->sectors = identity[100] | (u32)identity[101] << 16 | (u64)identity[102] << 32;
	choose_geometry(disk);
}

// IDENTIFY DEVICE answers for a disk, aborts with the packet signature for a CD drive, and leaves the
// status at 0 in an empty position: no reset and no waiting is needed to tell them apart.
static void probe(u8 position)
{
	u16 base = command_block(position);
	ide_begin(position, 0xA0);
	u8 status = identify(position, IDENTIFY_DEVICE);
	if (status == DRQ) {
		add_disk(position);
	} else if (status & ERR && inb(base + LBA_MID) == 0x14 && inb(base + LBA_HIGH) == 0xEB) {
		if (identify(position, IDENTIFY_PACKET_DEVICE) == DRQ && (identity[0] >> 8 & 0x1F) == 5)
			cds[cds_found++] = (struct drive){.position = position, .is_cd = 1};
	}
	ide_end(position);
}

void drives_setup(void)
{
	for (u8 position = 0; position < 4; position++)
		if (inb(command_block(position) + STATUS) != 0xFF)
			probe(position);
	bda()->disk_count = disks_found;
}
