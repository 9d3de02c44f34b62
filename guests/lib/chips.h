/* The 8259A pair, the 8254 and the MC146818, as far as guests need them. */
#pragma once
#include "interrupts.h"
#include "ports.h"

enum { PIC1 = 0x20, PIC2 = 0xa0, PIT = 0x40, CMOS = 0x70 };
enum { EOI = 0x20, READ_REQUESTS = 0x0a, READ_IN_SERVICE = 0x0b };

/* Sets both 8259A to begin at `base` and `base` + 8, everything masked. */
static inline void pic_init(u8 base)
{
	out8(PIC1, 0x11);
	out8(PIC2, 0x11);
	out8(PIC1 + 1, base);
	out8(PIC2 + 1, (u8)(base + 8));
	out8(PIC1 + 1, 4);
	out8(PIC2 + 1, 2);
	out8(PIC1 + 1, 1);
	out8(PIC2 + 1, 1);
	out8(PIC1 + 1, 0xff);
	out8(PIC2 + 1, 0xff);
}

/* Real mode has IRQ 0 at vector 8 and IRQ 8 at 0x70. */
static inline void pic_init_as_bios(void)
{
	pic_init(8);
	out8(PIC2, 0x11);
	out8(PIC2 + 1, 0x70);
	out8(PIC2 + 1, 2);
	out8(PIC2 + 1, 1);
	out8(PIC2 + 1, 0xff);
}

/* Lets through the IRQs whose bits are set, and IRQ 2 when one of the second chip is. */
static inline void pic_allow(u16 irqs)
{
	if (irqs >> 8)
		irqs |= 4;
	out8(PIC1 + 1, (u8)~irqs);
	out8(PIC2 + 1, (u8)(~irqs >> 8));
}

static inline u8 pic_read(u16 chip, u8 command)
{
	out8(chip, command);
	return in8(chip);
}

/* Channel 0: mode 2 (rate) or 0 (once), `count` periods of 838 ns; 0 means 65536. */
static inline void pit_start(u8 mode, u16 count)
{
	out8(PIT + 3, (u8)(0x30 | mode << 1));
	out8(PIT, (u8)count);
	out8(PIT, (u8)(count >> 8));
}

/* Channel 0 never expires: mode 0 waits for a count that does not come. */
static inline void pit_stop(void)
{
	out8(PIT + 3, 0x30);
}

static inline u8 cmos_read(u8 address)
{
	out8(CMOS, address);
	return in8(CMOS + 1);
}

static inline void cmos_write(u8 address, u8 value)
{
	out8(CMOS, address);
	out8(CMOS + 1, value);
}
