/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The task file of an IDE channel at its old ports, and what ATA and ATAPI commands share.
   [ATA] ATA/ATAPI-6. */
#pragma once

#include "bios.h"

enum task_file {
	DATA = 0,
	ERROR = 1,
	FEATURES = 1,
	SECTOR_COUNT = 2,
	LBA_LOW = 3,
	LBA_MID = 4,
	LBA_HIGH = 5,
	DEVICE = 6,
	STATUS = 7,
	COMMAND = 7,
};
enum device_control { NO_INTERRUPTS = 0x0A, INTERRUPTS = 0x08, SOFT_RESET = 0x0E };
enum status { ERR = 0x01, DRQ = 0x08, DF = 0x20, DRDY = 0x40, BSY = 0x80 };
enum error { ABRT = 0x04, IDNF = 0x10, UNC = 0x40 };
enum command {
	READ_SECTORS = 0x20,
	READ_SECTORS_EXT = 0x24,
	WRITE_SECTORS = 0x30,
	WRITE_SECTORS_EXT = 0x34,
	VERIFY_SECTORS = 0x40,
	VERIFY_SECTORS_EXT = 0x42,
	PACKET = 0xA0,
	IDENTIFY_PACKET_DEVICE = 0xA1,
	FLUSH_CACHE = 0xE7,
	IDENTIFY_DEVICE = 0xEC,
};

u16 command_block(u8 position);
u16 control_block(u8 position);

/* Status once BSY has fallen; 0 where nothing answers: an empty position reads 0, an empty channel 0xFF. */
u8 ide_settled(u8 position);
/* Status after a command was written, once BSY has fallen. */
u8 ide_answer(u8 position);
/* Choose the device, quieten its interrupt and leave it ready for a command. */
void ide_begin(u8 position, u8 device);
/* Let interrupts through again, for whoever drives the channel next. */
void ide_end(u8 position);
/* Reset both devices of the channel; nonzero where one still answers. */
u8 ide_reset(u8 position);
/* What an INT 13h caller is told about a status that is not what the command should give. */
u8 ide_failure(u8 position, u8 status);
