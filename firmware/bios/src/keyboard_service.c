// SPDX-License-Identifier: GPL-2.0-or-later
// INT 16h: keys from the buffer, for programs that know 84 keys and for those that know 101.

#include "keyboard.h"

static int is_empty(void)
{
	return bda()->key_head == bda()->key_tail;
}

static u16 first_key(void)
{
	return peek16(linear(BDA_SEGMENT, bda()->key_head));
}

static void drop_key(void)
{
	bda()->key_head = next_key(bda()->key_head);
}

// [AT] What programs for 84 keys see of a key for 101; NOTHING: that it exists.
static u16 as_84_keys(u16 key)
{
	enum { LAST_OF_84 = 0x84 };
	if (key >> 8 == 0xE0)
		return (key & 0xFF) == 0x2F ? 0x352F : 0x1C00 | (key & 0xFF);
	if (key >> 8 > LAST_OF_84)
		return NOTHING;
	return (key & 0xFF) == 0xE0 && key >> 8 ? key & 0xFF00 : key;
}

// The key that is next for a caller, or NOTHING
static u16 next_for(int all)
{
	while (!is_empty()) {
		u16 key = all ? first_key() : as_84_keys(first_key());
		if (key != NOTHING)
			return key;
		drop_key();
	}
	return NOTHING;
}

static void read_key(Frame *frame, int all)
{
	u16 key;
	while ((key = next_for(all)) == NOTHING)
		wait_for_interrupt();
	frame->ax.x = key;
	drop_key();
}

static void look_at_key(Frame *frame, int all)
{
	u16 key = next_for(all);
	set_zero(frame, key == NOTHING);
	if (key != NOTHING)
		frame->ax.x = key;
}

// AH=12h: the second byte has the keys that are held, bit 7 the system request key
static void tell_all_shift_flags(Frame *frame)
{
	u8 held = bda()->shift_keys_held;
	frame->ax.l = bda()->shift_flags;
	frame->ax.h = (held & (LEFT_CONTROL_HELD | LEFT_ALT_HELD | SCROLL_HELD | NUM_HELD | CAPS_HELD)) |
		      (bda()->keyboard_mode & (RIGHT_CONTROL | RIGHT_ALT)) | (held & SYSTEM_HELD ? 0x80 : 0);
}

// Send a byte to the keyboard; whether it acknowledged within some milliseconds.
static int order(u8 byte)
{
	enum { ACKNOWLEDGED = 0xFA, LOOKS = 10000 };
	keyboard_write(DATA, byte);
	for (u32 looks = 0; looks < LOOKS; looks++)
		if (inb(STATUS) & OUTPUT_FULL)
			return inb(DATA) == ACKNOWLEDGED;
	return 0;
}

// AH=03h AL=05h: BH 0 to 3 is the delay, BL 0 to 1Fh the rate; the keyboard takes both in one byte.
static void set_repetition(Frame *frame)
{
	enum { SET_REPETITION = 0xF3 };
	if (frame->ax.l == 0x05 && frame->bx.h <= 3 && frame->bx.l <= 0x1F && order(SET_REPETITION))
		order(frame->bx.h << 5 | frame->bx.l);
}

void int16(Frame *frame)
{
	enum { HAS_REPETITION = 0x04, HAS_101_KEYS = 0x20, IDENTITY = 0x41AB };
	u8 function = frame->ax.h;
	switch (function) {
	case 0x00:
	case 0x10:
		read_key(frame, function == 0x10);
		break;
	case 0x01:
	case 0x11:
		look_at_key(frame, function == 0x11);
		break;
	case 0x02:
		frame->ax.l = bda()->shift_flags;
		break;
	case 0x03:
		set_repetition(frame);
		break;
	case 0x05:
		frame->ax.l = !put_key(frame->cx.x);
		break;
	case 0x09:
		frame->ax.l = HAS_REPETITION | HAS_101_KEYS;
		break;
	case 0x0A:
		frame->bx.x = IDENTITY;
		break;
	case 0x12:
		tell_all_shift_flags(frame);
		break;
	}
}
