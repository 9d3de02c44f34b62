/* INT 08h and 1Ch: ticks; INT 1Ah: ticks, time, date, alarm; INT 15h AH=83h: an event later on. */
#include "services.h"
#include "chips.h"

enum { TICKS = 0x46c, MIDNIGHT = 0x470, LAST_TICK = 0x1800af, TICK = 0x1c, ALARM = 0x4a };

static void sleep(void)
{
	__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

static u32 hook(u8 vector, void (*to)(void))
{
	u32 before = read32(vector * 4u);

	write32(vector * 4u, (u32)to);
	return before;
}

static u32 ticks(u8 *midnight)
{
	struct registers all = call(0x1a, 0, 0, 0, 0);

	*midnight = low(all.ax);
	return all.cx << 16 | (all.dx & 0xffff);
}

static void ticking(void)
{
	u32 before, kept = hook(TICK, on_tick);
	u8 midnight;

	while (!ticks_counted)
		sleep();
	ticks_counted = 0;
	before = ticks(&midnight);
	check(before == read32(TICKS) || before + 1 == read32(TICKS), "INT 1Ah tells the BIOS data area's ticks");
	while (ticks_counted < 3)
		sleep();
	check_equal(ticks(&midnight) - before, 3, "INT 1Ch is called with each tick");
	write32(TICK * 4, kept);
}

static void midnight_passes(void)
{
	u8 midnight;
	u32 kept = ticks(&midnight);

	call(0x1a, 0x0100, 0, LAST_TICK >> 16, LAST_TICK & 0xffff);
	check(ticks(&midnight) == LAST_TICK && midnight == 0, "the ticks are set");
	sleep();
	check_equal(ticks(&midnight), 0, "a day has 1573040 ticks");
	check_equal(midnight, 1, "INT 1Ah says that it is past midnight");
	ticks(&midnight);
	check_equal(midnight, 0, "once");
	call(0x1a, 0x0100, 0, kept >> 16, kept & 0xffff);
}

static bool is_bcd(u32 value)
{
	return (value & 0x0f) < 10 && (value >> 4 & 0x0f) < 10;
}

static void time_and_date(void)
{
	struct registers time = call(0x1a, 0x0200, 0, 0, 0), date = call(0x1a, 0x0400, 0, 0, 0), all;

	check(!failed(&time) && is_bcd(time.cx) && is_bcd(high(time.cx)) && is_bcd(high(time.dx)), "the time is BCD");
	check(high(time.cx) < 0x24 && low(time.cx) < 0x60 && high(time.dx) < 0x60, "and one that there is");
	check(!failed(&date) && is_bcd(date.cx) && is_bcd(high(date.cx)) && is_bcd(date.dx) && is_bcd(high(date.dx)),
		"the date is BCD");
	check(high(date.cx) >= 0x19 && high(date.dx) >= 1 && high(date.dx) <= 0x12 && low(date.dx) >= 1
		&& low(date.dx) <= 0x31, "and one that there is");
	call(0x1a, 0x0300, 0, 0x2359, 0x1000);
	all = call(0x1a, 0x0200, 0, 0, 0);
	check((all.cx & 0xffff) == 0x2359 && (high(all.dx) == 0x10 || high(all.dx) == 0x11), "the time is set");
	call(0x1a, 0x0500, 0, 0x2024, 0x0229);
	all = call(0x1a, 0x0400, 0, 0, 0);
	check((all.cx & 0xffff) == 0x2024 && (all.dx & 0xffff) == 0x0229, "the date is set");
	call(0x1a, 0x0500, 0, date.cx, date.dx);
	call(0x1a, 0x0300, 0, time.cx, time.dx);
}

/* A second of the clock has 18.2 ticks. */
static void alarm(void)
{
	struct registers all = call(0x1a, 0x0200, 0, 0, 0);
	u32 kept = hook(ALARM, on_alarm), kept_tick = hook(TICK, on_tick);
	u8 second = high(all.dx), start;

	while (cmos_read(0) == second)
		sleep();
	start = cmos_read(0);
	second = (u8)(start == 0x59 ? 0 : (start & 0x0f) == 9 ? start + 7 : start + 1);
	all = call(0x1a, 0x0200, 0, 0, 0);
	if (second == 0) {	/* the hour does not matter, then: whatever hour and minute */
		all.cx = 0xffff;
	}
	alarms_counted = ticks_counted = 0;
	all = call(0x1a, 0x0600, 0, all.cx, (u32)second << 8);
	check(!failed(&all), "the alarm is set");
	all = call(0x1a, 0x0600, 0, 0x1234, 0);
	check(failed(&all), "another one is refused");
	while (!alarms_counted && ticks_counted < 40)
		sleep();
	check_equal(alarms_counted, 1, "the alarm calls INT 4Ah");
	check(ticks_counted >= 16 && ticks_counted <= 20, "after a second of 18 ticks");
	call(0x1a, 0x0700, 0, 0, 0);
	check(!(cmos_read(0x0b) & 0x20), "the alarm is put off");
	write32(ALARM * 4, kept);
	write32(TICK * 4, kept_tick);
}

static volatile u8 event;

static void event_later(void)
{
	struct registers all = { .ax = 0x8300, .bx = (u32)&event, .cx = 0, .dx = 20000, .flags = INTERRUPTS };
	u32 sleeps = 0;

	bios(0x15, &all);
	if (failed(&all)) {
		printf("The BIOS knows no events\n");
		return;
	}
	all = (struct registers){ .ax = 0x8300, .bx = (u32)&event, .dx = 20000, .flags = INTERRUPTS };
	bios(0x15, &all);
	check(failed(&all), "a second event is refused");
	check(!(event & 0x80), "the event is not over at once");
	while (!(event & 0x80) && sleeps++ < 100)
		sleep();
	check(event & 0x80, "after 20 ms it is");
	check(sleeps >= 15 && sleeps <= 30, "counted by the clock's periodic interrupt");
	check(!(cmos_read(0x0b) & 0x40), "which then ends");
}

int main(void)
{
	ticking();
	midnight_passes();
	time_and_date();
	event_later();
	alarm();
	return 0;
}
