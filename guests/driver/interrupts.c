/* Interrupts for drivers that wait for one at a time; see driver.h. */
#include "chips.h"
#include "driver.h"

enum { TICK = 1193, PATIENCE = 3 };	/* a tick is a millisecond */

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

bool irq_comes(u32 irq)
{
	counts[irq] = ticks = 0;
	pic_allow((u16)(1 << irq | 1));
	pit_start(2, TICK);
	while (!counts[irq] && ticks < PATIENCE)
		wait_for_interrupt();
	pic_allow(0);
	pit_stop();
	return counts[irq] != 0;
}

bool irq_asserted(u32 irq)
{
	return pic_read(irq < 8 ? PIC1 : PIC2, READ_REQUESTS) >> (irq & 7) & 1;
}
