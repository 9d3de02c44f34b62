// SPDX-License-Identifier: GPL-2.0-or-later
// Power management: the PIIX4's registers get their place, and INT 15h AH=53h (APM 1.2) switches the machine off.
// [PIIX4] 82371AB, 7.1 and 7.2; [APM] APM BIOS Interface Specification 1.2.

#include "bios.h"

enum {
	REGISTERS = 0xB000,
	CONTROL = REGISTERS + 4,
	SUSPEND_ENABLE = 1 << 13, // with suspend type 0: soft off
};
enum apm_error {
	INTERFACE_NOT_CONNECTED = 0x03,
	UNRECOGNIZED_DEVICE = 0x09,
	OUT_OF_RANGE = 0x0A,
	CANNOT_ENTER_STATE = 0x60,
};
enum { ALL_DEVICES = 0x0001, STATE_OFF = 0x0003, VERSION = 0x0102, SIGNATURE = 0x504D };

static u8 is_present, is_connected;

void power_setup(u16 function)
{
	pci_write(function, 0x40, 4, REGISTERS);
	pci_write(function, 0x80, 1, 1);
	is_present = 1;
}

static int failed(Frame *frame, enum apm_error error)
{
	frame->ax.h = error;
	return 1;
}

static int set_state(Frame *frame)
{
	if (!is_connected)
		return failed(frame, INTERFACE_NOT_CONNECTED);
	if (frame->bx.x != ALL_DEVICES)
		return failed(frame, UNRECOGNIZED_DEVICE);
	if (frame->cx.x > STATE_OFF)
		return failed(frame, OUT_OF_RANGE);
	if (frame->cx.x == STATE_OFF && is_present)
		outw(CONTROL, SUSPEND_ENABLE);
	return failed(frame, CANNOT_ENTER_STATE); // still on
}

int apm_service(Frame *frame)
{
	switch (frame->ax.l) {
	case 0x00: // installation check: real mode only
		frame->ax.x = VERSION;
		frame->bx.x = SIGNATURE;
		frame->cx.x = 0;
		return 0;
	case 0x01:
	case 0x04:
		is_connected = frame->ax.l == 0x01;
		frame->ax.h = 0;
		return 0;
	case 0x07:
		return set_state(frame);
	case 0x0E: // the driver says its version and hears which one holds
		frame->ax.x = VERSION;
		return 0;
	default:
		return failed(frame, OUT_OF_RANGE);
	}
}
