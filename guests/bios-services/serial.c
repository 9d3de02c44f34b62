/* INT 14h on COM1, which is also our console. */
#include "screen.h"

enum { COM1 = 0x3f8, LINE_CONTROL = COM1 + 3, LINE_STATUS = COM1 + 5, DIVISOR_ACCESS = 0x80, TIMEOUTS = 0x47c };

static u16 divisor(void)
{
	u8 control = in8(LINE_CONTROL);
	u16 value;

	out8(LINE_CONTROL, control | DIVISOR_ACCESS);
	value = in8(COM1);
	value |= (u16)(in8(COM1 + 1) << 8);
	out8(LINE_CONTROL, control);
	return value;
}

void serial(void)
{
	struct registers all;
	u8 timeout = read8(TIMEOUTS);

	printf("By INT 14h: ");
	while (!(in8(LINE_STATUS) & 0x40))
		;
	all = call(0x14, 0x00e3, 0, 0, 0);
	check((high(all.ax) & 0xe0) == 0x60, "INT 14h sets the line and tells its status");
	check_equal(in8(LINE_CONTROL), 3, "8 bits, no parity");
	check_equal(divisor(), 12, "9600 a second");
	all = call(0x14, 0x007a, 0, 0, 0);
	check_equal(in8(LINE_CONTROL), 0x1a, "7 bits, even parity");
	check_equal(divisor(), 192, "600 a second");
	call(0x14, 0x00e3, 0, 0, 0);
	for (const char *text = "ok\n"; *text; text++) {
		all = call(0x14, 0x0100 | (u8)*text, 0, 0, 0);
		check(!(high(all.ax) & 0x80) && low(all.ax) == (u8)*text, "INT 14h sends");
	}
	all = call(0x14, 0x0300, 0, 0, 0);
	check(!(high(all.ax) & 0x80) && high(all.ax) & 0x20, "INT 14h tells the line's status");
	write8(TIMEOUTS, 1);
	all = call(0x14, 0x0200, 0, 0, 0);
	check(high(all.ax) & 0x80, "where nothing comes, receiving ends by a time-out");
	write8(TIMEOUTS, timeout);
	shared->console_ready = 0;	/* the console sets its own line again */
}
