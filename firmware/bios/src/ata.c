// SPDX-License-Identifier: GPL-2.0-or-later
// Reading and writing disks by PIO.

#include "ide.h"

enum { LARGEST_TRANSFER = 256, LBA = 0xE0 };

static const struct {
	u8 lba28, lba48;
} commands[] = {
	[TRANSFER_READ] = {READ_SECTORS, READ_SECTORS_EXT},
	[TRANSFER_WRITE] = {WRITE_SECTORS, WRITE_SECTORS_EXT},
	[TRANSFER_VERIFY] = {VERIFY_SECTORS, VERIFY_SECTORS_EXT},
};

static void write_address(u16 base, u32 count, u8 low, u8 mid, u8 high)
{
	outb(base + SECTOR_COUNT, count);
	outb(base + LBA_LOW, low);
	outb(base + LBA_MID, mid);
	outb(base + LBA_HIGH, high);
}

static void start(u8 position, enum transfer what, u64 sector, u32 count)
{
	u16 base = command_block(position);
	u32 low = sector;
	if (sector + count <= 1ull << 28) {
		ide_begin(position, LBA | (low >> 24 & 0x0F));
		write_address(base, count, low, low >> 8, low >> 16);
		outb(base + COMMAND, commands[what].lba28);
	} else {
		u16 high = sector >> 32;
		ide_begin(position, LBA);
		write_address(base, count >> 8, low >> 24, high, high >> 8);
		write_address(base, count, low, low >> 8, low >> 16);
		outb(base + COMMAND, commands[what].lba48);
	}
}

static u8 flush(u8 position)
{
	outb(command_block(position) + COMMAND, FLUSH_CACHE);
	u8 status = ide_answer(position);
	return status && !(status & (ERR | DF)) ? DISK_OK : ide_failure(position, status);
}

// Move up to 256 sectors by one command; *done grows with each that went well.
static u8 run(u8 position, enum transfer what, u32 count, u32 memory, u32 *done)
{
	u16 data = command_block(position) + DATA;
	u8 status = ide_answer(position);
	if (what == TRANSFER_VERIFY) {
		if (!status || status & (ERR | DF))
			return ide_failure(position, status);
		*done += count;
		return DISK_OK;
	}
	for (; count; count--, memory += 512) {
		if (!(status & DRQ) || status & (ERR | DF))
			return ide_failure(position, status);
		if (what == TRANSFER_READ)
			insw_far(data, segment_of(memory), offset_of(memory), 256);
		else
			outsw_far(data, segment_of(memory), offset_of(memory), 256);
		status = ide_answer(position);
		if (what == TRANSFER_WRITE && (!status || status & (ERR | DF)))
			return ide_failure(position, status);
		++*done;
	}
	return DISK_OK;
}

u8 disk_transfer(const struct drive *drive, enum transfer what, u64 sector, u32 count, u32 memory, u32 *done)
{
	u8 result = DISK_OK;
	*done = 0;
	if (sector >= drive->sectors || count > drive->sectors - sector)
		return DISK_SECTOR_NOT_FOUND;
	while (count && !result) {
		u32 now = count < LARGEST_TRANSFER ? count : LARGEST_TRANSFER, moved = 0;
		start(drive->position, what, sector, now);
		result = run(drive->position, what, now, memory, &moved);
		*done += moved;
		sector += now;
		memory += now * 512;
		count -= now;
	}
	// A caller of INT 13h has no other way to say that what it wrote shall last.
	if (what == TRANSFER_WRITE && !result)
		result = flush(drive->position);
	ide_end(drive->position);
	return result;
}
