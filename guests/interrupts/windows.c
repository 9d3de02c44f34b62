/* Where between instructions an interrupt may come: the shadows of STI and MOV SS, the rounds of REP MOVSB. */
#include "interrupts.h"
#include "memory.h"

static void sti_shadow(void)
{
	word flags;

	count_ticks(NULL);
	pic_allow(TIMER);
	make_timer_wait();
	check(ticks == 0, "with IF clear nothing comes");
	__asm__ volatile("sti\n\tcli" : : : "memory");
	check(ticks == 0, "STI and CLI leave no window");
	__asm__ volatile("sti\n\tcli\n\tsti\n\tcli\n\tsti\n\tcli" : : : "memory");
	check(ticks == 0, "nor do three of them");
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	check(ticks == 1, "one instruction between them is a window");

	make_timer_wait();
	__asm__ volatile("pushf\n\tpop %0\n\tor %0, 0x200\n\tpush %0\n\tpopf\n\tcli" : "=r"(flags) : : "memory", "cc");
	check(ticks == 2, "POPF has no shadow");
	stop_timer();
}

static volatile u32 in_shadow, in_loop;
extern u8 shadow_start[], shadow_here[], shadow_end[];

static void look_for_shadow(struct frame *frame)
{
	if (frame->ip == (word)shadow_here)
		in_shadow++;
	if (frame->ip >= (word)shadow_start && frame->ip < (word)shadow_end)
		in_loop++;
}

static void stack_segment_shadow(void)
{
	u32 rounds = 0;

	in_shadow = in_loop = 0;
	count_ticks(look_for_shadow);
	pit_start(2, TICK);
	while (ticks < 12 && rounds++ < 1000000)
		__asm__ volatile("sti\n\tmov ecx, 20\n\tmov edx, ss\n\t.balign 16\nshadow_start:\tmov ss, edx\n"
			"shadow_here:\tnop\n\tnop\n\tdec ecx\n\tjnz shadow_start\nshadow_end:\tcli"
			: : : "ecx", "edx", "memory", "cc");
	stop_timer();
	check(ticks >= 12, "interrupts come while a loop loads SS");
	check(in_loop > 0, "some of them within the loop");
	check(in_shadow == 0, "but none directly behind MOV SS");
}

static volatile word steps, first_step;

static void on_step(struct frame *frame)
{
	steps++;
	first_step = frame->ip;
	frame->flags &= (typeof(frame->flags))~0x100;
}

static void stack_segment_holds_off_traps(void)
{
	word behind, flags;

	steps = 0;
#ifdef REAL_MODE
	u32 old = read32(4);
#endif
	set_handler(1, on_step);
	__asm__ volatile("mov %0, offset 1f\n\tmov edx, ss\n\tpushf\n\tpop %1\n\tor %1, 0x100\n\tpush %1\n\tpopf\n\t"
		"mov ss, edx\n\tnop\n1:\tnop" : "=&b"(behind), "=&r"(flags) : : "edx", "memory", "cc");
	check(steps == 1 && first_step == behind, "a single step over MOV SS stops behind the next instruction");
#ifdef REAL_MODE
	write32(4, old);
#endif
}

enum { LENGTH = 0x7f00, SOURCE = 0x80000, TARGET = SOURCE + 0x8000 };

static volatile u32 in_copy;
static volatile word copy_here, rest_at_tick, source_at_tick;

static void look_for_copy(struct frame *frame)
{
	word rest = frame->cx;

	if (frame->ip == copy_here && rest > 0 && rest < LENGTH) {
		in_copy++;
		rest_at_tick = rest;
		source_at_tick = frame->si;
	}
}

#ifdef REAL_MODE
#define BEFORE_COPY	"mov ax, 0x8000\n\tmov ds, ax\n\tmov es, ax\n\tsti\n\tnop\n"
#define AFTER_COPY	"\tcli\n\txor ax, ax\n\tmov ds, ax\n\tmov es, ax"
#define COPY_FROM	0
#else
#define BEFORE_COPY	"sti\n\tnop\n"
#define AFTER_COPY	"\tcli"
#define COPY_FROM	SOURCE
#endif

static void string_windows(void)
{
	u32 rounds = 0;
	word from, to, count;
	bool equal = true;

	for (u32 i = 0; i < LENGTH; i += 4)
		write32(SOURCE + i, i * 0x01010101u ^ 0x5a5a0000u);
	in_copy = 0;
	count_ticks(look_for_copy);
	pit_start(2, TICK);
	do {
		from = COPY_FROM;
		to = COPY_FROM + 0x8000;
		count = LENGTH;
		for (u32 i = 0; i < LENGTH; i += 2048)
			write32(TARGET + i, 0);
		__asm__ volatile("mov dword ptr [copy_here], offset 1f\n\t" BEFORE_COPY "1:\trep movsb\n" AFTER_COPY
			: "+S"(from), "+D"(to), "+c"(count) : : "eax", "memory", "cc");
		if (count || from != COPY_FROM + LENGTH || to != COPY_FROM + 0x8000 + LENGTH)
			equal = false;
		for (u32 i = 0; i < LENGTH; i += 2048)
			if (read32(TARGET + i) != read32(SOURCE + i))
				equal = false;
	} while (in_copy < 3 && rounds++ < 2000);
	stop_timer();
	check(in_copy >= 3, "interrupts come between the rounds of REP MOVSB");
	check(equal, "and the copy is complete and right all the same");
	check(source_at_tick - COPY_FROM + rest_at_tick == LENGTH, "the interrupted registers agree with each other");
}

void windows(void)
{
	sti_shadow();
	stack_segment_shadow();
	stack_segment_holds_off_traps();
	string_windows();
}
