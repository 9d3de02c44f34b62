/* What the files of this guest share. */
#pragma once
#include "guest.h"
#include "irq.h"
#include "memory.h"

enum { DATA = 0x60, STATUS = 0x64, COMMAND = 0x64, PORT_92 = 0x92, KEYBOARD_IRQ = 1, MOUSE_IRQ = 12 };
enum { OUTPUT_FULL = 1, INPUT_FULL = 2, SYSTEM = 4, COMMAND_WRITTEN = 8, FROM_MOUSE = 0x20, TIMED_OUT = 0x40 };
enum {
	READ_BYTE = 0x20, WRITE_BYTE = 0x60, DISABLE_MOUSE = 0xa7, ENABLE_MOUSE = 0xa8, TEST_MOUSE_PORT = 0xa9,
	SELF_TEST = 0xaa, TEST_KEYBOARD_PORT = 0xab, DISABLE_KEYBOARD = 0xad, ENABLE_KEYBOARD = 0xae,
	READ_OUTPUT_PORT = 0xd0, WRITE_OUTPUT_PORT = 0xd1, AS_KEYBOARD = 0xd2, AS_MOUSE = 0xd3, TO_MOUSE = 0xd4,
	CLOSE_A20 = 0xdd, OPEN_A20 = 0xdf,
};
enum {
	KEYBOARD_INTERRUPT = 1, MOUSE_INTERRUPT = 2, SYSTEM_FLAG = 4, KEYBOARD_OFF = 0x10, MOUSE_OFF = 0x20,
	TRANSLATE = 0x40,
};
enum { ACKNOWLEDGE = 0xfa, RESEND = 0xfe, NOTHING = 0x100 };

void command(u8 value);
void command_with(u8 value, u8 parameter);
void send(u8 value);
/* The next byte of the output buffer, or NOTHING if none comes in half a second. */
u32 answer(void);
u32 ask(u8 value);
void drain(void);
void set_command_byte(u8 value);

void controller(void);
void cable(void);
/* What somebody types, if anybody does. */
void typed(void);
