// SPDX-License-Identifier: GPL-2.0-or-later
// INT 1Ah AH=B1h. [PCI BIOS] PCI BIOS Specification 2.1.

#include "bios.h"

enum result {
	SUCCESSFUL = 0x00,
	FUNCTION_NOT_SUPPORTED = 0x81,
	BAD_VENDOR_ID = 0x83,
	DEVICE_NOT_FOUND = 0x86,
	BAD_REGISTER_NUMBER = 0x87,
};

void pci_service(Frame *frame);

static u8 tell_presence(Frame *frame)
{
	frame->dx.e = 0x20494350; // "PCI "
	frame->di.e = 0;	  // no entry for protected mode
	frame->bx.x = 0x0210;
	frame->cx.l = 0; // the last bus
	frame->ax.l = 1; // configuration mechanism 1
	return SUCCESSFUL;
}

// The `index`th function whose register at `offset`, shifted, has this value.
static u8 find(Frame *frame, u8 offset, u8 shift, u32 value, u16 index)
{
	for (u16 function = pci_next(PCI_NONE); function != PCI_NONE; function = pci_next(function)) {
		if (pci_read(function, offset, 4) >> shift == value && !index--) {
			frame->bx.x = function;
			return SUCCESSFUL;
		}
	}
	return DEVICE_NOT_FOUND;
}

// AL=08h to 0Ah read, 0Bh to 0Dh write: 1, 2 or 4 bytes at BX, register DI
static u8 access(Frame *frame)
{
	static const u8 widths[3] = {1, 2, 4};
	u8 index = (frame->ax.l - 8) % 3, width = widths[index];
	u16 offset = frame->di.x;
	if (offset > 0xFF || offset & (width - 1))
		return BAD_REGISTER_NUMBER;
	if (frame->ax.l >= 0x0B) {
		pci_write(frame->bx.x, offset, width, frame->cx.e);
		return SUCCESSFUL;
	}
	u32 value = pci_read(frame->bx.x, offset, width);
	if (width == 1)
		frame->cx.l = value;
	else if (width == 2)
		frame->cx.x = value;
	else
		frame->cx.e = value;
	return SUCCESSFUL;
}

static u8 serve(Frame *frame)
{
	switch (frame->ax.l) {
	case 0x01:
		return tell_presence(frame);
	case 0x02:
		if (frame->dx.x == 0xFFFF)
			return BAD_VENDOR_ID;
		return find(frame, 0, 0, (u32)frame->cx.x << 16 | frame->dx.x, frame->si.x);
	case 0x03:
		return find(frame, 8, 8, frame->cx.e & 0xFFFFFF, frame->si.x);
	case 0x08 ... 0x0D:
		return access(frame);
	default:
		return FUNCTION_NOT_SUPPORTED;
	}
}

void pci_service(Frame *frame)
{
	u8 result = serve(frame);
	frame->ax.h = result;
	set_carry(frame, result != SUCCESSFUL);
}
