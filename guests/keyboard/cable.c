/* What answers at the other end of the cables. */
#include "keyboard.h"

enum {
	LIGHTS = 0xed, ECHO = 0xee, INVALID = 0xf1, SCAN_CODE_SET = 0xf0, IDENTIFY = 0xf2, RATE = 0xf3, ENABLE = 0xf4,
	DISABLE = 0xf5, DEFAULTS = 0xf6, RESET = 0xff, PASSED = 0xaa, IDENTITY_1 = 0xab, IDENTITY_2 = 0x83,
	IDENTITY_2_TRANSLATED = 0x41,
};
enum { PLAIN = SYSTEM_FLAG | MOUSE_OFF };

static u32 tell(u8 value)
{
	send(value);
	return answer();
}

static void says(u8 value, u32 wanted, const char *sentence)
{
	check_equal(tell(value), wanted, sentence);
}

static void identity(void)
{
	set_command_byte(PLAIN);
	says(RESET, ACKNOWLEDGE, "the keyboard acknowledges a reset");
	check_equal(answer(), PASSED, "and passes its test");
	says(DISABLE, ACKNOWLEDGE, "it stops scanning");
	says(IDENTIFY, ACKNOWLEDGE, "it identifies itself");
	check_equal(answer(), IDENTITY_1, "as one with a PS/2 plug");
	check_equal(answer(), IDENTITY_2, "and 101 or 102 keys");
	set_command_byte(PLAIN | TRANSLATE);
	says(IDENTIFY, ACKNOWLEDGE, "FA has no scan code's place in the translation");
	check_equal(answer(), IDENTITY_1, "nor has AB");
	check_equal(answer(), IDENTITY_2_TRANSLATED, "but 83 has");
	set_command_byte(PLAIN);
	says(ECHO, ECHO, "it echoes");
	says(INVALID, RESEND, "it asks again for what it does not know");
}

static void parameters(void)
{
	says(LIGHTS, ACKNOWLEDGE, "lights");
	says(0x07, ACKNOWLEDGE, "all on");
	says(LIGHTS, ACKNOWLEDGE, "lights");
	says(0x00, ACKNOWLEDGE, "off");
	says(RATE, ACKNOWLEDGE, "rate and delay");
	says(0x7f, ACKNOWLEDGE, "the slowest");
	says(SCAN_CODE_SET, ACKNOWLEDGE, "scan code set");
	says(0x01, ACKNOWLEDGE, "1");
	says(SCAN_CODE_SET, ACKNOWLEDGE, "scan code set");
	says(0x00, ACKNOWLEDGE, "which?");
	check_equal(answer(), 1, "1");
	says(SCAN_CODE_SET, ACKNOWLEDGE, "scan code set");
	says(0x02, ACKNOWLEDGE, "2");
	says(SCAN_CODE_SET, ACKNOWLEDGE, "scan code set");
	says(0x00, ACKNOWLEDGE, "which?");
	check_equal(answer(), 2, "2");
	says(LIGHTS, ACKNOWLEDGE, "lights");
	says(ENABLE, ACKNOWLEDGE, "a command in the parameter's place is a command");
	says(DEFAULTS, ACKNOWLEDGE, "defaults");
	says(DISABLE, ACKNOWLEDGE, "it stops scanning");
}

static void held_off(void)
{
	command(DISABLE_KEYBOARD);
	send(ECHO);
	check_equal(answer(), ECHO, "a byte to the keyboard enables its port");
	check_equal(ask(READ_BYTE) & KEYBOARD_OFF, 0, "which the command byte shows");
	set_command_byte(PLAIN | KEYBOARD_INTERRUPT);
	irq_forget(KEYBOARD_IRQ);
	send(ECHO);
	check(irq_comes_within(KEYBOARD_IRQ, 50), "the keyboard's answer raises IRQ 1");
	check_equal(answer(), ECHO, "as it arrives");
	send(IDENTIFY);
	check(irq_comes_within(KEYBOARD_IRQ, 50), "each byte of an answer");
	check_equal(answer(), ACKNOWLEDGE, "FA");
	check(irq_comes_within(KEYBOARD_IRQ, 50), "has an interrupt to itself");
	check_equal(answer(), IDENTITY_1, "AB");
	check(irq_comes_within(KEYBOARD_IRQ, 50), "when the one before it was read");
	check_equal(answer(), IDENTITY_2, "83");
	set_command_byte(PLAIN);
}

static void second_port(void)
{
	u32 found;
	u8 status;

	command(ENABLE_MOUSE);
	command_with(TO_MOUSE, RESET);
	for (u32 i = 0; i < 5000 && !(in8(STATUS) & OUTPUT_FULL); i++)
		pause_us(100);
	status = in8(STATUS);
	found = answer();
	check_equal(status & (OUTPUT_FULL | FROM_MOUSE), OUTPUT_FULL | FROM_MOUSE, "the second port answers for itself");
	if (found == ACKNOWLEDGE) {
		check_equal(answer(), PASSED, "a mouse passes its test");
		check_equal(answer(), 0, "and identifies itself");
		printf("There is a mouse\n");
	} else {
		check_equal(found, RESEND, "without a mouse the controller says so");
		check_equal(status & TIMED_OUT, TIMED_OUT, "nobody has answered in time");
		printf("There is no mouse\n");
	}
	command(DISABLE_MOUSE);
}

void cable(void)
{
	identity();
	parameters();
	held_off();
	second_port();
	set_command_byte(PLAIN);
	says(ENABLE, ACKNOWLEDGE, "the keyboard scans again");
}
