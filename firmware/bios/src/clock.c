// SPDX-License-Identifier: GPL-2.0-or-later
// The clock: time, date and alarm (INT 1Ah AH=02h to 07h), IRQ 8, and the event that it lets wait for (INT 15h AH=83h).

#include "clock.h"

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

// Let the clock interrupt for a reason, or no longer.
static void allow(u8 reason, int on)
{
	u8 before = cmos_read(STATUS_B);
	cmos_write(STATUS_B, on ? before | reason : before & ~reason);
	if (on)
		outb(0xA1, inb(0xA1) & ~1); // IRQ 8
}

// AH=06h: INT 4Ah comes at CH:CL:DH; only one alarm at a time
static int set_alarm(Frame *frame)
{
	if (cmos_read(STATUS_B) & ALARM)
		return 0;
	cmos_write(SECONDS_ALARM, frame->dx.h);
	cmos_write(MINUTES_ALARM, frame->cx.l);
	cmos_write(HOURS_ALARM, frame->cx.h);
	allow(ALARM, 1);
	return 1;
}

void clock_service(Frame *frame)
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
	case 0x06:
		if (!set_alarm(frame)) {
			set_carry(frame, 1);
			return;
		}
		break;
	case 0x07:
		allow(ALARM, 0);
		break;
	}
	frame->ax.h = 0;
	set_carry(frame, 0);
}

// INT 15h AH=83h: AL=0 sets bit 7 of the byte at ES:BX after CX:DX microseconds, 1 forgets it; whether it failed
int clock_event(Frame *frame)
{
	struct bda FAR *data = bda();
	if (frame->ax.l > 1 || (frame->ax.l == 0 && data->wait_active)) {
		frame->ax.h = 0x86;
		return 1;
	}
	data->wait_active = frame->ax.l == 0;
	if (frame->ax.l == 0) {
		data->wait_flag = (u32)frame->es << 16 | frame->bx.x;
		data->wait_us = (u32)frame->cx.x << 16 | frame->dx.x;
	}
	allow(PERIODIC, frame->ax.l == 0);
	frame->ax.h = 0;
	return 0;
}

static void tick(void)
{
	enum { PERIOD_US = 976, DONE = 0x80 }; // 1024 a second
	struct bda FAR *data = bda();
	if (data->wait_us > PERIOD_US) {
		data->wait_us -= PERIOD_US;
		return;
	}
	u32 flag = linear(data->wait_flag >> 16, data->wait_flag);
	data->wait_active = 0;
	allow(PERIODIC, 0);
	poke8(flag, peek8(flag) | DONE);
}

// IRQ 8. Reading status C is what acknowledges it.
void int70(Frame *frame)
{
	(void)frame;
	u8 reasons = cmos_read(STATUS_C) & cmos_read(STATUS_B);
	if (reasons & PERIODIC && bda()->wait_active)
		tick();
	if (reasons & ALARM)
		call_interrupt(0x4A, 0);
	outb(0xA0, 0x20);
	end_of_interrupt_master();
}
