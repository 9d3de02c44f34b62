/* PCI configuration by mechanism 1 (ports 0xcf8 and 0xcfc), in every mode. */
#pragma once
#include "types.h"

/* A function: bus << 16 | device << 11 | function << 8, as the address register wants it. */
typedef u32 pci_function;
#define PCI_FUNCTION(bus, device, function)	((pci_function)(bus) << 16 | (device) << 11 | (function) << 8)
#define PCI_NONE	0xffffffffu

enum {
	PCI_VENDOR = 0x00, PCI_DEVICE = 0x02, PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_REVISION = 0x08,
	PCI_CLASS = 0x0a, PCI_HEADER_TYPE = 0x0e, PCI_BAR0 = 0x10, PCI_SUBSYSTEM_VENDOR = 0x2c,
	PCI_INTERRUPT_LINE = 0x3c, PCI_INTERRUPT_PIN = 0x3d,
};
enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4 };

u8 pci_read8(pci_function function, u8 offset);
u16 pci_read16(pci_function function, u8 offset);
u32 pci_read32(pci_function function, u8 offset);
void pci_write8(pci_function function, u8 offset, u8 value);
void pci_write16(pci_function function, u8 offset, u16 value);
void pci_write32(pci_function function, u8 offset, u32 value);

/* Whether anything answers at `function`. */
bool pci_present(pci_function function);
/* The `index`th (from 0) function of bus 0 with these identities, or PCI_NONE. */
pci_function pci_find(u16 vendor, u16 device, u32 index);
/* The same by class code (0x0101 is IDE, 0x0200 Ethernet). */
pci_function pci_find_class(u16 class_code, u32 index);
/* Base of an I/O or memory region, without its flag bits; 0 if there is none. */
u32 pci_base(pci_function function, u32 number);
