/* Interrupts for those who wait for one at a time; see irq.h. */
#include "irq.h"
#include "chips.h"
#include "guest.h"

enum { TICK = 1193, SLOW = 50, PATIENCE = 3, SYSTEM_CONTROL = 0x61 };	/* a tick is a millisecond */

static volatile u32 ticks, counts[16];

static void on_tick(struct frame *frame)
{
	(void)frame;
	ticks++;
	out8(PIC1, EOI);
}

/* Masks what it was called for: a level that its device holds would come again at once. */
static void on_irq(struct frame *frame)
{
	u32 irq = (u32)frame->vector - IRQ_BASE;
	u16 chip = irq < 8 ? PIC1 : PIC2;
	u8 bit = (u8)(1 << (irq & 7));
	bool real = pic_read(chip, READ_IN_SERVICE) & bit;

	if (real) {
		counts[irq]++;
		out8((u16)(chip + 1), in8((u16)(chip + 1)) | bit);
		out8(chip, EOI);
	}
	if (irq >= 8)
		out8(PIC1, EOI);
}

void interrupts_begin(void)
{
	interrupts_init();
	pic_init(IRQ_BASE);
	set_handler(IRQ_BASE, on_tick);
	for (u8 irq = 1; irq < 16; irq++)
		set_handler((u8)(IRQ_BASE + irq), on_irq);
}

void interrupts_end(void)
{
	pit_start(3, 0);
	pic_init_as_bios();
	out8(PIC1 + 1, 0xb8);		/* timer, keyboard and the second chip, as a BIOS leaves them */
	out8(PIC2 + 1, 0x8f);
}

/* How many ticks of IRQ 0 make up `milliseconds`: long ones, where it does not matter. */
static u32 begin_ticks(u32 milliseconds)
{
	bool slow = milliseconds >= 2 * SLOW;

	pic_allow(1);
	pit_start(2, slow ? SLOW * TICK : TICK);
	while (irq_asserted(0))		/* OUT went high as the mode was set, which is no tick */
		wait_for_interrupt();
	ticks = 0;
	return slow ? (milliseconds + SLOW - 1) / SLOW : milliseconds;
}

bool irq_comes_within(u32 irq, u32 milliseconds)
{
	milliseconds = begin_ticks(milliseconds);
	counts[irq] = 0;
	pic_allow((u16)(1 << irq | 1));
	while (!counts[irq] && ticks < milliseconds)
		wait_for_interrupt();
	pic_allow(0);
	pit_stop();
	return counts[irq] != 0;
}

bool irq_comes(u32 irq)
{
	return irq_comes_within(irq, PATIENCE);
}

bool irq_asserted(u32 irq)
{
	return pic_read(irq < 8 ? PIC1 : PIC2, READ_REQUESTS) >> (irq & 7) & 1;
}

void irq_forget(u32 irq)
{
	if (irq_asserted(irq))
		irq_comes_within(irq, 1);
}

void pause_ms(u32 milliseconds)
{
	milliseconds = begin_ticks(milliseconds);
	while (ticks < milliseconds)
		wait_for_interrupt();
	pic_allow(0);
	pit_stop();
}

void pause_us(u32 microseconds)
{
	u8 control = in8(SYSTEM_CONTROL) & 0x0c;
	u32 count = microseconds * 1193 / 1000 + 1;

	out8(SYSTEM_CONTROL, control | 1);	/* the gate, without the loudspeaker */
	out8(PIT + 3, 0xb0);
	out8(PIT + 2, (u8)count);
	out8(PIT + 2, (u8)(count >> 8));
	while (!(in8(SYSTEM_CONTROL) & 0x20))
		;
	out8(SYSTEM_CONTROL, control);
}
