// SPDX-License-Identifier: GPL-2.0-or-later
// The keyboard: IRQ 1 turns scan codes of set 1 into the buffer that INT 16h reads.

#include "keyboard.h"

enum { WRITE_MODE = 0x60, INTERRUPT = 0x01, SYSTEM = 0x04, NO_MOUSE = 0x20, TRANSLATE = 0x40 };
enum { RELEASE = 0x80, SCAN_DELETE = 0x53, SCAN_SCROLL = 0x46, SCAN_NUM = 0x45, SCAN_INSERT = 0x52 };
enum { SCAN_CONTROL = 0x1D, SCAN_ALT = 0x38, SCAN_PRINT = 0x37, SCAN_SYSTEM = 0x54 };

void keyboard_write(u16 port, u8 value)
{
	for (u32 looks = 0; looks < 16 && inb(STATUS) & INPUT_FULL; looks++)
		;
	outb(port, value);
}

void keyboard_setup(void)
{
	struct bda FAR *data = bda();
	data->keys_start = (u32)&data->keys;
	data->keys_end = (u32)&data->keys + sizeof(data->keys);
	data->key_head = data->key_tail = data->keys_start;
	data->keyboard_mode = KEYS_101;
	if (inb(STATUS) == 0xFF) // no controller
		return;
	for (u32 n = 0; n < 16 && inb(STATUS) & OUTPUT_FULL; n++)
		inb(DATA);
	keyboard_write(COMMAND, WRITE_MODE);
	keyboard_write(DATA, TRANSLATE | NO_MOUSE | SYSTEM | INTERRUPT);
}

u16 next_key(u16 at)
{
	return at + 2 >= bda()->keys_end ? bda()->keys_start : at + 2;
}

int put_key(u16 key)
{
	u16 tail = bda()->key_tail, next = next_key(tail);
	if (next == bda()->key_head)
		return 0;
	poke16(linear(BDA_SEGMENT, tail), key);
	bda()->key_tail = next;
	return 1;
}

// Where a key that is held shows in the two bytes of the data area besides the shift flags
struct held {
	u8 flag, left, right;
};

static struct held held_by(u8 scan, int extended)
{
	switch (scan) {
	case 0x2A:
		return (struct held){LEFT_SHIFT, 0, 0};
	case 0x36:
		return (struct held){RIGHT_SHIFT, 0, 0};
	case SCAN_CONTROL:
		return (struct held){CONTROL, extended ? 0 : LEFT_CONTROL_HELD, extended ? RIGHT_CONTROL : 0};
	case SCAN_ALT:
		return (struct held){ALT, extended ? 0 : LEFT_ALT_HELD, extended ? RIGHT_ALT : 0};
	default:
		return (struct held){0, 0, 0};
	}
}

static struct held toggled_by(u8 scan)
{
	switch (scan) {
	case 0x3A:
		return (struct held){CAPS, CAPS_HELD, 0};
	case SCAN_NUM:
		return (struct held){NUM, NUM_HELD, 0};
	case SCAN_SCROLL:
		return (struct held){SCROLL, SCROLL_HELD, 0};
	default:
		return (struct held){0, 0, 0};
	}
}

// Control and Alt are down as long as one of their two keys is.
static void hold(struct held key, int released)
{
	struct bda FAR *data = bda();
	data->shift_keys_held = released ? data->shift_keys_held & ~key.left : data->shift_keys_held | key.left;
	data->keyboard_mode = released ? data->keyboard_mode & ~key.right : data->keyboard_mode | key.right;
	int other = (key.flag == CONTROL && (data->shift_keys_held & LEFT_CONTROL_HELD || data->keyboard_mode & RIGHT_CONTROL)) ||
		    (key.flag == ALT && (data->shift_keys_held & LEFT_ALT_HELD || data->keyboard_mode & RIGHT_ALT));
	data->shift_flags = released && !other ? data->shift_flags & ~key.flag : data->shift_flags | key.flag;
}

// A lock changes when it is pressed, not each time that it repeats.
static void toggle(struct held key, int released)
{
	struct bda FAR *data = bda();
	if (!released && !(data->shift_keys_held & key.left))
		data->shift_flags ^= key.flag;
	data->shift_keys_held = released ? data->shift_keys_held & ~key.left : data->shift_keys_held | key.left;
}

