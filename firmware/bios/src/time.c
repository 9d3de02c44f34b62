// SPDX-License-Identifier: GPL-2.0-or-later
// The tick count (INT 08h) and INT 1Ah: time of day; AH=B1h goes on to the PCI BIOS.

#include "bios.h"

enum { TICKS_A_DAY = 0x1800B0, SECONDS = 0x00, MINUTES = 0x02, HOURS = 0x04, DAY = 0x07, MONTH = 0x08 };
enum { YEAR = 0x09, CENTURY = 0x32, STATUS_A = 0x0A, STATUS_B = 0x0B };
enum { UPDATING = 0x80, HALTED = 0x80, HOURS_24 = 0x02 };

void pci_service(Frame *frame);

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

// An update lasts 2 ms at most; the limit is for a clock that is not there.
static int clock_is_readable(void)
{
	for (u32 looks = 0; looks < 10000; looks++)
		if (!(cmos_read(STATUS_A) & UPDATING))
			return 1;
	return 0;
}

static void get_time(Frame *frame)
{
	frame->cx.h = cmos_read(HOURS);
	frame->cx.l = cmos_read(MINUTES);
	frame->dx.h = cmos_read(SECONDS);
	frame->dx.l = cmos_read(STATUS_B) & 1; // daylight saving
}

static void get_date(Frame *frame)
{
	frame->cx.h = cmos_read(CENTURY);
	frame->cx.l = cmos_read(YEAR);
	frame->dx.h = cmos_read(MONTH);
	frame->dx.l = cmos_read(DAY);
}

static void set_time(Frame *frame)
{
	cmos_write(STATUS_B, HOURS_24 | HALTED);
	cmos_write(HOURS, frame->cx.h);
	cmos_write(MINUTES, frame->cx.l);
	cmos_write(SECONDS, frame->dx.h);
	cmos_write(STATUS_B, HOURS_24 | (frame->dx.l & 1));
}

static void set_date(Frame *frame)
{
	u8 kept = cmos_read(STATUS_B) & ~HALTED;
	cmos_write(STATUS_B, kept | HALTED);
	cmos_write(CENTURY, frame->cx.h);
	cmos_write(YEAR, frame->cx.l);
	cmos_write(MONTH, frame->dx.h);
	cmos_write(DAY, frame->dx.l);
	cmos_write(STATUS_B, kept);
}

static void clock_service(Frame *frame)
{
	if (!clock_is_readable()) {
		set_carry(frame, 1);
		return;
	}
	switch (frame->ax.h) {
	case 0x02:
		get_time(frame);
		break;
	case 0x03:
		set_time(frame);
		break;
	case 0x04:
		get_date(frame);
		break;
	case 0x05:
		set_date(frame);
		break;
	}
	frame->ax.h = 0;
	set_carry(frame, 0);
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
	case 0x02:
	case 0x03:
	case 0x04:
	case 0x05:
		clock_service(frame);
		break;
	case 0xB1:
		pci_service(frame);
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
