// SPDX-License-Identifier: GPL-2.0-or-later
// INT 10h about the adapter: colours, what it can do and how it is set.

#include "bios.h"

enum { VGA_WITH_COLOUR_DISPLAY = 0x08 };

// AX=1130h: only how tall characters are and how many rows there are; there are no fonts to point to
static void tell_font(Frame *frame)
{
	frame->cx.x = bda()->character_height;
	frame->dx.l = bda()->last_row;
}

// AH=12h; AL=12h says that it was understood
static void alternate(Frame *frame)
{
	enum { INFORMATION = 0x10, SCAN_LINES = 0x30, CURSOR_EMULATION = 0x34, LINES_400 = 2 };
	switch (frame->bx.l) {
	case INFORMATION: // colour, 256 KiB, the switches of a colour display
		frame->bx.x = 0x0003;
		frame->cx.x = 0x0009;
		break;
	case SCAN_LINES:
		if (frame->ax.l == LINES_400)
			frame->ax.l = 0x12;
		break;
	case CURSOR_EMULATION:
		if (frame->ax.l > 1)
			break;
		bda()->video_control = (bda()->video_control & ~1) | frame->ax.l;
		frame->ax.l = 0x12;
		break;
	}
}

// AH=1Bh BX=0: 64 bytes at ES:DI
static void tell_functionality(Frame *frame)
{
	static const u8 can[16] = {0x0F, 0x00, 0x00, 0, 0, 0, 0, 0x04, 1, 1, 0x08, 0x00};
	struct PACKED {
		u32 can;
		u8 data_area[30]; // from 49h on
		u8 rows;
		u16 character_height;
		u8 display, other_display;
		u16 colours;
		u8 pages, scan_lines, character_blocks[2], flags, reserved[3], memory, saved;
		u8 reserved_33[13];
	} state = {.can = DATA_SEGMENT << 16 | (u16)(u32)can, .display = VGA_WITH_COLOUR_DISPLAY, .colours = 16, .pages = 8};
	if (frame->bx.x)
		return;
	for (u32 n = 0; n < sizeof(state.data_area); n++)
		state.data_area[n] = peek8(linear(BDA_SEGMENT, 0x49 + n));
	state.rows = bda()->last_row + 1;
	state.character_height = bda()->character_height;
	state.scan_lines = 2; // 400
	state.flags = 0x21;   // all modes on all displays, blinking
	state.memory = 3;     // 256 KiB
	copy_out(linear(frame->es, frame->di.x), &state, sizeof(state));
	frame->ax.l = 0x1B;
}

// A shape for characters of 8 lines, as programs know it from a CGA, for taller ones. [VGA] BIOS, "cursor emulation".
u16 scaled_cursor(u16 shape, u16 height)
{
	u8 start = shape >> 8, end = shape;
	if (height <= 8 || start >= 0x20 || end >= 8 || start > end)
		return shape;
	if (end == start + 1)
		start = (end + 1) * height / 8 - 2;
	else
		start = (start + 1) * height / 8 - 1;
	end = (end + 1) * height / 8 - 1;
	return start << 8 | end;
}

void video_information(Frame *frame)
{
	switch (frame->ax.h) {
	case 0x0B: // BH=0: the border's colour
		if (frame->bx.h == 0)
			vga_set_border(frame->bx.l & 0x1F);
		break;
	case 0x10:
		vga_palette_service(frame);
		break;
	case 0x11:
		if (frame->ax.l == 0x30)
			tell_font(frame);
		break;
	case 0x12:
		alternate(frame);
		break;
	case 0x1A:
		if (frame->ax.l == 0)
			frame->bx.x = VGA_WITH_COLOUR_DISPLAY;
		frame->ax.l = 0x1A;
		break;
	case 0x1B:
		tell_functionality(frame);
		break;
	}
}
