// SPDX-License-Identifier: GPL-2.0-or-later
// INT 14h on 16550A ports; INT 17h without a printer.

#include "bios.h"

enum { DATA = 0, INTERRUPT_ENABLE = 1, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5, MODEM_STATUS = 6 };
enum { SCRATCH = 7, DIVISOR_ACCESS = 0x80, DATA_READY = 0x01, HOLDING_EMPTY = 0x20, TIMED_OUT = 0x80 };
enum { LOOKS_A_TIMEOUT_UNIT = 0x2000 };

// A port is there when its scratch register keeps what is written. Nothing else is touched.
void serial_setup(void)
{
	static const u16 bases[4] = {0x3F8, 0x2F8, 0x3E8, 0x2E8};
	u32 found = 0;
	for (u32 n = 0; n < 4; n++) {
		outb(bases[n] + SCRATCH, 0x5A);
		if (inb(bases[n] + SCRATCH) != 0x5A)
			continue;
		bda()->com_timeouts[found] = 10;
		bda()->com_ports[found++] = bases[n];
	}
	bda()->equipment |= found << 9;
}

static int wait_for(u16 base, u8 wanted, u8 timeout)
{
	u32 looks = timeout * LOOKS_A_TIMEOUT_UNIT;
	while (looks--)
		if (inb(base + LINE_STATUS) & wanted)
			return 1;
	return 0;
}

static void tell_status(Frame *frame, u16 base)
{
	frame->ax.h = inb(base + LINE_STATUS);
	frame->ax.l = inb(base + MODEM_STATUS);
}

static void set_line(u16 base, u16 divisor, u8 format)
{
	outb(base + LINE_CONTROL, DIVISOR_ACCESS);
	outb(base + DATA, divisor);
	outb(base + INTERRUPT_ENABLE, divisor >> 8);
	outb(base + LINE_CONTROL, format);
	outb(base + INTERRUPT_ENABLE, 0);
}

// AH=00h. AL: rate in bits 7 to 5, then parity, stop bits and length as the line control register has them
static void initialise(Frame *frame, u16 base)
{
	static const u16 divisors[8] = {1047, 768, 384, 192, 96, 48, 24, 12};
	set_line(base, divisors[frame->ax.l >> 5], frame->ax.l & 0x1F);
	tell_status(frame, base);
}

// AH=04h: AL break, BH parity, BL stop bits, CH length, CL rate
static void initialise_extended(Frame *frame, u16 base)
{
	static const u16 divisors[9] = {1047, 768, 384, 192, 96, 48, 24, 12, 6};
	static const u8 parities[5] = {0x00, 0x08, 0x18, 0x28, 0x38};
	enum { BREAK = 0x40 };
	u8 rate = frame->cx.l < COUNT_OF(divisors) ? frame->cx.l : COUNT_OF(divisors) - 1;
	u8 parity = frame->bx.h < COUNT_OF(parities) ? parities[frame->bx.h] : 0;
	u8 format = (frame->cx.h & 3) | (frame->bx.l & 1) << 2 | parity | (frame->ax.l & 1 ? BREAK : 0);
	set_line(base, divisors[rate], format);
	tell_status(frame, base);
}

// AH=05h: AL=0 reads the modem control register to BL, 1 writes it
static void control_modem(Frame *frame, u16 base)
{
	if (frame->ax.l == 1)
		outb(base + MODEM_CONTROL, frame->bx.l & 0x1F);
	else
		frame->bx.l = inb(base + MODEM_CONTROL);
	tell_status(frame, base);
}

static void send(Frame *frame, u16 base, u8 timeout)
{
	outb(base + MODEM_CONTROL, 0x03);
	int ready = wait_for(base, HOLDING_EMPTY, timeout);
	if (ready)
		outb(base + DATA, frame->ax.l);
	frame->ax.h = ready ? inb(base + LINE_STATUS) & ~TIMED_OUT : TIMED_OUT;
}

static void receive(Frame *frame, u16 base, u8 timeout)
{
	outb(base + MODEM_CONTROL, 0x03);
	if (!wait_for(base, DATA_READY, timeout)) {
		frame->ax.h = TIMED_OUT;
		return;
	}
	frame->ax.h = inb(base + LINE_STATUS) & 0x1E; // errors only
	frame->ax.l = inb(base + DATA);
}

void int14(Frame *frame)
{
	u16 port = frame->dx.x;
	u16 base = port < 4 ? bda()->com_ports[port] : 0;
	if (!base) {
		frame->ax.h = TIMED_OUT;
		return;
	}
	u8 timeout = bda()->com_timeouts[port];
	switch (frame->ax.h) {
	case 0x00:
		initialise(frame, base);
		break;
	case 0x01:
		send(frame, base, timeout);
		break;
	case 0x02:
		receive(frame, base, timeout);
		break;
	case 0x03:
		tell_status(frame, base);
		break;
	case 0x04:
		initialise_extended(frame, base);
		break;
	case 0x05:
		control_modem(frame, base);
		break;
	}
}

void int17(Frame *frame)
{
	frame->ax.h = 0x01; // timed out
}
