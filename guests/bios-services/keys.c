/* INT 16h, and INT 09h behind it: scan codes come from the keyboard controller, which the guest has say them. */
#include "services.h"

enum { DATA = 0x60, STATUS = 0x64, COMMAND = 0x64, WRITE_KEYBOARD_OUTPUT = 0xd2, INPUT_FULL = 2, OUTPUT_FULL = 1 };
enum { HEAD = 0x41a, TAIL = 0x41c, FLAGS = 0x417, NONE = 0xffffffff };

static u32 key(u8 function)
{
	struct registers all = call(0x16, (u32)(function | 1) << 8, 0, 0, 0);

	if (all.flags & ZERO)
		return NONE;
	return call(0x16, (u32)function << 8, 0, 0, 0).ax & 0xffff;
}

static bool put(u16 code)
{
	return low(call(0x16, 0x0500, 0, code, 0).ax) == 0;
}

/* A scan code of set 1 comes as if it were the keyboard's, and IRQ 1 with it. */
static void press(u8 code)
{
	u32 looks;

	while (in8(STATUS) & INPUT_FULL)
		;
	out8(COMMAND, WRITE_KEYBOARD_OUTPUT);
	while (in8(STATUS) & INPUT_FULL)
		;
	out8(DATA, code);
	for (looks = 0; looks < 10000 && in8(STATUS) & OUTPUT_FULL; looks++)
		__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	check(looks < 10000, "IRQ 1 takes what the keyboard says");
}

static void buffer(void)
{
	u32 room = 0;
	bool in_order = true;

	while (key(0x10) != NONE)
		;
	check(key(0x00) == NONE, "no key waits");
	check(put(0x1e61), "a key is put into the buffer");
	check_equal(call(0x16, 0x0100, 0, 0, 0).ax & 0xffff, 0x1e61, "AH=01h shows it");
	check_equal(key(0x00), 0x1e61, "AH=00h takes it");
	check(key(0x10) == NONE, "then it is gone");
	put(0x48e0);
	check_equal(key(0x00), 0x4800, "AH=00h shows a cursor key as that of the keypad");
	put(0x48e0);
	check_equal(key(0x10), 0x48e0, "AH=10h shows which one it was");
	put(0xe00d);
	check_equal(key(0x00), 0x1c0d, "AH=00h knows one Enter key only");
	while (room < 40 && put((u16)(0x2000 + room)))
		room++;
	check_equal(room, 15, "the buffer holds 15 keys");
	check(read16(HEAD) != read16(TAIL), "a full buffer is not an empty one");
	for (u32 i = 0; i < room; i++)
		in_order = in_order && key(0x10) == 0x2000 + i;
	check(in_order && key(0x10) == NONE, "they come in order");
}

static void press_all(const u8 *codes)
{
	for (; *codes; codes++)
		press(*codes);
}

static const struct {
	u8 codes[8];
	u32 key;
	const char *sentence;
} typed[] = {
	{ { 0x1e, 0x9e }, 0x1e61, "a" },
	{ { 0x2a, 0x1e, 0x9e, 0xaa }, 0x1e41, "left shift a" },
	{ { 0x36, 0x03, 0x83, 0xb6 }, 0x0340, "right shift 2" },
	{ { 0x1d, 0x2e, 0xae, 0x9d }, 0x2e03, "control c" },
	{ { 0x38, 0x2d, 0xad, 0xb8 }, 0x2d00, "alt x" },
	{ { 0x3b, 0xbb }, 0x3b00, "F1" },
	{ { 0x1c, 0x9c }, 0x1c0d, "Enter" },
	{ { 0x01, 0x81 }, 0x011b, "Escape" },
	{ { 0xe0, 0x48, 0xe0, 0xc8 }, 0x48e0, "cursor up" },
	{ { 0x48, 0xc8 }, 0x4800, "the keypad's cursor up" },
	{ { 0xe0, 0x1c, 0xe0, 0x9c }, 0xe00d, "the keypad's Enter" },
	{ { 0x57, 0xd7 }, 0x8500, "F11" },
	{ { 0x0f, 0x8f }, 0x0f09, "Tab" },
	{ { 0x3a, 0xba, 0x1e, 0x9e }, 0x1e41, "a with Caps Lock" },
	{ { 0x3a, 0xba, 0x1e, 0x9e }, 0x1e61, "a without it" },
	{ { 0x45, 0xc5, 0x48, 0xc8 }, 0x4838, "the keypad's 8 with Num Lock" },
	{ { 0x45, 0xc5 }, NONE, "Num Lock itself" },
};

static void typing(void)
{
	write8(FLAGS, 0);
	for (u32 i = 0; i < COUNT(typed); i++) {
		press_all(typed[i].codes);
		check_equal(key(0x10), typed[i].key, typed[i].sentence);
		check(key(0x10) == NONE, "each key gives one code");
	}
	press(0x2a);
	press(0x1d);
	check_equal(call(0x16, 0x0200, 0, 0, 0).ax & 0x0f, 6, "AH=02h tells the shift keys that are held");
	check_equal(call(0x16, 0x1200, 0, 0, 0).ax & 0x010f, 0x0106, "AH=12h tells which Control it is");
	press(0x9d);
	press(0xaa);
	check_equal(call(0x16, 0x0200, 0, 0, 0).ax & 0x0f, 0, "and that they are not held any more");
}

int main(void)
{
	buffer();
	typing();
	return 0;
}
