/* ATA and ATAPI by programmed I/O; see ide.h. */
#include "ide.h"
#include "guest.h"

enum {
	POLLS = 1000000, RESET_POLLS = 10000,
	IDENTIFY = 0xec, IDENTIFY_PACKET = 0xa1, READ = 0x20, WRITE = 0x30, FLUSH = 0xe7, PACKET = 0xa0,
	NO_INTERRUPTS = 2, RESET = 4,
	TEST_UNIT_READY = 0x00, READ_10 = 0x28,
};

bool ide_wait(ide_position position, u8 wanted)
{
	for (u32 polls = 0; polls < POLLS; polls++) {
		u8 status = in8(ide_port(position, IDE_STATUS));

		if (status == 0xff)
			return false;
		if (status & IDE_BUSY)
			continue;
		if (status & (IDE_FAILED | IDE_FAULT))
			return false;
		if (!wanted || (status & wanted))
			return true;
		if (!status)
			return false;
	}
	return false;
}

static bool select(ide_position position, u8 bits)
{
	out8(ide_port(position, IDE_DEVICE), (u8)(0xa0 | bits | (position & 1) << 4));
	out8(ide_control_port(position), NO_INTERRUPTS);
	for (int i = 0; i < 4; i++)
		in8(ide_control_port(position));
	for (u32 polls = 0; polls < POLLS; polls++) {
		u8 status = in8(ide_control_port(position));

		if (status == 0xff)
			return false;
		if (!(status & (IDE_BUSY | IDE_REQUEST)))
			return true;
	}
	return false;
}

bool ide_begin(ide_position position, u8 command)
{
	if (!select(position, 0))
		return false;
	out8(ide_port(position, IDE_COMMAND), command);
	return true;
}

static bool identify(ide_position position, u8 command, u16 *words)
{
	if (!ide_begin(position, command) || !ide_wait(position, IDE_REQUEST))
		return false;
	for (u32 i = 0; i < 256; i++) {
		u16 value = in16(ide_port(position, IDE_DATA));

		if (words)
			words[i] = value;
	}
	return true;
}

enum ide_kind ide_probe(ide_position position, u16 *words)
{
	if (identify(position, IDENTIFY, words))
		return IDE_DISK;
	return identify(position, IDENTIFY_PACKET, words) ? IDE_CDROM : IDE_ABSENT;
}

static bool begin_sectors(ide_position position, u32 lba, u8 count, u8 command)
{
	if (!select(position, (u8)(0x40 | (lba >> 24 & 15))))
		return false;
	out8(ide_port(position, IDE_COUNT), count);
	out8(ide_port(position, IDE_LBA_LOW), (u8)lba);
	out8(ide_port(position, IDE_LBA_MIDDLE), (u8)(lba >> 8));
	out8(ide_port(position, IDE_LBA_HIGH), (u8)(lba >> 16));
	out8(ide_port(position, IDE_COMMAND), command);
	return true;
}

bool ide_read(ide_position position, u32 lba, u8 count, void *to)
{
	if (!begin_sectors(position, lba, count, READ))
		return false;
	for (u8 *at = to; count--; at += IDE_SECTOR) {
		if (!ide_wait(position, IDE_REQUEST))
			return false;
		in16_string(ide_port(position, IDE_DATA), at, IDE_SECTOR / 2);
	}
	return ide_wait(position, 0);
}

bool ide_write(ide_position position, u32 lba, u8 count, const void *from)
{
	if (!begin_sectors(position, lba, count, WRITE))
		return false;
	for (const u8 *at = from; count--; at += IDE_SECTOR) {
		if (!ide_wait(position, IDE_REQUEST))
			return false;
		out16_string(ide_port(position, IDE_DATA), at, IDE_SECTOR / 2);
	}
	return ide_wait(position, 0);
}

bool ide_flush(ide_position position)
{
	return ide_begin(position, FLUSH) && ide_wait(position, 0);
}

int ide_packet(ide_position position, const u8 *packet, void *to, u32 size)
{
	u32 moved = 0;

	if (!select(position, 0))
		return -1;
	out8(ide_port(position, IDE_ERROR), 0);
	out8(ide_port(position, IDE_LBA_MIDDLE), (u8)CDROM_SECTOR);
	out8(ide_port(position, IDE_LBA_HIGH), CDROM_SECTOR >> 8);
	out8(ide_port(position, IDE_COMMAND), PACKET);
	if (!ide_wait(position, IDE_REQUEST))
		return -1;
	out16_string(ide_port(position, IDE_DATA), packet, 6);
	while (ide_wait(position, IDE_REQUEST | IDE_READY)) {
		if (!(in8(ide_control_port(position)) & IDE_REQUEST))
			return (int)moved;
		u32 chunk = in8(ide_port(position, IDE_LBA_MIDDLE)) | (u32)in8(ide_port(position, IDE_LBA_HIGH)) << 8;

		u32 whole = moved < size ? size - moved : 0;

		whole = (whole < chunk ? whole : chunk) / 2;
		in16_string(ide_port(position, IDE_DATA), (u8 *)to + moved, whole);
		moved += 2 * whole;
		for (chunk -= 2 * whole; chunk; chunk -= chunk > 1 ? 2 : 1) {
			u16 value = in16(ide_port(position, IDE_DATA));

			for (u32 i = 0; i < 2 && i < chunk; i++, moved++)
				if (moved < size)
					((u8 *)to)[moved] = (u8)(value >> 8 * i);
		}
	}
	return -1;
}

bool cdrom_read(ide_position position, u32 lba, u16 count, void *to)
{
	u8 packet[12] = { TEST_UNIT_READY };

	for (int tries = 0; tries < 4 && ide_packet(position, packet, NULL, 0) < 0; tries++)
		;
	packet[0] = READ_10;
	for (int i = 0; i < 4; i++)
		packet[2 + i] = (u8)(lba >> (24 - 8 * i));
	packet[7] = (u8)(count >> 8);
	packet[8] = (u8)count;
	return ide_packet(position, packet, to, (u32)count * CDROM_SECTOR) == (int)count * CDROM_SECTOR;
}

void ide_reset(ide_position position)
{
	out8(ide_control_port(position), NO_INTERRUPTS | RESET);
	for (int i = 0; i < 8; i++)
		in8(ide_control_port(position));
	out8(ide_control_port(position), NO_INTERRUPTS);
	/* A reset selects the master, but while it lasts an absent slave may still answer, and not as busy. */
	for (u32 polls = 0; polls < RESET_POLLS; polls++) {
		out8(ide_port(position, IDE_DEVICE), 0xa0);
		if (!(in8(ide_port(position, IDE_DEVICE)) & 0x10) && !(in8(ide_port(position, IDE_STATUS)) & IDE_BUSY))
			return;
	}
}
