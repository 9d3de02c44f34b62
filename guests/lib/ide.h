/* ATA and ATAPI by programmed I/O, polled, in every mode. Buffers in real mode lie below 64 KiB. */
#pragma once
#include "types.h"

/* 0 primary master, 1 primary slave, 2 secondary master, 3 secondary slave. */
typedef u8 ide_position;

enum ide_kind { IDE_ABSENT, IDE_DISK, IDE_CDROM };
enum {
	IDE_DATA = 0, IDE_ERROR = 1, IDE_COUNT = 2, IDE_LBA_LOW = 3, IDE_LBA_MIDDLE = 4, IDE_LBA_HIGH = 5,
	IDE_DEVICE = 6, IDE_STATUS = 7, IDE_COMMAND = 7,
	IDE_BUSY = 0x80, IDE_READY = 0x40, IDE_FAULT = 0x20, IDE_REQUEST = 8, IDE_FAILED = 1,
	IDE_SECTOR = 512, CDROM_SECTOR = 2048,
};

static inline u16 ide_port(ide_position position, u8 number)
{
	return (u16)((position & 2 ? 0x170 : 0x1f0) + number);
}

static inline u16 ide_control_port(ide_position position)
{
	return position & 2 ? 0x376 : 0x3f6;
}

/* What is there, by its answers to IDENTIFY; `words` (256) may be NULL. Leaves interrupts of the channel off. */
enum ide_kind ide_probe(ide_position position, u16 *words);
/* Selects, waits, and sends a command without data being moved; false: error or nothing there. */
bool ide_begin(ide_position position, u8 command);
/* Waits until BSY is clear and, if `wanted` is not 0, one of its bits set; false: error, or it does not come. */
bool ide_wait(ide_position position, u8 wanted);
/* Reads or writes `count` sectors at `lba` (28 bits) of a disk. */
bool ide_read(ide_position position, u32 lba, u8 count, void *to);
bool ide_write(ide_position position, u32 lba, u8 count, const void *from);
bool ide_flush(ide_position position);
/* Sends a 12-byte packet; up to `size` bytes of the answer go to `to`. How many came, or -1 on error. */
int ide_packet(ide_position position, const u8 *packet, void *to, u32 size);
/* Reads `count` sectors of 2048 bytes of a CD; clears a pending unit attention first. */
bool cdrom_read(ide_position position, u32 lba, u16 count, void *to);
/* Software reset of the channel. */
void ide_reset(ide_position position);
