// SPDX-License-Identifier: GPL-2.0-or-later
// The keyboard: IRQ 1 turns scan codes of set 1 into the buffer that INT 16h reads.

#include "bios.h"

enum { DATA = 0x60, STATUS = 0x64, COMMAND = 0x64, OUTPUT_FULL = 0x01, INPUT_FULL = 0x02, WRITE_MODE = 0x60 };
enum { INTERRUPT = 0x01, SYSTEM = 0x04, NO_MOUSE = 0x20, TRANSLATE = 0x40 };
enum shift { RIGHT_SHIFT = 1, LEFT_SHIFT = 2, CONTROL = 4, ALT = 8, SCROLL = 16, NUM = 32, CAPS = 64, INSERT = 128 };
enum { E0_SEEN = 0x02, E1_SEEN = 0x01, RIGHT_CONTROL = 0x04, RIGHT_ALT = 0x08, KEYS_101 = 0x10 };
enum { RELEASE = 0x80, SCAN_DELETE = 0x53, SCAN_SCROLL = 0x46, SCAN_NUM = 0x45, SCAN_INSERT = 0x52 };

#define NOTHING 0xFFFF

static void controller_write(u16 port, u8 value)
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
	controller_write(COMMAND, WRITE_MODE);
	controller_write(DATA, TRANSLATE | NO_MOUSE | SYSTEM | INTERRUPT);
}

// Scan codes 02h to 39h: alone, with shift, with control (0 = gives nothing)
static const char plain[] = "1234567890-=\b\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "!@#$%^&*()_+\b\0QWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
static const char keypad[] = "789-456+1230.";

static int is_letter(u8 character)
{
	return (character | 0x20) >= 'a' && (character | 0x20) <= 'z';
}

static u16 with_control(u8 scan)
{
	u8 character = plain[scan - 2];
	if (is_letter(character))
		return scan << 8 | (character & 0x1F);
	switch (scan) {
	case 0x03: // @
		return 0x0300;
	case 0x07: // ^
		return 0x071E;
	case 0x0C: // _
		return 0x0C1F;
	case 0x0E:
		return 0x0E7F;
	case 0x0F:
		return 0x9400;
	case 0x1C:
		return 0x1C0A;
	case 0x1A:
	case 0x1B:
	case 0x2B:
		return scan << 8 | (character & 0x1F);
	case 0x39:
		return 0x3920;
	default:
		return NOTHING;
	}
}

static u16 with_alt(u8 scan)
{
	if (scan >= 0x02 && scan <= 0x0D)
		return (scan + 0x76) << 8; // the digits' row
	if (scan == 0x39)
		return 0x3920;
	return scan << 8;
}

static u16 main_block(u8 scan, u8 flags)
{
	u8 character = plain[scan - 2];
	if (scan == 0x37) // the keypad's asterisk
		return 0x372A;
	if (!character)
		return NOTHING;
	if (flags & ALT)
		return with_alt(scan);
	if (flags & CONTROL)
		return with_control(scan);
	int upper = (flags & (LEFT_SHIFT | RIGHT_SHIFT)) != 0;
	if (flags & CAPS && is_letter(character))
		upper = !upper;
	if (upper)
		character = shifted[scan - 2];
	return scan << 8 | character; // shift and tab: 0F00h
}

static u16 function_key(u8 scan, u8 flags)
{
	u8 n = scan < 0x57 ? scan - 0x3B : scan - 0x57;
	static const u8 firsts[2][4] = {{0x3B, 0x54, 0x5E, 0x68}, {0x85, 0x87, 0x89, 0x8B}};
	u8 kind = flags & ALT ? 3 : flags & CONTROL ? 2 : flags & (LEFT_SHIFT | RIGHT_SHIFT) ? 1 : 0;
	return (firsts[scan >= 0x57][kind] + n) << 8;
}

// 47h to 53h: the keypad, or with E0 in front the keys beside it
static u16 cursor_block(u8 scan, u8 flags, int extended)
{
	static const u8 controlled[] = {0x77, 0x8D, 0x84, 0x8E, 0x73, 0x8F, 0x74, 0x90, 0x75, 0x91, 0x76, 0x92, 0x93};
	static const u8 alternate[] = {0x97, 0x98, 0x99, 0x4A, 0x9B, 0, 0x9D, 0x4E, 0x9F, 0xA0, 0xA1, 0xA2, 0xA3};
	u8 n = scan - 0x47;
	u8 low = extended ? 0xE0 : 0;
	int digits = !extended && !(flags & NUM) == !!(flags & (LEFT_SHIFT | RIGHT_SHIFT));
	if (flags & ALT)
		return alternate[n] && extended ? alternate[n] << 8 : NOTHING;
	if (flags & CONTROL)
		return controlled[n] << 8 | low;
	if (digits || scan == 0x4A || scan == 0x4E)
		return scan << 8 | keypad[n];
	return scan << 8 | low;
}

