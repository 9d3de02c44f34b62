/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the keyboard's BIOS share. */
#pragma once

#include "bios.h"

enum keyboard_port { DATA = 0x60, STATUS = 0x64, COMMAND = 0x64, OUTPUT_FULL = 0x01, INPUT_FULL = 0x02 };
/* Bits of the data area: shift_flags, shift_keys_held, keyboard_mode */
enum shift { RIGHT_SHIFT = 1, LEFT_SHIFT = 2, CONTROL = 4, ALT = 8, SCROLL = 16, NUM = 32, CAPS = 64, INSERT = 128 };
enum keys_held { LEFT_CONTROL_HELD = 1, LEFT_ALT_HELD = 2, SYSTEM_HELD = 4, SCROLL_HELD = 16, NUM_HELD = 32, CAPS_HELD = 64 };
enum { E0_SEEN = 0x02, E1_SEEN = 0x01, RIGHT_CONTROL = 0x04, RIGHT_ALT = 0x08, KEYS_101 = 0x10 };

#define NOTHING 0xFFFF

/* keyboard_map.c: the key that a scan code of set 1 gives (scan code, character), or NOTHING */
u16 translate(u8 scan, u8 flags, int extended);
/* The digit of a key on the keypad, or a value above 9 */
u8 keypad_digit(u8 scan);

/* keyboard.c */
void keyboard_write(u16 port, u8 value);
u16 next_key(u16 at);
/* Whether there was room */
int put_key(u16 key);
