/* The hardware should bring the 8254's IRQ 0 through the 8259A pair to its handler, once a period, in real,
 * protected and long mode; wake the CPU from HLT; keep interrupts away behind STI and MOV SS and while IF is
 * clear; let them in between the rounds of REP MOVSB; order them by priority and by what is in service; hold what
 * is masked; call a withdrawn request IRQ 7; bring the MC146818's IRQ 8 through the second chip; and switch
 * stacks when they come in ring 3. Waiting is for ticks, never for loops; results are counted.
 */
#include "interrupts.h"

volatile u32 ticks;
static void (*tick_hook)(struct frame *);

void end_interrupt(u32 irq)
{
	if (irq >= 8)
		out8(PIC2, EOI);
	out8(PIC1, EOI);
}

static void on_timer(struct frame *frame)
{
	ticks++;
	end_interrupt(0);
	if (tick_hook)
		tick_hook(frame);
}

void count_ticks(void (*on_tick)(struct frame *))
{
	ticks = 0;
	tick_hook = on_tick;
	set_handler(IRQ_BASE, on_timer);
}

void stop_timer(void)
{
	pit_stop();
	pic_allow(TIMER);
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
}

void make_timer_wait(void)
{
	pit_start(0, 10);
	while (!(pic_read(PIC1, READ_REQUESTS) & TIMER))
		;
}

static volatile word flags_in_handler, woken_at;

static void look_at_flags(struct frame *frame)
{
	word flags;

	__asm__ volatile("pushf\n\tpop %0" : "=r"(flags) : : "memory");
	flags_in_handler = flags;
	woken_at = frame->ip;
}

static void waking(void)
{
	u32 halts = 0;
	word behind;

	count_ticks(NULL);
	pic_allow(TIMER);
	pit_start(2, TICK);
	for (; ticks < 10; halts++)
		wait_for_interrupt();
	stop_timer();
	check(halts <= 10, "HLT goes on after each tick");
	check(halts > 0, "the ticks come while the CPU is halted");

	count_ticks(look_at_flags);
	pit_start(0, TICK);
	__asm__ volatile("mov %0, offset 1f\n\tsti\n\thlt\n1:\tcli" : "=r"(behind) : : "memory");
	check(ticks == 1, "mode 0 interrupts once");
	check_equal(woken_at, behind, "the interrupt that ends HLT returns behind it");
	check(!(flags_in_handler & 0x200), "a handler begins with IF clear");
}

static void masks(void)
{
	count_ticks(NULL);
	pic_allow(0);
	enable_interrupts();
	make_timer_wait();
	disable_interrupts();
	check(ticks == 0, "a masked IRQ does not come");
	check(pic_read(PIC1, READ_IN_SERVICE) == 0, "nor is it in service");
	enable_interrupts();
	pic_allow(TIMER);
	/* Engines that translate look for interrupts where a block begins; a jump begins one. */
	__asm__ volatile("jmp 1f\n1:\tjmp 2f\n2:" : : : "memory");
	disable_interrupts();
	check(ticks == 1, "when unmasked it comes, once");
	check(!(pic_read(PIC1, READ_REQUESTS) & TIMER), "then it waits no more");
}

int main(void)
{
	interrupts_init();
	pic_init(IRQ_BASE);
	count_ticks(NULL);
	stop_timer();
	waking();
	masks();
	windows();
	chips();
#ifndef REAL_MODE
	ring3();
#endif
	pic_init_as_bios();
	printf("Interrupts in %s mode\n", MODE_NAME);
	return 0;
}
