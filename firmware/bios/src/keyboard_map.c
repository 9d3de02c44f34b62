// SPDX-License-Identifier: GPL-2.0-or-later
// What the keys of a US keyboard give: scan codes of set 1 to the words that INT 16h hands out.

#include "keyboard.h"

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

u16 translate(u8 scan, u8 flags, int extended)
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

u8 keypad_digit(u8 scan)
{
	return scan >= 0x47 && scan <= 0x52 ? keypad[scan - 0x47] - '0' : 0xFF;
}
