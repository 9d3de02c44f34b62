/* The hardware should be an i8042 with a keyboard at its first port: self-tests that pass, a command byte and 31 other
 * bytes of memory, an output port that opens and closes A20, output buffers for keyboard and mouse with IRQ 1 and
 * IRQ 12, translation to set 1, and a keyboard that answers its commands and sends the codes of keys (of those that are
 * typed: the machine file says so, and where nobody types that is not looked at). At the second port there may be a mouse;
 * where there is none, the controller says that nobody answers. [8042] IBM PS/2 Hardware Interface Technical Reference.
 */
#include "keyboard.h"

enum { PATIENCE = 5000 };	/* tenths of a millisecond */

static void wait_for_room(void)
{
	for (u32 i = 0; i < PATIENCE && (in8(STATUS) & INPUT_FULL); i++)
		pause_us(100);
}

void command(u8 value)
{
	wait_for_room();
	out8(COMMAND, value);
}

void send(u8 value)
{
	wait_for_room();
	out8(DATA, value);
}

void command_with(u8 value, u8 parameter)
{
	command(value);
	send(parameter);
}

u32 answer(void)
{
	for (u32 i = 0; i < PATIENCE; i++) {
		if (in8(STATUS) & OUTPUT_FULL)
			return in8(DATA);
		pause_us(100);
	}
	return NOTHING;
}

u32 ask(u8 value)
{
	command(value);
	return answer();
}

void drain(void)
{
	for (u32 quiet = 0; quiet < 20; quiet++) {
		if (in8(STATUS) & OUTPUT_FULL) {
			in8(DATA);
			quiet = 0;
		}
		pause_us(100);
	}
}

void set_command_byte(u8 value)
{
	command_with(WRITE_BYTE, value);
}

int main(void)
{
	interrupts_begin();
	command(DISABLE_KEYBOARD);
	command(DISABLE_MOUSE);
	drain();
	u8 before = (u8)ask(READ_BYTE);
	controller();
	cable();
	typed();
	set_command_byte(before);
	drain();
	interrupts_end();
	printf("The keyboard answers\n");
	return 0;
}
