// SPDX-License-Identifier: GPL-2.0-or-later
// INT 10h on the text memory of a VGA in mode 3, and on the debug port.
//
// Each character of the teletype also goes to the debug port 0x402 (with CONSOLE=com1 to COM1 as well),
// so that the machine can be heard where it has no screen. Where there is no text memory, only that is left.

#include "bios.h"

enum {
	DEBUG_PORT = 0x402,
	TEXT_MEMORY = 0xB8000,
	PAGES = 8,
	COLUMNS = 80,
	ROWS = 25,
	BLANK = 0x0720,
	PAGE_BYTES = 0x1000,
	CRTC = 0x3D4,
	CURSOR_HIGH = 0x0E,
	CURSOR_LOW = 0x0F,
	CURSOR_START = 0x0A,
};

static u8 has_screen;

static u32 cell(u8 page, u8 row, u8 column)
{
	return TEXT_MEMORY + (page & 7) * PAGE_BYTES + (row * COLUMNS + column) * 2;
}

static void crtc_write(u8 index, u16 value)
{
	outw(CRTC, index | (value >> 8) << 8);
	outw(CRTC, (index + 1) | (value & 0xFF) << 8);
}

static void move_cursor(u8 page, u16 position)
{
	bda()->cursors[page & 7] = position;
	if (has_screen && page == bda()->page)
		crtc_write(CURSOR_HIGH, page * PAGE_BYTES / 2 + (position >> 8) * COLUMNS + (position & 0xFF));
}

static void clear_row(u8 page, u8 row, u8 left, u8 right, u8 attribute)
{
	fill_words(cell(page, row, left), attribute << 8 | ' ', right - left + 1);
}

struct window {
	u8 top, left, bottom, right;
};

// Scroll a window up (or down) by `lines`; 0 lines clear it.
static void scroll(u8 page, struct window at, u8 lines, u8 attribute, int up)
{
	u32 height = at.bottom - at.top + 1;
	if (!has_screen || at.bottom >= ROWS || at.right >= COLUMNS || at.top > at.bottom || at.left > at.right)
		return;
	if (!lines || lines > height)
		lines = height;
	for (u32 n = 0; n < height; n++) {
		u8 row = up ? at.top + n : at.bottom - n;
		if (n >= height - lines) {
			clear_row(page, row, at.left, at.right, attribute);
			continue;
		}
		u8 source = up ? row + lines : row - lines;
		for (u32 column = at.left; column <= at.right; column++)
			poke16(cell(page, row, column), peek16(cell(page, source, column)));
	}
}

static void advance(u8 page, u8 row, u8 column)
{
	static const struct window whole = {0, 0, ROWS - 1, COLUMNS - 1};
	if (column >= COLUMNS) {
		column = 0;
		row++;
	}
	if (row >= ROWS) {
		row = ROWS - 1;
		scroll(page, whole, 1, BLANK >> 8, 1);
	}
	move_cursor(page, row << 8 | column);
}

#ifdef CONSOLE_COM1
static void mirror(u8 character)
{
	enum { COM1 = 0x3F8, LINE_STATUS = COM1 + 5, READY = 0x20 };
	for (u32 looks = 0; looks < 10000 && !(inb(LINE_STATUS) & READY); looks++)
		;
	outb(COM1, character);
}
#else
static void mirror(u8 character)
{
	(void)character;
}
#endif

static void teletype(u8 page, u8 character, u16 attribute)
{
	u16 cursor = bda()->cursors[page & 7];
	u8 row = cursor >> 8, column = cursor;
	outb(DEBUG_PORT, character);
	mirror(character);
	switch (character) {
	case '\a':
		return;
	case '\b':
		move_cursor(page, row << 8 | (column ? column - 1 : 0));
		return;
	case '\r':
		move_cursor(page, row << 8);
		return;
	case '\n':
		advance(page, row + 1, column);
		return;
	}
	if (has_screen && attribute < 0x100)
		poke16(cell(page, row, column), attribute << 8 | character);
	else if (has_screen)
		poke8(cell(page, row, column), character);
	advance(page, row, column + 1);
}

enum { KEEP_ATTRIBUTE = 0x100 };

// Whether text memory is there: two cells that hold what is put into them.
static int text_memory_answers(void)
{
	u32 kept = peek32(TEXT_MEMORY);
	poke32(TEXT_MEMORY, BLANK | (u32)(u16)~BLANK << 16);
	int answers = peek16(TEXT_MEMORY) == BLANK && peek16(TEXT_MEMORY + 2) == (u16)~BLANK;
	poke32(TEXT_MEMORY, kept);
	return answers;
}

