// SPDX-License-Identifier: GPL-2.0-or-later
// PCI bus 0: configuration mechanism 1, and the assignment of addresses and interrupts.
// [PCI] PCI Local Bus Specification 2.1; [PIIX3] 82371SB.

#include "bios.h"

enum {
	CONFIG_ADDRESS = 0xCF8,
	CONFIG_DATA = 0xCFC,
	IO_WINDOW = 0xC000,
	MEMORY_WINDOW = 0xE0000000,
	MEMORY_WINDOW_END = 0xFEC00000, // I/O APIC, HPET, local APIC, ROM
};

enum register_offset {
	VENDOR_ID = 0x00,
	COMMAND = 0x04,
	CLASS_DEVICE = 0x0A,
	HEADER_TYPE = 0x0E,
	FIRST_BAR = 0x10,
	ROM_BAR = 0x30,
	INTERRUPT_LINE = 0x3C,
	INTERRUPT_PIN = 0x3D,
};

enum command { DECODE_IO = 1, DECODE_MEMORY = 2, BUS_MASTER = 4 };

// A function is bus << 8 | device << 3 | function, as in the PCI BIOS.
static void address(u16 function, u8 offset)
{
	outl(CONFIG_ADDRESS, 0x80000000 | (u32)function << 8 | (offset & 0xFC));
}

u32 pci_read(u16 function, u8 offset, u8 width)
{
	u16 port = CONFIG_DATA + (offset & 3);
	address(function, offset);
	return width == 1 ? inb(port) : width == 2 ? inw(port) : inl(port);
}

void pci_write(u16 function, u8 offset, u8 width, u32 value)
{
	u16 port = CONFIG_DATA + (offset & 3);
	address(function, offset);
	if (width == 1)
		outb(port, value);
	else if (width == 2)
		outw(port, value);
	else
		outl(port, value);
}

static int is_present(u16 function)
{
	return pci_read(function, VENDOR_ID, 2) != 0xFFFF;
}

// The next function that is present behind `function` (PCI_NONE: from the start), or PCI_NONE.
u16 pci_next(u16 function)
{
	u32 next = function == PCI_NONE ? 0 : function + 1;
	while (next < 0x100) {
		u32 first = next & ~7u;
		if (next != first && !(pci_read(first, HEADER_TYPE, 1) & 0x80)) {
			next = first + 8;
			continue;
		}
		if (is_present(next))
			return next;
		next = next == first ? first + 8 : next + 1;
	}
	return PCI_NONE;
}

static u32 next_io, next_memory;

// Give `size` (a power of two) the next aligned place below `end`; 0 where none is left.
static u32 allocate(u32 *next, u32 size, u32 end)
{
	u32 base = (*next + size - 1) & ~(size - 1);
	if (base < *next || base > end - size || size > end)
		return 0;
	*next = base + size;
	return base;
}

enum { IS_WIDE = 0x80 }; // a 64-bit register: it takes the place of two

// Size and assign one base address register; what it decodes.
static u8 assign(u16 function, u8 offset)
{
	pci_write(function, offset, 4, 0xFFFFFFFF);
	u32 mask = inl(CONFIG_DATA);
	if (mask & 1) {
		u32 size = -(mask & 0xFFFC) & 0xFFFF;
		u32 base = size ? allocate(&next_io, size, 0x10000) : 0;
		outl(CONFIG_DATA, base);
		return base ? DECODE_IO : 0;
	}
	u32 size = -(mask & 0xFFFFFFF0);
	u32 base = size ? allocate(&next_memory, size, MEMORY_WINDOW_END) : 0;
	outl(CONFIG_DATA, base);
	return (base ? DECODE_MEMORY : 0) | ((mask & 6) == 4 ? IS_WIDE : 0);
}

// An expansion ROM gets its place, but stays disabled: bit 0 is its enable.
static void assign_rom(u16 function)
{
	pci_write(function, ROM_BAR, 4, 0xFFFFF800);
	u32 size = -(inl(CONFIG_DATA) & 0xFFFFF800);
	outl(CONFIG_DATA, size ? allocate(&next_memory, size, MEMORY_WINDOW_END) : 0);
}

static u8 assign_all(u16 function)
{
	u8 decodes = 0;
	for (u8 offset = FIRST_BAR; offset < FIRST_BAR + 6 * 4; offset += 4) {
		u8 kind = assign(function, offset);
		decodes |= kind & ~IS_WIDE;
		if (kind & IS_WIDE) {
			offset += 4;
			pci_write(function, offset, 4, 0);
		}
	}
	return decodes;
}

// Interrupt pin A to D of a slot is wired to one of four links, and [PIIX3] 2.2.9 each link to an IRQ.
static const u8 link_irqs[4] = {10, 11, 10, 11};

static void setup_isa_bridge(u16 function)
{
	for (u8 link = 0; link < 4; link++)
		pci_write(function, 0x60 + link, 1, link_irqs[link]);
	outb(0x4D0, 0x00);
	outb(0x4D1, 1 << (10 - 8) | 1 << (11 - 8)); // ELCR2: PCI interrupts are levels
}

enum { ISA_BRIDGE = 0x70008086, POWER_MANAGEMENT = 0x71138086 };

static void route(u16 function, u32 identity)
{
	u8 pin = pci_read(function, INTERRUPT_PIN, 1);
	if (!pin || pin > 4)
		return;
	u32 slot = function >> 3;
	u8 irq = identity == POWER_MANAGEMENT ? 9 : link_irqs[(slot - 1 + pin - 1) & 3];
	pci_write(function, INTERRUPT_LINE, 1, irq);
}

static void setup_function(u16 function)
{
	u32 identity = pci_read(function, VENDOR_ID, 4);
	u32 class = pci_read(function, CLASS_DEVICE, 2);
	u8 header = pci_read(function, HEADER_TYPE, 1) & 0x7F;
	u8 decodes = 0;

	if (identity == ISA_BRIDGE)
		setup_isa_bridge(function);
	if (identity == POWER_MANAGEMENT)
		power_setup(function);
	if (class == 0x0600 || class == 0x0601) // host and ISA bridge have nothing to assign
		return;
	if (header == 0) {
		decodes = assign_all(function);
		if (class == 0x0300)
			decodes |= DECODE_IO | DECODE_MEMORY; // the old VGA addresses have no register
		assign_rom(function);
	}
	if (class == 0x0101) { // IDE at its old ports, and as bus master
		pci_write(function, 0x40, 4, 0x80008000); // [PIIX3] 2.5.4.1: decode both channels
		decodes |= DECODE_IO | BUS_MASTER;
	}
	route(function, identity);
	if (decodes)
		pci_write(function, COMMAND, 2, pci_read(function, COMMAND, 2) | decodes);
}

void pci_setup(void)
{
	next_io = IO_WINDOW;
	next_memory = MEMORY_WINDOW;
	for (u16 function = pci_next(PCI_NONE); function != PCI_NONE; function = pci_next(function))
		setup_function(function);
}
