// SPDX-License-Identifier: GPL-2.0-or-later
// What the BIOS itself says: through INT 10h, so that a video ROM shows it too.

#include "bios.h"

void print(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			call_interrupt(0x10, 0x0E00 | '\r');
		call_interrupt(0x10, 0x0E00 | *text);
	}
}

void print_hex(u32 value, u32 digits)
{
	char text[9];
	text[digits] = 0;
	while (digits--) {
		text[digits] = "0123456789ABCDEF"[value & 15];
		value >>= 4;
	}
	print(text);
}
