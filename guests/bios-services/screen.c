/* INT 10h in text mode 3: what it writes is in text memory, the cursor in the BIOS data area and in the CRTC. */
#include "screen.h"

enum { TEXT = 0xb8000, CRTC = 0x3d4, MISCELLANEOUS_OUTPUT = 0x3cc, PAGE_BYTES = 0x1000, BLANK = 0x0720 };
enum { CURSORS = 0x450, PAGE_OFFSET = 0x44e };

static u16 cell(u32 row, u32 column)
{
	return read16(TEXT + (row * 80 + column) * 2);
}

static u16 crtc(u8 index)
{
	u16 value;

	out8(CRTC, index);
	value = (u16)(in8(CRTC + 1) << 8);
	out8(CRTC, (u8)(index + 1));
	return value | in8(CRTC + 1);
}

static void move_to(u8 row, u8 column)
{
	call(0x10, 0x0200, 0, 0, (u32)row << 8 | column);
}

static u16 position(u8 page)
{
	return (u16)call(0x10, 0x0300, (u32)page << 8, 0, 0).dx;
}

static void teletype(const char *text)
{
	for (; *text; text++)
		call(0x10, 0x0e00 | (u8)*text, 7, 0, 0);
}

static void mode_and_cursor(void)
{
	struct registers all;

	call(0x10, 0x0003, 0, 0, 0);
	all = call(0x10, 0x0f00, 0, 0, 0);
	check((all.ax & 0xffff) == 0x5003 && high(all.bx) == 0, "the mode is 3 with 80 columns, page 0");
	check(read8(0x449) == 3 && read16(0x44a) == 80 && read8(0x484) == 24, "so says the BIOS data area");
	check_equal(read16(0x463), CRTC, "which tells the CRTC's port");
	check(cell(0, 0) == BLANK && cell(24, 79) == BLANK, "setting the mode clears the screen");
	check_equal(position(0), 0, "and the cursor is at the top");
	move_to(10, 20);
	check_equal(position(0), 0x0a14, "the cursor moves");
	check_equal(read16(CURSORS), 0x0a14, "in the BIOS data area");
	check_equal(crtc(0x0e), 820, "and in the CRTC");
	call(0x10, 0x0100, 0, 0x2000, 0);
	out8(CRTC, 0x0a);
	check(in8(CRTC + 1) & 0x20, "the cursor is switched off");
	check_equal((u16)call(0x10, 0x0300, 0, 0, 0).cx, 0x2000, "and INT 10h remembers it");
	call(0x10, 0x0100, 0, 0x0607, 0);
	out8(CRTC, 0x0a);
	check(!(in8(CRTC + 1) & 0x20), "and on again");
}

static void writing(void)
{
	struct registers all;

	move_to(5, 78);
	teletype("ab");
	check(cell(5, 78) == 0x0761 && cell(5, 79) == 0x0762, "the teletype writes");
	check_equal(position(0), 0x0600, "and goes on in the next row");
	teletype("xy\b\r\n");
	check(cell(6, 0) == 0x0778 && cell(6, 1) == 0x0779, "backspace erases nothing");
	check_equal(position(0), 0x0700, "carriage return and line feed move the cursor");
	teletype("z\a");
	check_equal(position(0), 0x0701, "the bell does not");

	move_to(8, 0);
	call(0x10, 0x0941, 0x1e, 3, 0);
	check(cell(8, 0) == 0x1e41 && cell(8, 2) == 0x1e41 && cell(8, 3) == BLANK, "AH=09h repeats with an attribute");
	call(0x10, 0x0a42, 0x70, 2, 0);
	check(cell(8, 1) == 0x1e42 && cell(8, 2) == 0x1e41, "AH=0Ah keeps the attribute");
	check_equal(position(0), 0x0800, "neither moves the cursor");
	all = call(0x10, 0x0800, 0, 0, 0);
	check_equal(all.ax & 0xffff, 0x1e42, "AH=08h reads character and attribute");
}

