// SPDX-License-Identifier: GPL-2.0-or-later
// Reading CDs by packet commands. [MMC] Multi-Media Commands; [SFF-8020i].

#include "ide.h"

enum operation {
	TEST_UNIT_READY = 0x00,
	REQUEST_SENSE = 0x03,
	START_STOP_UNIT = 0x1B,
	PREVENT_ALLOW_MEDIUM_REMOVAL = 0x1E,
	READ_10 = 0x28,
};
enum sense_key { NOT_READY = 2, MEDIUM_ERROR = 3, ILLEGAL_REQUEST = 5, UNIT_ATTENTION = 6 };
enum {
	LARGEST_BURST = 0x8000,
	ATTEMPTS = 4, /* a new disc and a reset each cost one */
};

// Take bytes that the drive offers until it is done; what does not fit is an error.
static u8 receive(u8 position, u32 memory, u32 room, u32 *received)
{
	u16 base = command_block(position);
	for (;;) {
		u8 status = ide_answer(position);
		if (!status || status & (ERR | DF))
			return ide_failure(position, status);
		if (!(status & DRQ))
			return DISK_OK;
		u32 bytes = inb(base + LBA_MID);
		bytes |= inb(base + LBA_HIGH) << 8;
		bytes = (bytes + 1) & ~1u;
		if (bytes > room || bytes > LARGEST_BURST || !bytes) {
			ide_reset(position);
			return DISK_CONTROLLER;
		}
		insw_far(base + DATA, segment_of(memory), offset_of(memory), bytes / 2);
		memory += bytes;
		room -= bytes;
		*received += bytes;
	}
}

static u8 packet(u8 position, const u8 command[12], u32 memory, u32 room, u32 *received)
{
	u16 base = command_block(position);
	*received = 0;
	ide_begin(position, 0xA0);
	outb(base + FEATURES, 0); // PIO
	outb(base + LBA_MID, LARGEST_BURST & 0xFF);
	outb(base + LBA_HIGH, LARGEST_BURST >> 8);
	outb(base + COMMAND, PACKET);
	u8 status = ide_answer(position);
	u8 result;
	if (status & DRQ && !(status & ERR)) {
		outsw_far(base + DATA, DATA_SEGMENT, (u32)command, 6);
		result = receive(position, memory, room, received);
	} else {
		result = ide_failure(position, status);
	}
	ide_end(position);
	return result;
}

// Why the last command failed; UNIT ATTENTION is told, and thereby forgotten by the drive.
static u8 sense(u8 position, u8 *additional)
{
	static u8 data[18];
	const u8 command[12] = {REQUEST_SENSE, 0, 0, 0, sizeof(data)};
	u32 received;
	if (packet(position, command, linear_of(data), sizeof(data), &received))
		return 0;
	*additional = data[12];
	return data[2] & 0x0F;
}

static u8 explain(u8 position, u8 result, int *again)
{
	u8 additional = 0;
	*again = 0;
	if (result == DISK_TIMEOUT) // nobody there to ask
		return result;
	switch (sense(position, &additional)) {
	case UNIT_ATTENTION:
		*again = 1;
		return DISK_NOT_READY;
	case NOT_READY:
		*again = additional == 0x04; // becoming ready
		return additional == 0x3A ? DISK_NO_MEDIUM : DISK_NOT_READY;
	case MEDIUM_ERROR:
		return DISK_UNREADABLE;
	case ILLEGAL_REQUEST:
		return DISK_SECTOR_NOT_FOUND;
	default:
		return result;
	}
}

// Send a command until it is no longer a new disc or a reset that makes it fail.
static u8 perform(u8 position, const u8 command[12], u32 memory, u32 room, u32 *received)
{
	u8 result = DISK_NOT_READY;
	int again = 1;
	for (u32 attempt = 0; attempt < ATTEMPTS && again; attempt++) {
		result = packet(position, command, memory, room, received);
		if (!result)
			return DISK_OK;
		result = explain(position, result, &again);
	}
	return result;
}

static u8 read_10(u8 position, u32 sector, u32 count, u32 memory, u32 *received)
{
	const u8 command[12] = {READ_10, 0, sector >> 24, sector >> 16, sector >> 8, sector, 0, count >> 8, count};
	u8 result = perform(position, command, memory, count * CD_SECTOR, received);
	return !result && *received != count * CD_SECTOR ? DISK_CONTROLLER : result;
}

u8 cd_lock(const struct drive *drive, int locked)
{
	const u8 command[12] = {PREVENT_ALLOW_MEDIUM_REMOVAL, 0, 0, 0, locked};
	u32 none;
	return perform(drive->position, command, 0, 0, &none);
}

u8 cd_eject(const struct drive *drive)
{
	enum { EJECT = 2 };
	const u8 command[12] = {START_STOP_UNIT, 0, 0, 0, EJECT};
	u32 none;
	return perform(drive->position, command, 0, 0, &none);
}

// Whether the disc was changed since somebody looked: the drive tells it once.
u8 cd_changed(const struct drive *drive)
{
	const u8 command[12] = {TEST_UNIT_READY};
	u32 none;
	int again = 0;
	u8 result = packet(drive->position, command, 0, 0, &none);
	if (!result)
		return DISK_OK;
	result = explain(drive->position, result, &again);
	return result == DISK_NOT_READY && again ? DISK_CHANGED : result;
}

u8 cd_read(const struct drive *drive, u32 sector, u32 count, u32 memory, u32 *done)
{
	*done = 0;
	while (count) {
		u32 now = count < 64 ? count : 64, received;
		u8 result = read_10(drive->position, sector, now, memory, &received);
		*done += received / CD_SECTOR;
		if (result)
			return result;
		sector += now;
		memory += now * CD_SECTOR;
		count -= now;
	}
	return DISK_OK;
}
