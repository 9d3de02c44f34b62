/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of INT 13h offer each other. */
#pragma once

#include "bios.h"

/* disk_extensions.c: AH=42h and above; the status */
u8 disk_extension(Frame *frame, const struct drive *drive);

/* emulation.c: AH=4Ah to 4Dh; drives as callers number them, one of which may be an image on a CD */
u8 emulation_service(Frame *frame);
const struct drive *drive_numbered(u8 number);
u32 drives_numbered(void);
u8 drive_transfer(const struct drive *drive, enum transfer what, u64 sector, u32 count, u32 memory, u32 *done);