static void strings(void)
{
	static const char text[] = "word", coloured[] = { 'p', 0x11, 'q', 0x22 };
	struct registers all = { .ax = 0x1301, .bx = 0x17, .cx = 4, .dx = 0x0905, .bp = (u32)text, .flags = INTERRUPTS };

	bios(0x10, &all);
	check(cell(9, 5) == 0x1777 && cell(9, 8) == 0x1764, "AH=13h writes a string with an attribute");
	check_equal(position(0), 0x0909, "and moves the cursor behind it");
	all = (struct registers){ .ax = 0x1302, .cx = 2, .dx = 0x0a00, .bp = (u32)coloured, .flags = INTERRUPTS };
	bios(0x10, &all);
	check(cell(10, 0) == 0x1170 && cell(10, 1) == 0x2271, "or with one for each character");
	check_equal(position(0), 0x0909, "and leaves the cursor where it is");
}

static void number_rows(void)
{
	for (u32 row = 0; row < 25; row++)
		for (u32 column = 0; column < 80; column++)
			write16(TEXT + (row * 80 + column) * 2, (u16)(0x0700 | ('A' + row)));
}

static void scrolling(void)
{
	number_rows();
	call(0x10, 0x0602, 0x4f00, 0x0305, 0x0a0c);
	check(cell(3, 5) == 0x0700 + 'F' && cell(8, 12) == 0x0700 + 'K', "AH=06h scrolls up");
	check(cell(9, 5) == 0x4f20 && cell(10, 12) == 0x4f20, "and clears what it leaves");
	check(cell(3, 4) == 0x0700 + 'D' && cell(3, 13) == 0x0700 + 'D' && cell(11, 5) == 0x0700 + 'L', "only in its window");
	number_rows();
	call(0x10, 0x0701, 0x2000, 0x0000, 0x184f);
	check(cell(0, 0) == 0x2020 && cell(1, 0) == 0x0700 + 'A' && cell(24, 79) == 0x0700 + 'X', "AH=07h scrolls down");
	call(0x10, 0x0600, 0x0700, 0x0000, 0x184f);
	check(cell(0, 0) == BLANK && cell(24, 79) == BLANK, "no lines clear the window");
	number_rows();
	move_to(24, 79);
	teletype("!");
	check(cell(23, 79) == 0x0721 && cell(0, 0) == 0x0700 + 'B', "the teletype scrolls at the end");
	check((cell(24, 0) & 0xff) == ' ' && position(0) == 0x1800, "and goes on in an empty row");
}

static void pages(void)
{
	call(0x10, 0x0501, 0, 0, 0);
	check_equal(high(call(0x10, 0x0f00, 0, 0, 0).bx), 1, "page 1 is shown");
	check(read16(PAGE_OFFSET) == PAGE_BYTES && read8(0x462) == 1, "so says the BIOS data area");
	check_equal(crtc(0x0c), PAGE_BYTES / 2, "and the CRTC");
	call(0x10, 0x0200, 0x0100, 0, 0x0203);
	check_equal(position(1), 0x0203, "it has a cursor of its own");
	call(0x10, 0x0951, 0x0130, 1, 0);
	check_equal(read16(TEXT + PAGE_BYTES + (2 * 80 + 3) * 2), 0x3051, "it is written to where it lies");
	call(0x10, 0x0500, 0, 0, 0);
	check(crtc(0x0c) == 0 && read16(PAGE_OFFSET) == 0, "page 0 is shown again");
}

static void adapter(void)
{
	struct registers all = call(0x10, 0x1a00, 0, 0, 0);

	check(low(all.ax) == 0x1a && low(all.bx) == 8, "the adapter is a VGA with colours");
	all = call(0x10, 0x1200, 0xff10, 0, 0);
	check(high(all.bx) == 0 && low(all.bx) == 3, "with 256 KiB");
	all = call(0x10, 0x1130, 0, 0, 0);
	check((all.cx & 0xffff) == 16 && low(all.dx) == 24, "characters have 16 lines, there are 25 rows");
}

int main(void)
{
	serial();
	if (in8(MISCELLANEOUS_OUTPUT) == 0xff || high(call(0x10, 0x0f00, 0, 0, 0).ax) != 80) {
		printf("There is no VGA, or no BIOS for it\n");
		return 0;
	}
	mode_and_cursor();
	writing();
	strings();
	scrolling();
	pages();
	adapter();
	call(0x10, 0x0003, 0, 0, 0);
	teletype("bios-services\r\n");
	return 0;
}
