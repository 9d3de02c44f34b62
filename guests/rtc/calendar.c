/* How the clock counts, in its four formats and over the ends of months. */
#include "rtc.h"

static bool equal(const struct time *one, const struct time *other)
{
	return !memcmp(one, other, sizeof(*one));
}

static void counts(u8 format, const struct time *from, const struct time *to, const char *sentence)
{
	struct time now;

	set_time(format, from);
	next_second(&now);
	check(equal(&now, to), sentence);
	if (!equal(&now, to))
		printf("    found %x-%x-%x (%x) %x:%x:%x\n", now.year, now.month, now.day, now.weekday, now.hours,
			now.minutes, now.seconds);
}

void calendar(void)
{
	/* Friday is 6; year, month, day, weekday, hours, minutes, seconds */
	static const struct time eve = { 0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x59 };
	static const struct time new_year = { 0x00, 0x01, 0x01, 7, 0x00, 0x00, 0x00 };
	static const struct time eve_12 = { 0x99, 0x12, 0x31, 6, 0x91, 0x59, 0x59 };
	static const struct time new_year_12 = { 0x00, 0x01, 0x01, 7, 0x12, 0x00, 0x00 };
	static const struct time morning_12 = { 0x99, 0x12, 0x31, 6, 0x11, 0x59, 0x59 };
	static const struct time noon_12 = { 0x99, 0x12, 0x31, 6, 0x92, 0x00, 0x00 };
	static const struct time eve_binary = { 98, 12, 31, 5, 23, 59, 59 };
	static const struct time new_year_binary = { 99, 1, 1, 6, 0, 0, 0 };
	static const struct time noon_binary_12 = { 99, 12, 31, 6, 0x8c, 59, 59 };
	static const struct time one_binary_12 = { 99, 12, 31, 6, 0x81, 0, 0 };
	static const struct time february = { 0x96, 0x02, 0x28, 4, 0x23, 0x59, 0x59 };
	static const struct time leap_day = { 0x96, 0x02, 0x29, 5, 0x00, 0x00, 0x00 };
	static const struct time short_february = { 0x97, 0x02, 0x28, 6, 0x23, 0x59, 0x59 };
	static const struct time march = { 0x97, 0x03, 0x01, 7, 0x00, 0x00, 0x00 };
	static const struct time nine = { 0x97, 0x03, 0x01, 7, 0x09, 0x09, 0x09 };
	static const struct time ten = { 0x97, 0x03, 0x01, 7, 0x09, 0x09, 0x10 };

	counts(HOURS_24, &eve, &new_year, "a year ends, in BCD and 24 hours");
	counts(0, &eve_12, &new_year_12, "a year ends, in BCD and 12 hours: 12 AM is the first");
	counts(0, &morning_12, &noon_12, "noon is 12 PM");
	counts(HOURS_24 | BINARY, &eve_binary, &new_year_binary, "a year ends, in binary and 24 hours");
	counts(BINARY, &noon_binary_12, &one_binary_12, "1 PM follows 12 PM, in binary");
	counts(HOURS_24, &february, &leap_day, "each fourth February has 29 days");
	counts(HOURS_24, &short_february, &march, "the others have 28");
	counts(HOURS_24, &nine, &ten, "10 follows 9, in BCD");
}