// The text modes give mode 3, whose colours and 80 columns are all there is; graphics modes change nothing.
static void set_mode(u8 mode)
{
	enum { LAST_TEXT_MODE = 3, MONOCHROME = 7, KEEP_MEMORY = 0x80 };
	u8 wanted = mode & ~KEEP_MEMORY;
	if (wanted > LAST_TEXT_MODE && wanted != MONOCHROME)
		return;
	vga_set_text_mode();
	has_screen = text_memory_answers();
	bda()->video_mode = 3;
	bda()->columns = COLUMNS;
	bda()->page_bytes = PAGE_BYTES;
	bda()->page_offset = 0;
	bda()->page = 0;
	bda()->crtc_port = CRTC;
	bda()->mode_control = 0x29;
	bda()->palette = 0x30;
	bda()->cursor_shape = 0x0607;
	bda()->last_row = ROWS - 1;
	bda()->character_height = 16;
	bda()->video_control = 0x60 | (mode & KEEP_MEMORY);
	bda()->video_switches = 0xF9;
	bda()->vga_flags = 0x11; // 400 lines, VGA
	bda()->display_code = 8;
	if (has_screen && !(mode & KEEP_MEMORY))
		fill_words(TEXT_MEMORY, BLANK, PAGES * PAGE_BYTES / 2);
	for (u32 page = 0; page < PAGES; page++)
		bda()->cursors[page] = 0;
	move_cursor(0, 0);
}

void video_setup(void)
{
	bda()->equipment |= 0x0020; // 80 columns, colour
	set_mode(3);
}

static void select_page(u8 page)
{
	page &= 7;
	bda()->page = page;
	bda()->page_offset = page * PAGE_BYTES;
	if (has_screen) {
		crtc_write(0x0C, page * PAGE_BYTES / 2);
		move_cursor(page, bda()->cursors[page]);
	}
}

// AH=09h, 0Ah: CX times the same character, the cursor stays
static void repeat_character(Frame *frame, int with_attribute)
{
	u8 page = frame->bx.h & 7;
	u16 cursor = bda()->cursors[page];
	u32 at = cell(page, cursor >> 8, cursor), end = cell(page, ROWS, 0);
	for (u32 n = frame->cx.x; has_screen && n && at < end; n--, at += 2) {
		poke8(at, frame->ax.l);
		if (with_attribute)
			poke8(at + 1, frame->bx.l);
	}
}

// AH=13h: AL bit 0 moves the cursor, bit 1 says that attributes lie between the characters
static void write_string(Frame *frame)
{
	u8 page = frame->bx.h & 7, attribute = frame->bx.l;
	u16 before = bda()->cursors[page];
	u32 at = linear(frame->es, frame->bp.x);
	move_cursor(page, frame->dx.x);
	for (u32 n = frame->cx.x; n; n--) {
		u8 character = peek8(at++);
		if (frame->ax.l & 2)
			attribute = peek8(at++);
		teletype(page, character, attribute);
	}
	if (!(frame->ax.l & 1))
		move_cursor(page, before);
}

static void scroll_window(Frame *frame, int up)
{
	u8 right = frame->dx.l < COLUMNS ? frame->dx.l : COLUMNS - 1;
	u8 bottom = frame->dx.h < ROWS ? frame->dx.h : ROWS - 1;
	struct window at = {frame->cx.h, frame->cx.l, bottom, right};
	scroll(bda()->page, at, frame->ax.l, frame->bx.h, up);
}

static void read_character(Frame *frame)
{
	u16 cursor = bda()->cursors[frame->bx.h & 7];
	frame->ax.x = has_screen ? peek16(cell(frame->bx.h, cursor >> 8, cursor)) : BLANK;
}

static void set_cursor_shape(u16 shape)
{
	enum { AS_IT_IS = 0x01 };
	bda()->cursor_shape = shape;
	if (!(bda()->video_control & AS_IT_IS))
		shape = scaled_cursor(shape, bda()->character_height);
	if (has_screen)
		crtc_write(CURSOR_START, shape);
}

static void write_text(Frame *frame)
{
	switch (frame->ax.h) {
	case 0x06:
	case 0x07:
		scroll_window(frame, frame->ax.h == 0x06);
		break;
	case 0x08:
		read_character(frame);
		break;
	case 0x09:
	case 0x0A:
		repeat_character(frame, frame->ax.h == 0x09);
		break;
	case 0x0E:
		teletype(bda()->page, frame->ax.l, KEEP_ATTRIBUTE);
		break;
	case 0x13:
		write_string(frame);
		break;
	}
}

void int10(Frame *frame)
{
	switch (frame->ax.h) {
	case 0x00:
		set_mode(frame->ax.l);
		frame->ax.l = 0x30;
		break;
	case 0x01:
		set_cursor_shape(frame->cx.x);
		break;
	case 0x02:
		move_cursor(frame->bx.h & 7, frame->dx.x);
		break;
	case 0x03:
		frame->dx.x = bda()->cursors[frame->bx.h & 7];
		frame->cx.x = bda()->cursor_shape;
		break;
	case 0x05:
		select_page(frame->ax.l);
		break;
	case 0x04: // no light pen
		frame->ax.h = 0;
		break;
	case 0x0F:
		frame->ax.l = bda()->video_mode | (bda()->video_control & 0x80);
		frame->ax.h = COLUMNS;
		frame->bx.h = bda()->page;
		break;
	case 0x0B:
	case 0x10 ... 0x12:
	case 0x1A:
	case 0x1B:
		if (has_screen)
			video_information(frame);
		break;
	default:
		write_text(frame);
	}
}
