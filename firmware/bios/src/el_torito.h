/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was booted from a CD. [El Torito] Bootable CD-ROM Format Specification 1.0. */
#pragma once

#include "bios.h"

struct PACKED boot_specification { /* INT 13h AX=4B01h */
	u8 size, media, drive, controller;
	u32 image_sector;
	u16 device, buffer_segment, load_segment, sectors;
	u8 cylinders_low, sector_high, heads;
};

/* The sector of the boot catalogue; the status of a disk. */
u8 el_torito_catalogue(const struct drive *drive, u32 *at);

/* emulation.c: CD `cd` was booted; `image` is a disk on it, NULL where none is emulated. */
void emulation_begin(const struct boot_specification *booted, u8 cd, const struct drive *image);
/* What the boot image is started with in DL. */
u8 emulation_drive(void);
