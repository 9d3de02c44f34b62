/* The three sources of IRQ 8. Rate 0 keeps the periodic flag out of the others' way. */
#include "rtc.h"

enum { ENOUGH_MS = 2500 };

static const struct time start = { 0x96, 0x05, 0x14, 3, 0x10, 0x20, 0x58 };

/* Counts of the 8254 (838 ns) over `periods` periodic interrupts, at most 54 ms. */
static u32 measure(u8 rate, u32 periods)
{
	u32 elapsed;

	cmos_write(A, (u8)(DIVIDER_RUNS | rate));
	cmos_write(B, HOURS_24 | PERIODIC);
	cmos_read(C);
	while (!(cmos_read(C) & PERIODIC))
		;
	out8(PIT + 3, 0x30);
	out8(PIT, 0xff);
	out8(PIT, 0xff);
	for (u32 n = 0; n < periods; n++)
		while (!(cmos_read(C) & PERIODIC))
			;
	out8(PIT + 3, 0x00);
	elapsed = in8(PIT);
	elapsed = 0xffff - (elapsed | (u32)in8(PIT) << 8);
	cmos_write(B, HOURS_24);
	return elapsed;
}

static void rate(u8 number, u32 periods, u32 microseconds)
{
	u32 wanted = microseconds * 1193 / 1000;
	u32 found = measure(number, periods);

	if (on_tcg())	/* whose clock is that of its host, which is shared */
		return;
	if (found <= wanted - wanted / 50 || found >= wanted + wanted / 50)
		check_equal(found, wanted, "the periodic flag comes at its rate, in counts of the 8254");
}

static void periodic(void)
{
	rate(3, 32, 3906);		/* 8192 Hz */
	rate(6, 2, 1953);		/* 1024 Hz */
	rate(1, 1, 3906);		/* 256 Hz, as rate 8 */
	rate(2, 1, 7813);		/* 128 Hz, as rate 9 */
	cmos_write(A, DIVIDER_RUNS | 6);
	cmos_write(B, HOURS_24);
	cmos_read(C);
	irq_forget(CLOCK_IRQ);
	pause_ms(20);
	check(!irq_asserted(CLOCK_IRQ), "without its enable it does not interrupt");
	/* QEMU's periodic timer runs only while its interrupt is enabled. */
	check_but_not_on_tcg((cmos_read(C) & (REQUEST | PERIODIC)) == PERIODIC, "though it is flagged");
	cmos_write(B, HOURS_24 | PERIODIC);
	check(irq_comes_within(CLOCK_IRQ, 100), "with it IRQ 8 comes");
	check_equal(cmos_read(C) & (REQUEST | PERIODIC), REQUEST | PERIODIC, "register C says so");
	cmos_write(A, DIVIDER_RUNS | 15);
	cmos_read(C);
	irq_forget(CLOCK_IRQ);
	check(irq_comes_within(CLOCK_IRQ, 1000), "2 Hz is the slowest rate");
	cmos_write(A, DIVIDER_RUNS);
	cmos_read(C);
	irq_forget(CLOCK_IRQ);
	pause_ms(20);
	check_equal(cmos_read(C) & PERIODIC, 0, "rate 0 is none");
	cmos_write(B, HOURS_24);
}

static void update_ended(void)
{
	set_time(HOURS_24, &start);
	cmos_write(B, HOURS_24 | UPDATE);
	irq_forget(CLOCK_IRQ);
	check(irq_comes_within(CLOCK_IRQ, ENOUGH_MS), "the end of an update interrupts");
	check_equal(cmos_read(SECONDS), 0x59, "when the new time can be read");
	check_equal(cmos_read(C), REQUEST | UPDATE, "register C names it");
	check_equal(cmos_read(C), 0, "once");
	check(irq_comes_within(CLOCK_IRQ, ENOUGH_MS), "the next one interrupts, too");
	check_equal(cmos_read(MINUTES) << 8 | cmos_read(SECONDS), 0x2100, "a second later");
	cmos_write(B, HOURS_24);
	cmos_read(C);
}

static void alarm_at(u8 format, u8 hours, u8 minutes, u8 seconds, const struct time *time)
{
	cmos_write(HOURS_ALARM, hours);
	cmos_write(MINUTES_ALARM, minutes);
	cmos_write(SECONDS_ALARM, seconds);
	set_time(format, time);
	cmos_write(B, format | ALARM);
	irq_forget(CLOCK_IRQ);
}

static void alarms(void)
{
	static const struct time evening = { 0x96, 0x05, 0x14, 3, 0x91, 0x59, 0x59 };

	alarm_at(HOURS_24, 0x10, 0x20, 0x59, &start);
	check(irq_comes_within(CLOCK_IRQ, ENOUGH_MS), "the alarm interrupts at its time");
	check_equal(cmos_read(SECONDS), 0x59, "to the second");
	check_equal(cmos_read(C), REQUEST | ALARM | UPDATE, "register C names it and the update that made it match");
	alarm_at(HOURS_24, 0x11, 0x20, 0x59, &start);
	check(!irq_comes_within(CLOCK_IRQ, 1200), "at another hour it does not interrupt");
	check_equal(cmos_read(C) & ALARM, 0, "nor is it flagged");
	alarm_at(HOURS_24, ANY, ANY, 0x00, &start);
	check(irq_comes_within(CLOCK_IRQ, ENOUGH_MS), "a byte of C0 to FF matches every value: here every minute");
	check_equal(cmos_read(SECONDS), 0x00, "when it begins");
	alarm_at(HOURS_24, 0xff, 0xff, 0xff, &start);
	check(irq_comes_within(CLOCK_IRQ, ENOUGH_MS), "with three of them each second");
	check_equal(cmos_read(SECONDS), 0x59, "has its alarm");
	alarm_at(0, 0x12, 0x00, 0x00, &evening);
	/* QEMU takes the alarm's AM or PM from the time. */
	check_but_not_on_tcg(irq_comes_within(CLOCK_IRQ, ENOUGH_MS), "midnight is 12 AM for the alarm, too");
	check_equal(cmos_read(HOURS), 0x12, "as for the time");
	cmos_write(B, HOURS_24);
	cmos_read(C);
}

void interrupts(void)
{
	periodic();
	update_ended();
	alarms();
}
