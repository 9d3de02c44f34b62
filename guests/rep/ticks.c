/* String instructions that interrupts come into. */
#include "chips.h"
#include "memory.h"
#include "rep.h"

enum { TICK = 60, LONG_FROM = 0x80000, LONG_TO = 0x88000, LENGTH = 0x4000 };

#ifdef REAL_MODE
#define ENTER	"mov dx, 0x8000\n\tmov ds, dx\n\tmov es, dx\n\t"
#define LEAVE	"\n\txor dx, dx\n\tmov ds, dx\n\tmov es, dx"
#define ORIGIN	0x80000
#else
#define ENTER	""
#define LEAVE	""
#define ORIGIN	0
#endif

static volatile u32 ticks;
static volatile word tick_cx, tick_di;

static void on_tick(struct frame *frame)
{
	ticks++;
	tick_cx = frame->cx;
	tick_di = frame->di;
	out8(PIC1, EOI);
}

/* One IRQ 0 waits in the 8259A. */
static void make_tick_wait(void)
{
	pit_start(0, 10);
	while (!(pic_read(PIC1, READ_REQUESTS) & 1))
		;
}

static void copies(void)
{
	u32 rounds = 0, wrong = 0;

	for (u32 i = 0; i < LENGTH; i += 4)
		write32(LONG_FROM + i, i * 0x10203u);
	ticks = 0;
	pit_start(2, TICK);
	do {
		word from = LONG_FROM - ORIGIN, to = LONG_TO - ORIGIN, count = LENGTH / 4;
		word bytes_to = LONG_TO - ORIGIN + LENGTH - 1, bytes = LENGTH / 2;

		__asm__ volatile(ENTER "sti\n\tnop\n\trep movsd\n\tcli" LEAVE
			: "+S"(from), "+D"(to), "+c"(count) : : "edx", "memory", "cc");
		if (count || to != LONG_TO - ORIGIN + LENGTH || read32(LONG_TO + LENGTH - 4) != (LENGTH - 4) * 0x10203u)
			wrong++;
		for (u32 i = 0; i < LENGTH; i += 1020)
			if (read32(LONG_TO + i) != i * 0x10203u)
				wrong++;
		__asm__ volatile(ENTER "sti\n\tstd\n\trep stosb\n\tcli\n\tcld" LEAVE
			: "+D"(bytes_to), "+c"(bytes) : "a"(rounds) : "edx", "memory", "cc");
		if (bytes || bytes_to != LONG_TO - ORIGIN + LENGTH / 2 - 1)
			wrong++;
		if (read8(LONG_TO + LENGTH / 2) != (u8)rounds || read8(LONG_TO + LENGTH - 1) != (u8)rounds)
			wrong++;
	} while (ticks < 10 && rounds++ < 5000);
	pit_stop();
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");	/* what still waits */
	check(ticks >= 10, "interrupts come while strings are copied and filled");
	check(wrong == 0, "and every copy is complete, every register where it belongs");
}

static void under_sti_shadow(void)
{
	word to = LONG_TO - ORIGIN, count = 100;

	ticks = 0;
	make_tick_wait();
	/* The interrupt comes after the first round or, in engines that carry the shadow on, after the last. */
	__asm__ volatile(ENTER "sti\n\trep stosb\n\tnop\n\tnop\n\tcli" LEAVE
		: "+D"(to), "+c"(count) : "a"(0x77) : "edx", "memory", "cc");
	check(ticks == 1, "an interrupt that waits comes once, during or after a REP in the shadow of STI");
	check(count == 0 && to == LONG_TO - ORIGIN + 100, "the REP ends as it should");
	check((tick_cx & 0xffff) < 100, "its first round was not interrupted");
	check(tick_di - (LONG_TO - ORIGIN) + tick_cx == 100, "the interrupted registers agree with each other");
	check(read8(LONG_TO) == 0x77 && read8(LONG_TO + 99) == 0x77, "all was stored");

	make_tick_wait();
	count = 0;
	__asm__ volatile("sti\n\trep stosb\n\tcli" : "+c"(count) : "a"(0), "D"(TARGET) : "memory", "cc");
	check(ticks <= 2, "a REP with count 0 in the shadow of STI is one instruction");
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	check(ticks == 2, "and what waited still comes");
}

void ticks_and_shadows(void)
{
	pic_init(IRQ_BASE);
	pit_stop();
	set_handler(IRQ_BASE, on_tick);
	pic_allow(1);
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	copies();
	under_sti_shadow();
	pit_stop();
	pic_init_as_bios();
}
