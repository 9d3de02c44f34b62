// SPDX-License-Identifier: GPL-2.0-or-later
// The memory of the MC146818.

#include "bios.h"

u8 cmos_read(u8 index)
{
	outb(0x70, index);
	return inb(0x71);
}

void cmos_write(u8 index, u8 value)
{
	outb(0x70, index);
	outb(0x71, value);
}

u16 cmos_read16(u8 index)
{
	u8 low = cmos_read(index);
	return low | cmos_read(index + 1) << 8;
}
