/* The scan codes of aA, F1 and the upper cursor key, as they are pressed and released. */
#include "keyboard.h"

enum { ENABLE = 0xf4, DISABLE = 0xf5, PATIENCE = 100 };

static const u8 set_2[] = {
	0x1c, 0xf0, 0x1c, 0x12, 0x1c, 0xf0, 0x1c, 0xf0, 0x12, 0x05, 0xf0, 0x05, 0xe0, 0x75, 0xe0, 0xf0, 0x75,
};
static const u8 set_1[] = { 0x1e, 0x9e, 0x2a, 0x1e, 0x9e, 0xaa, 0x3b, 0xbb, 0xe0, 0x48, 0xe0, 0xc8 };

static void tell(u8 value)
{
	send(value);
	check_equal(answer(), ACKNOWLEDGE, "the keyboard acknowledges");
}

/* By IRQ 1, each byte; false where not even the first one comes. */
static bool type(u8 translate, const char *name, const u8 *codes, u32 count)
{
	set_command_byte(SYSTEM_FLAG | MOUSE_OFF | translate);
	tell(ENABLE);
	set_command_byte(SYSTEM_FLAG | MOUSE_OFF | translate | KEYBOARD_INTERRUPT);
	irq_forget(KEYBOARD_IRQ);
	printf("Type in %s\n", name);
	for (u32 i = 0; i < count; i++) {
		bool came = irq_comes_within(KEYBOARD_IRQ, PATIENCE);

		if (!came && i == 0)
			return false;
		check(came, "each code of a key interrupts");
		check_equal(in8(DATA), codes[i], "the keys send their codes, in order");
	}
	check(!irq_comes_within(KEYBOARD_IRQ, PATIENCE), "and nothing behind them");
	return true;
}

void typed(void)
{
	if (!type(0, "set 2", set_2, COUNT(set_2)) || !type(TRANSLATE, "set 1", set_1, COUNT(set_1)))
		printf("Nobody types\n");
	set_command_byte(SYSTEM_FLAG | MOUSE_OFF);
	tell(DISABLE);
	tell(ENABLE);
}