// The digits that were typed on the keypad while Alt was held
static void put_keypad_number(void)
{
	u8 number = bda()->alt_keypad;
	bda()->alt_keypad = 0;
	if (number && !(bda()->shift_flags & ALT))
		put_key(number);
}

// Shift keys change flags and give no key; whether this was one
static int shift_key(u8 scan, int released, int extended)
{
	struct held held = held_by(scan, extended), toggled = toggled_by(scan);
	if (held.flag & (LEFT_SHIFT | RIGHT_SHIFT) && extended) // E0 2A only wraps other keys
		return 1;
	if (held.flag) {
		hold(held, released);
		if (held.flag == ALT && released)
			put_keypad_number();
	} else if (toggled.flag && !extended) {
		toggle(toggled, released);
	}
	return held.flag || (toggled.flag && !extended);
}

// INT 15h AH=85h hears of the system request key; it gives no key.
static void system_request(int released)
{
	u8 held = bda()->shift_keys_held;
	if (!released && held & SYSTEM_HELD)
		return;
	bda()->shift_keys_held = released ? held & ~SYSTEM_HELD : held | SYSTEM_HELD;
	call_interrupt(0x15, 0x8500 | !!released);
}

static int take_digit(u8 scan, u8 flags, int extended)
{
	u8 digit = keypad_digit(scan);
	if (digit > 9 || extended || (flags & (ALT | CONTROL)) != ALT)
		return 0;
	bda()->alt_keypad = bda()->alt_keypad * 10 + digit;
	return 1;
}

// Keys that do something else than give a code; whether this was one
static int command_key(u8 scan, u8 flags, int extended)
{
	if (scan == SCAN_DELETE && (flags & (CONTROL | ALT)) == (CONTROL | ALT)) {
		poke16(linear(BDA_SEGMENT, 0x72), 0x1234); // a warm start
		outb(COMMAND, 0xFE);			   // pulse the processor's reset
		return 1;
	}
	if (scan == SCAN_SCROLL && extended) { // Control and Break
		bda()->break_pressed = 0x80;
		bda()->key_head = bda()->key_tail = bda()->keys_start;
		call_interrupt(0x1B, 0);
		put_key(0);
		return 1;
	}
	if (scan == SCAN_PRINT && extended && !(flags & (CONTROL | ALT))) {
		call_interrupt(0x05, 0);
		return 1;
	}
	return take_digit(scan, flags, extended);
}

static void press(u8 scan, int extended)
{
	u8 flags = bda()->shift_flags;
	if (command_key(scan, flags, extended))
		return;
	if (scan == SCAN_INSERT && !(flags & (CONTROL | ALT)))
		bda()->shift_flags ^= INSERT;
	u16 key = translate(scan, flags, extended);
	if (key != NOTHING)
		put_key(key);
}

static void take(u8 code)
{
	u8 prefix = bda()->keyboard_mode & (E0_SEEN | E1_SEEN);
	if (code == 0xE0 || code == 0xE1) {
		bda()->keyboard_mode |= code == 0xE0 ? E0_SEEN : E1_SEEN;
		return;
	}
	if (prefix & E1_SEEN) { // Pause: E1 1D 45 E1 9D C5, and no key
		if ((code & ~RELEASE) == SCAN_NUM)
			bda()->keyboard_mode &= ~(E0_SEEN | E1_SEEN);
		return;
	}
	bda()->keyboard_mode &= ~E0_SEEN;
	if (code >= 0xFA) // the keyboard's own answers
		return;
	int released = code & RELEASE, extended = prefix & E0_SEEN;
	u8 scan = code & ~RELEASE;
	if (scan == SCAN_SYSTEM)
		system_request(released);
	else if (!shift_key(scan, released, extended) && !released)
		press(scan, extended);
}

void int09(Frame *frame)
{
	(void)frame;
	if (inb(STATUS) & OUTPUT_FULL) {
		u32 answer = call_interrupt(0x15, 0x4F00 | inb(DATA));
		if (answer >> 16 & CARRY_FLAG)
			take(answer);
	}
	end_of_interrupt_master();
}
