/* What the files of this guest share. */
#pragma once
#include "chips.h"
#include "guest.h"
#include "irq.h"

enum { CLOCK_IRQ = 8 };
enum {
	SECONDS = 0, SECONDS_ALARM = 1, MINUTES = 2, MINUTES_ALARM = 3, HOURS = 4, HOURS_ALARM = 5,
	WEEKDAY = 6, DAY = 7, MONTH = 8, YEAR = 9, A = 10, B = 11, C = 12, D = 13, CENTURY = 0x32,
};
enum {
	UPDATING = 0x80, DIVIDER = 0x70, DIVIDER_RUNS = 0x20, DIVIDER_HELD = 0x70, RATE = 0x0f,
	SET = 0x80, PERIODIC = 0x40, ALARM = 0x20, UPDATE = 0x10, BINARY = 4, HOURS_24 = 2,
	REQUEST = 0x80, CAUSES = PERIODIC | ALARM | UPDATE,
};
enum { ANY = 0xc0 };	/* an alarm byte that matches every value */

struct time {
	u8 year, month, day, weekday, hours, minutes, seconds;
};

/* Sets format and time; the time runs on from there, half a second after the divider was let go. */
void set_time(u8 format, const struct time *time);
/* Waits for the next update, and reads the time behind it. */
void next_second(struct time *time);
bool wait_for_update(void);

void calendar(void);
void interrupts(void);