static u16 translate(u8 scan, u8 flags, int extended)
{
	if (extended && scan == 0x1C)
		return flags & CONTROL ? 0xE00A : flags & ALT ? 0xA600 : 0xE00D;
	if (extended && scan == 0x35)
		return flags & CONTROL ? 0x9500 : flags & ALT ? 0xA400 : 0xE02F;
	if (scan == 0x01)
		return flags & ALT ? 0x0100 : 0x011B;
	if (scan >= 0x02 && scan <= 0x39)
		return extended ? NOTHING : main_block(scan, flags);
	if ((scan >= 0x3B && scan <= 0x44) || scan == 0x57 || scan == 0x58)
		return function_key(scan, flags);
	if (scan >= 0x47 && scan <= 0x53)
		return cursor_block(scan, flags, extended);
	return NOTHING;
}

static u16 next_key(u16 at)
{
	return at + 2 >= bda()->keys_end ? bda()->keys_start : at + 2;
}

// Whether there was room
static int put_key(u16 key)
{
	u16 tail = bda()->key_tail, next = next_key(tail);
	if (next == bda()->key_head)
		return 0;
	poke16(linear(BDA_SEGMENT, tail), key);
	bda()->key_tail = next;
	return 1;
}

static u8 held_by(u8 scan)
{
	switch (scan) {
	case 0x2A:
		return LEFT_SHIFT;
	case 0x36:
		return RIGHT_SHIFT;
	case 0x1D:
		return CONTROL;
	case 0x38:
		return ALT;
	default:
		return 0;
	}
}

static u8 toggled_by(u8 scan)
{
	switch (scan) {
	case 0x3A:
		return CAPS;
	case SCAN_NUM:
		return NUM;
	case SCAN_SCROLL:
		return SCROLL;
	default:
		return 0;
	}
}

// Shift keys change flags and give no key; whether this was one
static int shift_key(u8 scan, int released, int extended)
{
	u8 held = held_by(scan), toggled = extended ? 0 : toggled_by(scan);
	if (held && extended && held & (LEFT_SHIFT | RIGHT_SHIFT)) // E0 2A only wraps other keys
		return 1;
	if (held && released)
		bda()->shift_flags &= ~held;
	else if (held)
		bda()->shift_flags |= held;
	else if (toggled && !released)
		bda()->shift_flags ^= toggled;
	return held || toggled;
}

static void press(u8 scan, int extended)
{
	u8 flags = bda()->shift_flags;
	if (scan == SCAN_DELETE && (flags & (CONTROL | ALT)) == (CONTROL | ALT)) {
		outb(COMMAND, 0xFE); // pulse the processor's reset
		return;
	}
	if (scan == SCAN_SCROLL && extended) { // Control and Break
		bda()->break_pressed = 0x80;
		bda()->key_head = bda()->key_tail = bda()->keys_start;
		call_interrupt(0x1B, 0);
		put_key(0);
		return;
	}
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
	if (!shift_key(scan, released, extended) && !released)
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

// What programs for 84 keys should see of a key for 101
static u16 as_84_keys(u16 key)
{
	if (key >> 8 == 0xE0)
		return (key & 0xFF) == 0x2F ? 0x352F : 0x1C00 | (key & 0xFF);
	return (key & 0xFF) == 0xE0 ? key & 0xFF00 : key;
}

static int is_empty(void)
{
	return bda()->key_head == bda()->key_tail;
}

static u16 peek_key(int all)
{
	u16 key = peek16(linear(BDA_SEGMENT, bda()->key_head));
	return all ? key : as_84_keys(key);
}

static void read_key(Frame *frame, int all)
{
	while (is_empty())
		wait_for_interrupt();
	frame->ax.x = peek_key(all);
	bda()->key_head = next_key(bda()->key_head);
}

static void look_at_key(Frame *frame, int all)
{
	int empty = is_empty();
	set_zero(frame, empty);
	if (!empty)
		frame->ax.x = peek_key(all);
}

void int16(Frame *frame)
{
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
	case 0x05:
		frame->ax.l = !put_key(frame->cx.x);
		break;
	case 0x12:
		frame->ax.l = bda()->shift_flags;
		frame->ax.h = bda()->keyboard_mode & (RIGHT_CONTROL | RIGHT_ALT);
		break;
	}
}
