/* Priorities, nesting and withdrawal in the 8259A; the MC146818 through the second one. */
#include "interrupts.h"

enum { COM1 = 0x3f8 };

void raise_serial(void)
{
	while (!(in8(COM1 + 5) & 0x20))
		;
	out8(COM1 + 4, 0x0b);	/* OUT2 lets the interrupt out */
	out8(COM1 + 1, 0);
	out8(COM1 + 1, 2);	/* transmitter empty, which it is */
}

void lower_serial(void)
{
	out8(COM1 + 1, 0);
}

static volatile u32 serials, order, in_service_inside, ticks_inside, in_service_between;

static void note(u32 irq)
{
	order = order * 16 + irq;
}

static void on_serial_waiting_for_tick(struct frame *frame)
{
	(void)frame;
	serials++;
	note(4);
	lower_serial();
	pit_start(0, 10);
	while (!ticks)
		wait_for_interrupt();
	in_service_between = pic_read(PIC1, READ_IN_SERVICE);
	note(5);
	end_interrupt(4);
}

static void tick_within_serial(struct frame *frame)
{
	(void)frame;
	note(1);
	in_service_inside = pic_read(PIC1, READ_IN_SERVICE);
}

static void higher_within_lower(void)
{
	serials = order = 0;
	count_ticks(tick_within_serial);
	set_handler(IRQ_BASE + 4, on_serial_waiting_for_tick);
	pic_allow(TIMER | SERIAL);
	raise_serial();
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	check(serials == 1, "COM1 asks for IRQ 4 when its transmitter is empty");
	check_equal(order, 0x415, "IRQ 0 comes within the handler of IRQ 4");
	check_equal(in_service_inside, SERIAL, "after its EOI only IRQ 4 is in service");
	check_equal(in_service_between, SERIAL, "the EOI of IRQ 0 did not end IRQ 4");
	check_equal(pic_read(PIC1, READ_IN_SERVICE), 0, "in the end nothing is in service");
}

static void on_serial(struct frame *frame)
{
	(void)frame;
	serials++;
	note(4);
	lower_serial();
	end_interrupt(4);
}

static void on_timer_that_lets_others_in(struct frame *frame)
{
	(void)frame;
	ticks++;
	note(1);
	raise_serial();
	in_service_inside = pic_read(PIC1, READ_IN_SERVICE);
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	ticks_inside = serials;
	note(2);
	end_interrupt(0);
}

static void lower_within_higher(void)
{
	serials = order = ticks = 0;
	set_handler(IRQ_BASE, on_timer_that_lets_others_in);
	set_handler(IRQ_BASE + 4, on_serial);
	pic_allow(TIMER | SERIAL);
	make_timer_wait();
	__asm__ volatile("sti\n\tnop\n\tnop\n\tnop\n\tcli" : : : "memory");
	check(ticks == 1 && serials == 1, "both IRQs come");
	check_equal(ticks_inside, 0, "while IRQ 0 is in service IRQ 4 must wait, even with IF set");
	check_equal(in_service_inside, TIMER, "the register says that IRQ 0 is in service");
	check_equal(order, 0x124, "IRQ 4 comes after the EOI of IRQ 0");
}

static void by_priority(void)
{
	serials = order = 0;
	count_ticks(NULL);
	set_handler(IRQ_BASE, on_timer_that_lets_others_in);
	set_handler(IRQ_BASE + 4, on_serial);
	pic_allow(TIMER | SERIAL);
	raise_serial();
	make_timer_wait();
	check_equal(pic_read(PIC1, READ_REQUESTS) & (TIMER | SERIAL), TIMER | SERIAL, "both IRQs wait");
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	check_equal(order >> 8 & 0xf, 1, "of two that wait the lower number comes first");
}

static volatile u32 spurious, spurious_in_service;

static void on_spurious(struct frame *frame)
{
	(void)frame;
	spurious++;
	spurious_in_service = pic_read(PIC1, READ_IN_SERVICE);	/* no EOI: nothing is in service */
}

static void withdrawn(void)
{
	serials = spurious = 0;
	set_handler(IRQ_BASE + 4, on_serial);
	set_handler(IRQ_BASE + 7, on_spurious);
	pic_allow(SERIAL | 1 << 7);
	raise_serial();
	lower_serial();
	__asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	/* [8259A] "Interrupt sequence": the line must stay high until the CPU acknowledges. Where it does not there
	 * is either no request any more or a spurious IRQ 7. QEMU's 8259A keeps the edge and delivers IRQ 4.
	 */
	check_but_not_on_tcg(serials == 0, "a request that is withdrawn in time does not come");
	check(spurious <= 1, "at most one spurious IRQ 7 comes");
	check(!spurious || spurious_in_service == 0, "a spurious IRQ 7 is not in service");
}

static volatile u32 clocks, clock_causes;

static void on_clock(struct frame *frame)
{
	(void)frame;
	if (clocks++)
		clock_causes |= cmos_read(0x0c);
	end_interrupt(8);
}

static void real_time_clock(void)
{
	u8 rate = cmos_read(0x0a), control = cmos_read(0x0b);

	clocks = clock_causes = 0;
	count_ticks(NULL);
	set_handler(IRQ_BASE + 8, on_clock);
	pic_allow(TIMER | CLOCK);
	cmos_read(0x0c);
	cmos_write(0x0a, 0x23);		/* 8192 Hz */
	cmos_write(0x0b, (u8)(control | 0x40));
	while (!clocks)
		wait_for_interrupt();
	pit_start(2, TICK);
	while (ticks < 8)
		wait_for_interrupt();
	stop_timer();
	pic_allow(TIMER | CLOCK);
	check(clocks == 1, "until register C is read IRQ 8 comes only once");
	check((cmos_read(0x0c) & 0xc0) == 0xc0, "register C names the periodic interrupt");
	while (clocks < 5)
		wait_for_interrupt();
	cmos_write(0x0b, control);
	cmos_write(0x0a, rate);
	cmos_read(0x0c);
	check((clock_causes & 0xf0) == 0xc0, "the periodic interrupt is all that register C names");
	check(pic_read(PIC1, READ_IN_SERVICE) == 0 && pic_read(PIC2, READ_IN_SERVICE) == 0,
		"after an EOI to both chips nothing is in service");
}

void chips(void)
{
	higher_within_lower();
	lower_within_higher();
	by_priority();
	withdrawn();
	real_time_clock();
}
