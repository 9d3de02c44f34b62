/* The hardware should take log bytes at port 0x12 and at the platform device into one buffer of 4096 bytes, which a
 * newline flushes, and a byte for which only the last place is left: that byte is lost. It should let the guest log
 * 131072 bytes, and then make it wait until there is room for the line again, at 256 bytes a second: an OUT takes
 * seconds. Newlines are free, and silence refills. A host that does not throttle never makes it wait.
 *
 * What was logged the guest cannot see: whoever runs it compares. Time is that of the time-stamp counter, whose
 * rate is found by the 8254.
 */
#include "chips.h"
#include "cpuid.h"
#include "guest.h"
#include "pci.h"
#include "xen_unplug.h"

enum { LONGEST = 4095, BUCKET = 128 * 1024, RATE = 256, TOLERANCE_US = 2000, EARLY_US = 50 };
enum { PIT_HZ = 1193182, COUNTED = 11932, COUNTED_US = 10000 };

static u8 text[LONGEST + 1];
static u32 spent;		/* of the bucket */
static u32 ticks_per_us;
static u16 platform;
static bool throttled;

static void calibrate(void)
{
	/* Channel 2, gated by port 0x61, mode 0: its output rises when the count has passed. */
	out8(0x61, (u8)((in8(0x61) & ~2) | 1));
	out8(PIT + 3, 0xb0);
	out8(PIT + 2, (u8)COUNTED);
	out8(PIT + 2, COUNTED >> 8);
	u64 before = read_tsc();
	while (!(in8(0x61) & 0x20))
		;
	ticks_per_us = (u32)(read_tsc() - before) / COUNTED_US;
}

/* Microseconds since `before`, below half an hour: there is no 64-bit division in this mode. */
static u32 since(u64 before)
{
	u64 ticks = read_tsc() - before;
	u32 microseconds = (u32)ticks, high = (u32)(ticks >> 32);

	__asm__("div %2" : "+a"(microseconds), "+d"(high) : "r"(ticks_per_us) : "cc");
	return microseconds;
}

static void line(const char *content, u32 length)
{
	out8_string(UNPLUG_LOG_PORT, content, length);
	out8(UNPLUG_LOG_PORT, '\n');
	spent += length;
}

static void letters(u32 length)
{
	line((const char *)text, length);
}

static void buffering(void)
{
	unplug_log("a line ends with a newline\n");
	unplug_log("\n");
	unplug_log("two\nlines\n");
	line("a line is a C string\0and this is behind its end", 47);
	unplug_log("half by the port, ");
	for (const char *byte = "half by the platform device\n"; *byte; byte++)
		out8((u16)(platform + UNPLUG_LOG_OFFSET), (u8)*byte);
	spent += 26 + 8 + 45;
	letters(LONGEST);
	out8_string(UNPLUG_LOG_PORT, text, LONGEST);
	unplug_log("!tail\n");		/* the exclamation mark finds no room, and makes the buffer go */
	spent += LONGEST + 4;
}

static void waits_until(u64 since_when, u32 tokens, const char *sentence)
{
	u32 wanted = tokens * (1000000 / RATE), found = since(since_when);

	if (throttled)
		check(found + EARLY_US >= wanted && found < wanted + TOLERANCE_US, sentence);
	else
		check(found < TOLERANCE_US, "a host that does not throttle never makes the guest wait");
}

static void throttling(u64 first)
{
	while (BUCKET - spent > LONGEST)
		letters(LONGEST);
	u64 before = read_tsc();
	letters(BUCKET - spent);
	check(since(before) < 10 * TOLERANCE_US, "until the bucket is empty nothing makes the guest wait");

	before = read_tsc();
	letters(RATE);
	throttled = since(before) > 10 * TOLERANCE_US;
	if (!throttled)
		printf("This host does not throttle\n");
	/* `since_when` is read a little after the bucket's own time: hence EARLY_US. */
	waits_until(throttled ? first : before, RATE, "a line of 256 bytes waits for a second since the first line");
	before = read_tsc();
	for (u32 i = 0; i < 4; i++)
		unplug_log("\n");
	check(since(before) < TOLERANCE_US, "empty lines are free");
	letters(RATE / 4);
	waits_until(before, RATE / 4, "a line of 64 bytes waits for a quarter of a second");
}

/* Sleeps for `count` times 50 ms. */
static void sleep(u32 count)
{
	for (; count; count--) {
		pit_start(0, PIT_HZ / 20);
		pic_allow(1);
		wait_for_interrupt();
	}
	pic_allow(0);
}

static void on_tick(struct frame *frame)
{
	(void)frame;
	out8(PIC1, EOI);
}

static void refilling(void)
{
	interrupts_init();
	pic_init(IRQ_BASE);
	set_handler(IRQ_BASE, on_tick);
	sleep(10);
	u64 before = read_tsc();
	letters(RATE / 2);
	check(since(before) < TOLERANCE_US, "after half a second of silence 128 bytes need not wait");
}

int main(void)
{
	pci_function function = pci_find(0x5853, 0x0001, 0);
	u32 base = function == PCI_NONE ? 0 : pci_base(function, 0);

	if (!base || unplug_magic() != UNPLUG_MAGIC)
		stop_with_error("this guest needs a host with the unplug protocol");
	platform = (u16)base;
	calibrate();
	for (u32 i = 0; i < sizeof(text); i++)
		text[i] = (u8)('a' + i % 26);
	line("first", 5);
	u64 first = read_tsc();
	buffering();
	throttling(first);
	refilling();
	printf("The log took %u bytes\n", spent);
	return 0;
}
