// SPDX-License-Identifier: GPL-2.0-or-later
// The registers of a VGA: mode 3, palette and colours. [VGA] IBM PS/2 Hardware Interface Technical Reference.

#include "bios.h"

enum {
	ATTRIBUTE = 0x3C0,
	ATTRIBUTE_READ = 0x3C1,
	MISCELLANEOUS_OUTPUT = 0x3C2,
	SEQUENCER = 0x3C4,
	DAC_MASK = 0x3C6,
	DAC_READ = 0x3C7,
	DAC_WRITE = 0x3C8,
	DAC_DATA = 0x3C9,
	GRAPHICS = 0x3CE,
	CRTC = 0x3D4,
	INPUT_STATUS = 0x3DA,
	PALETTE_SHOWN = 0x20,
	MODE_CONTROL = 0x10,
	BORDER = 0x11,
	BLINK = 0x08,
	RETRACE_END = 0x11,
};

static const u8 sequencer[] = {0x03, 0x00, 0x03, 0x00, 0x02};
static const u8 crtc[] = {0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0x00,
			  0x00, 0x00, 0x00, 0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF};
static const u8 graphics[] = {0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF};
static const u8 attributes[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3A,
				0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C, 0x00, 0x0F, 0x08, 0x00};

static void write_indexed(u16 port, const u8 *values, u32 count)
{
	for (u32 n = 0; n < count; n++)
		outw(port, n | values[n] << 8);
}

// The palette opens only while it is not shown.
static void write_attribute(u8 index, u8 value)
{
	inb(INPUT_STATUS);
	outb(ATTRIBUTE, index);
	outb(ATTRIBUTE, value);
	outb(ATTRIBUTE, PALETTE_SHOWN);
}

void vga_set_border(u8 colour)
{
	write_attribute(BORDER, colour);
}

static u8 read_attribute(u8 index)
{
	inb(INPUT_STATUS);
	outb(ATTRIBUTE, index);
	u8 value = inb(ATTRIBUTE_READ);
	inb(INPUT_STATUS);
	outb(ATTRIBUTE, PALETTE_SHOWN);
	return value;
}

// The 64 colours of an EGA: two bits for each of red, green and blue.
static void write_colours(void)
{
	outb(DAC_MASK, 0xFF);
	outb(DAC_WRITE, 0);
	for (u32 colour = 0; colour < 64; colour++)
		for (u32 primary = 3; primary--;)
			outb(DAC_DATA, (colour >> primary & 1) * 0x2A + (colour >> (primary + 3) & 1) * 0x15);
}

void vga_set_text_mode(void)
{
	outb(MISCELLANEOUS_OUTPUT, 0x67);
	write_indexed(SEQUENCER, sequencer, COUNT_OF(sequencer));
	outw(CRTC, RETRACE_END | 0x0E << 8); // unlock the registers below 8
	write_indexed(CRTC, crtc, COUNT_OF(crtc));
	write_indexed(GRAPHICS, graphics, COUNT_OF(graphics));
	inb(INPUT_STATUS);
	for (u32 n = 0; n < COUNT_OF(attributes); n++) {
		outb(ATTRIBUTE, n);
		outb(ATTRIBUTE, attributes[n]);
	}
	outb(ATTRIBUTE, PALETTE_SHOWN);
	write_colours();
}

static void write_colour(u8 number, u8 red, u8 green, u8 blue)
{
	outb(DAC_WRITE, number);
	outb(DAC_DATA, red);
	outb(DAC_DATA, green);
	outb(DAC_DATA, blue);
}

// AX=1012h, 1017h: CX colours from number BX on, as bytes at ES:DX
static void move_colours(Frame *frame, int read)
{
	u32 at = linear(frame->es, frame->dx.x);
	outb(read ? DAC_READ : DAC_WRITE, frame->bx.l);
	for (u32 n = 3 * frame->cx.x; n; n--, at++) {
		if (read)
			poke8(at, inb(DAC_DATA));
		else
			outb(DAC_DATA, peek8(at));
	}
}

static void move_palette(Frame *frame, int read)
{
	u32 at = linear(frame->es, frame->dx.x);
	for (u8 index = 0; index <= 16; index++) {
		u8 attribute = index < 16 ? index : BORDER;
		if (read)
			poke8(at + index, read_attribute(attribute));
		else
			write_attribute(attribute, peek8(at + index));
	}
}

static void set_blinking(int on)
{
	u8 mode = read_attribute(MODE_CONTROL) & ~BLINK;
	write_attribute(MODE_CONTROL, on ? mode | BLINK : mode);
}

static void read_colour(Frame *frame)
{
	outb(DAC_READ, frame->bx.l);
	frame->dx.h = inb(DAC_DATA);
	frame->cx.h = inb(DAC_DATA);
	frame->cx.l = inb(DAC_DATA);
}

// INT 10h AH=10h
void vga_palette_service(Frame *frame)
{
	switch (frame->ax.l) {
	case 0x00:
		write_attribute(frame->bx.l & 0x1F, frame->bx.h);
		break;
	case 0x01:
		vga_set_border(frame->bx.h);
		break;
	case 0x02:
	case 0x09:
		move_palette(frame, frame->ax.l == 0x09);
		break;
	case 0x03:
		set_blinking(frame->bx.l & 1);
		break;
	case 0x07:
		frame->bx.h = read_attribute(frame->bx.l & 0x1F);
		break;
	case 0x08:
		frame->bx.h = read_attribute(BORDER);
		break;
	case 0x10:
		write_colour(frame->bx.l, frame->dx.h, frame->cx.h, frame->cx.l);
		break;
	case 0x12:
	case 0x17:
		move_colours(frame, frame->ax.l == 0x17);
		break;
	case 0x15:
		read_colour(frame);
		break;
	}
}
