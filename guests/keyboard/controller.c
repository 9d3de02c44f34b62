/* The controller itself: self-tests, memory, the output port with A20, and both output buffers. */
#include "keyboard.h"

enum { LOW = FREE_MEMORY, ONE_MIB = 0x100000, HIGH = LOW + ONE_MIB, OUT_A20 = 2, OUT_NOT_RESET = 1, REST = 0xdf };

static void tests(void)
{
	check_equal(ask(SELF_TEST), 0x55, "the self-test passes");
	check_equal(in8(STATUS) & SYSTEM, SYSTEM, "and sets the system flag");
	check_equal(ask(TEST_KEYBOARD_PORT), 0, "the keyboard's port is sound");
	check_equal(ask(TEST_MOUSE_PORT), 0, "the mouse's port is sound");
}

static void memory(void)
{
	set_command_byte(SYSTEM_FLAG | KEYBOARD_OFF | MOUSE_OFF);
	check_equal(ask(READ_BYTE), SYSTEM_FLAG | KEYBOARD_OFF | MOUSE_OFF, "the command byte reads as written");
	set_command_byte(SYSTEM_FLAG | KEYBOARD_OFF | MOUSE_OFF | TRANSLATE);
	check_equal(ask(READ_BYTE), SYSTEM_FLAG | KEYBOARD_OFF | MOUSE_OFF | TRANSLATE, "each time");
	command(ENABLE_KEYBOARD);
	check_equal(ask(READ_BYTE) & KEYBOARD_OFF, 0, "enabling the keyboard shows in it");
	command(DISABLE_KEYBOARD);
	check_equal(ask(READ_BYTE) & KEYBOARD_OFF, KEYBOARD_OFF, "and disabling it");
	command(ENABLE_MOUSE);
	check_equal(ask(READ_BYTE) & MOUSE_OFF, 0, "enabling the mouse shows in it");
	command(DISABLE_MOUSE);
	check_equal(ask(READ_BYTE) & MOUSE_OFF, MOUSE_OFF, "and disabling it");
	/* QEMU knows the command byte only. */
	if (!on_tcg()) {
		command_with(WRITE_BYTE + 0x1f, 0xa5);
		command_with(WRITE_BYTE + 1, 0x3c);
		check_equal(ask(READ_BYTE + 0x1f), 0xa5, "the controller's memory has 32 bytes");
		check_equal(ask(READ_BYTE + 1), 0x3c, "and keeps them apart");
	}
	command(WRITE_BYTE);
	check_but_not_on_tcg(in8(STATUS) & COMMAND_WRITTEN, "the status says whether port 64 was written last");
	send(SYSTEM_FLAG | KEYBOARD_OFF | MOUSE_OFF);
	check_but_not_on_tcg(!(in8(STATUS) & COMMAND_WRITTEN), "or port 60");
}

static bool wraps(void)
{
	write32(LOW, 0x10aded01);
	write32(HIGH, 0xb16b00b5);
	return read32(LOW) == 0xb16b00b5;
}

/* A20 is the OR of the controller's and port 92's (some machines: whichever changed last), so 92's is closed first. */
static void a20(void)
{
	u8 port_92 = in8(PORT_92);

	out8(PORT_92, port_92 & (u8)~3);
	command_with(WRITE_OUTPUT_PORT, REST);
	check(!wraps(), "A20 is open when the output port says so");
	check_equal(ask(READ_OUTPUT_PORT) & (OUT_A20 | OUT_NOT_RESET), OUT_A20 | OUT_NOT_RESET, "which reads so");
	command_with(WRITE_OUTPUT_PORT, (u8)(REST & ~OUT_A20));
	check(wraps(), "with its bit clear the second MiB is the first");
	check_equal(ask(READ_OUTPUT_PORT) & (OUT_A20 | OUT_NOT_RESET), OUT_NOT_RESET, "which reads so, too");
	command_with(WRITE_OUTPUT_PORT, REST);
	check(!wraps(), "A20 opens again");
	command(CLOSE_A20);
	check(wraps(), "a command closes it");
	command(OPEN_A20);
	check(!wraps(), "and another opens it");
	out8(PORT_92, (u8)((port_92 & ~1) | 2));
	check(!wraps(), "port 92 opens it as well");
}

static void buffers(void)
{
	command_with(AS_KEYBOARD, 0x5a);
	check_equal(in8(STATUS) & (OUTPUT_FULL | FROM_MOUSE), OUTPUT_FULL, "a byte can be put in the keyboard's place");
	check_equal(in8(DATA), 0x5a, "where it is read");
	check_equal(in8(STATUS) & OUTPUT_FULL, 0, "once");
	command_with(AS_MOUSE, 0xa5);
	check_equal(in8(STATUS) & (OUTPUT_FULL | FROM_MOUSE), OUTPUT_FULL | FROM_MOUSE, "or in the mouse's");
	check_equal(in8(DATA), 0xa5, "at the same port");

	set_command_byte(SYSTEM_FLAG | MOUSE_OFF | KEYBOARD_INTERRUPT | MOUSE_INTERRUPT);
	irq_forget(KEYBOARD_IRQ);
	irq_forget(MOUSE_IRQ);
	command_with(AS_KEYBOARD, 1);
	check(irq_comes(KEYBOARD_IRQ), "the keyboard's byte raises IRQ 1");
	check_equal(in8(DATA), 1, "and is there");
	check(!irq_asserted(MOUSE_IRQ), "but does not raise IRQ 12");
	command_with(AS_MOUSE, 2);
	check(irq_comes(MOUSE_IRQ), "the mouse's byte raises IRQ 12");
	check_equal(in8(DATA), 2, "and is there");
	check(!irq_asserted(KEYBOARD_IRQ), "but does not raise IRQ 1");

	set_command_byte(SYSTEM_FLAG | KEYBOARD_OFF | MOUSE_OFF);
	command_with(AS_KEYBOARD, 3);
	check(!irq_comes(KEYBOARD_IRQ), "without its enable IRQ 1 does not come");
	check_equal(answer(), 3, "the byte does");
}

void controller(void)
{
	tests();
	memory();
	a20();
	buffers();
}
