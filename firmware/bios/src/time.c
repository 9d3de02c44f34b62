// SPDX-License-Identifier: GPL-2.0-or-later
// The tick count (INT 08h) and INT 1Ah: time of day. AH=B1h is in pci_service.S.

#include "clock.h"

enum { TICKS_A_DAY = 0x1800B0 };

static u32 from_bcd(u8 value)
{
	return (value >> 4) * 10 + (value & 0x0F);
}

void time_setup(void)
{
	outb(0x43, 0x34); // [8254] counter 0, both bytes, mode 2, 65536 counts: 18.2 Hz
	outb(0x40, 0);
	outb(0x40, 0);
	cmos_write(STATUS_A, 0x26);
	cmos_write(STATUS_B, HOURS_24);
	u32 seconds = from_bcd(cmos_read(SECONDS));
	seconds += from_bcd(cmos_read(MINUTES)) * 60;
	seconds += from_bcd(cmos_read(HOURS)) * 3600;
	if (seconds >= 86400)
		seconds = 0;
	bda()->ticks = seconds * 18 + (seconds * 13534 >> 16); // 1193182 / 65536 a second
}

void int08(Frame *frame)
{
	(void)frame;
	struct bda FAR *data = bda();
	if (++data->ticks >= TICKS_A_DAY) {
		data->ticks = 0;
		data->midnights++;
	}
	call_interrupt(0x1C, 0);
	end_of_interrupt_master();
}

static void get_ticks(Frame *frame)
{
	struct bda FAR *data = bda();
	frame->cx.x = data->ticks >> 16;
	frame->dx.x = data->ticks;
	frame->ax.l = data->midnights;
	data->midnights = 0;
}

static void set_ticks(Frame *frame)
{
	bda()->ticks = (u32)frame->cx.x << 16 | frame->dx.x;
	bda()->midnights = 0;
}

void int1a(Frame *frame)
{
	switch (frame->ax.h) {
	case 0x00:
		get_ticks(frame);
		set_carry(frame, 0);
		break;
	case 0x01:
		set_ticks(frame);
		set_carry(frame, 0);
		break;
	case 0x02 ... 0x07:
		clock_service(frame);
		break;
	default:
		set_carry(frame, 1);
	}
}

void irq_master(Frame *frame)
{
	(void)frame;
	end_of_interrupt_master();
}

void irq_slave(Frame *frame)
{
	(void)frame;
	outb(0xA0, 0x20);
	end_of_interrupt_master();
}
