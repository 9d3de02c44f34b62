// SPDX-License-Identifier: GPL-2.0-or-later
// What the BIOS itself says: through INT 10h, so that a video ROM shows it too.

#include "bios.h"

enum { DEBUG_PORT = 0x402, INT10_SEGMENT = 0x10 * 4 + 2 };

// Our own INT 10h says everything at the debug port, too; with a video ROM's we do.
static void put(char character)
{
	call_interrupt(0x10, 0x0E00 | character);
	if (peek16(INT10_SEGMENT) != CODE_SEGMENT)
		outb(DEBUG_PORT, character);
}

void print(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
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
