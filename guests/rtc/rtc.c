/* The hardware should be a MC146818: bytes of memory behind ports 70h and 71h, a valid battery, registers C and D that
 * cannot be written, a clock that is halted by SET and by its divider, that counts in BCD and binary, in 12 and 24
 * hours, through the ends of months and years; UIP before each update; and periodic, alarm and update-ended
 * interrupts at IRQ 8. [MC146818] Motorola MC146818A.
 */
#include "rtc.h"

enum { FREE_BYTES = 0x60, MANY = 8, HALF_SECOND = 500, BATTERY = 0x80 };

void set_time(u8 format, const struct time *time)
{
	cmos_write(B, SET | format);
	cmos_write(SECONDS, time->seconds);
	cmos_write(MINUTES, time->minutes);
	cmos_write(HOURS, time->hours);
	cmos_write(WEEKDAY, time->weekday);
	cmos_write(DAY, time->day);
	cmos_write(MONTH, time->month);
	cmos_write(YEAR, time->year);
	cmos_write(CENTURY, format & BINARY ? 19 : 0x19);	/* not the chip's, but many chip sets' */
	cmos_write(A, DIVIDER_HELD);
	cmos_write(B, format);
	cmos_write(A, DIVIDER_RUNS);
	cmos_read(C);
}

bool wait_for_update(void)
{
	u8 format = cmos_read(B);
	bool came;

	cmos_write(B, format | UPDATE);
	came = cmos_read(C) & UPDATE;
	if (!came) {
		irq_forget(CLOCK_IRQ);
		came = irq_comes_within(CLOCK_IRQ, 1500) && (cmos_read(C) & UPDATE);
	}
	cmos_write(B, format);
	return came;
}

void next_second(struct time *time)
{
	check(wait_for_update(), "the clock updates its registers");
	time->seconds = cmos_read(SECONDS);
	time->minutes = cmos_read(MINUTES);
	time->hours = cmos_read(HOURS);
	time->weekday = cmos_read(WEEKDAY);
	time->day = cmos_read(DAY);
	time->month = cmos_read(MONTH);
	time->year = cmos_read(YEAR);
}

static void memory(void)
{
	u8 kept[MANY];
	bool right = true;

	for (u8 i = 0; i < MANY; i++)
		kept[i] = cmos_read(FREE_BYTES + i);
	for (u8 i = 0; i < MANY; i++)
		cmos_write(FREE_BYTES + i, (u8)(0x5a + 0x1d * i));
	for (u8 i = 0; i < MANY; i++)
		right &= cmos_read(FREE_BYTES + i) == (u8)(0x5a + 0x1d * i);
	check(right, "memory keeps what is written");
	check_equal(cmos_read(0x80 | FREE_BYTES), 0x5a, "bit 7 of the index is the mask of NMI and no address");
	for (u8 i = 0; i < MANY; i++)
		cmos_write(FREE_BYTES + i, kept[i]);
	check_equal(cmos_read(D), BATTERY, "the battery is good");
	cmos_write(D, 0);
	check_equal(cmos_read(D), BATTERY, "register D cannot be written");
	cmos_write(B, HOURS_24);
	cmos_write(A, DIVIDER_RUNS);
	cmos_read(C);
	cmos_write(C, 0x70);
	check_equal(cmos_read(C) & CAUSES, 0, "nor can register C");
	cmos_write(A, 0x80 | DIVIDER_HELD | 5);
	check_equal(cmos_read(A), DIVIDER_HELD | 5, "UIP cannot be written, the rest of register A can");
	cmos_write(A, DIVIDER_RUNS);
	cmos_write(SECONDS_ALARM, 0x12);
	cmos_write(HOURS_ALARM, 0xff);
	check(cmos_read(SECONDS_ALARM) == 0x12 && cmos_read(HOURS_ALARM) == 0xff, "alarm bytes read as written");
}

static void halted(void)
{
	static const struct time start = { 0x96, 0x05, 0x14, 3, 0x10, 0x20, 0x30 };
	struct time now;

	set_time(HOURS_24, &start);
	cmos_write(B, SET | HOURS_24 | UPDATE);
	check_equal(cmos_read(B), SET | HOURS_24, "SET clears the enable of the update-ended interrupt");
	for (u32 i = 0; i < 12; i++) {
		pause_ms(100);
		if (cmos_read(A) & UPDATING)
			break;
	}
	check_equal(cmos_read(A) & UPDATING, 0, "while SET is set there is no update");
	check_equal(cmos_read(SECONDS), 0x30, "so the seconds stand");
	check_but_not_on_tcg((cmos_read(C) & UPDATE) == 0, "and nothing is flagged");
	cmos_write(B, HOURS_24);
	next_second(&now);
	check_equal(now.seconds, 0x31, "they go on when SET is cleared");

	cmos_write(A, DIVIDER_HELD);
	cmos_read(C);
	pause_ms(1200);
	check_equal(cmos_read(SECONDS), 0x31, "a divider that is held halts the clock");
	cmos_write(A, DIVIDER_RUNS);
	pause_ms(HALF_SECOND - 50);
	check_equal(cmos_read(C) & UPDATE, 0, "when it is let go the first update is not before");
	pause_ms(100);
	/* A machine that shares its host may be late, but not early. */
	check_equal(cmos_read(C) & UPDATE, UPDATE, "half a second has gone");
	check_equal(cmos_read(SECONDS), 0x32, "and counts");
}

/* Whether UIP is seen before the update has ended; a machine that shares its host may look too late. */
static bool announced(void)
{
	u8 flags = 0;

	pause_ms(950);
	pause_ms(44);
	while (!(flags & UPDATE)) {
		if (cmos_read(A) & UPDATING)
			return true;
		flags = cmos_read(C);
	}
	return false;
}

static void in_progress(void)
{
	u32 polls = 0;
	u8 before;

	check(wait_for_update(), "an update ends");
	cmos_write(B, HOURS_24 | UPDATE);
	check(irq_comes_within(CLOCK_IRQ, 1500), "the end of an update interrupts");
	check_equal(cmos_read(A) & UPDATING, 0, "then none is in progress");
	cmos_read(C);
	cmos_write(B, HOURS_24);
	before = cmos_read(SECONDS);
	check(announced() || announced() || announced(), "UIP announces the next one");
	for (polls = 0; cmos_read(A) & UPDATING && polls < 100000; polls++)
		;
	check(polls < 100000, "and is cleared when that has ended");
	check_equal(cmos_read(C) & UPDATE, UPDATE, "which the update-ended flag says, too");
	check(cmos_read(SECONDS) != before, "the seconds have changed by then");
}

int main(void)
{
	u8 century = cmos_read(CENTURY);

	interrupts_begin();
	memory();
	halted();
	in_progress();
	calendar();
	interrupts();
	cmos_write(B, HOURS_24);
	cmos_write(A, DIVIDER_RUNS | 6);
	cmos_write(CENTURY, century);
	cmos_read(C);
	interrupts_end();
	printf("The clock was set\n");
	return 0;
}
