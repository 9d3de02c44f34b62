/* PCI configuration; see pci.h. */
#include "pci.h"
#include "ports.h"

enum { ADDRESS = 0xcf8, DATA = 0xcfc, ENABLE = (int)0x80000000 };

static u16 aim(pci_function function, u8 offset)
{
	out32(ADDRESS, (u32)ENABLE | function | (offset & 0xfc));
	return (u16)(DATA + (offset & 3));
}

u8 pci_read8(pci_function function, u8 offset)
{
	return in8(aim(function, offset));
}

u16 pci_read16(pci_function function, u8 offset)
{
	return in16(aim(function, offset));
}

u32 pci_read32(pci_function function, u8 offset)
{
	return in32(aim(function, offset));
}

void pci_write8(pci_function function, u8 offset, u8 value)
{
	out8(aim(function, offset), value);
}

void pci_write16(pci_function function, u8 offset, u16 value)
{
	out16(aim(function, offset), value);
}

void pci_write32(pci_function function, u8 offset, u32 value)
{
	out32(aim(function, offset), value);
}

bool pci_present(pci_function function)
{
	return pci_read16(function, PCI_VENDOR) != 0xffff;
}

/* The first function of bus 0 from `function` on that is there, or PCI_NONE. */
static pci_function next_present(pci_function function)
{
	for (; function < PCI_FUNCTION(1, 0, 0); function += PCI_FUNCTION(0, 0, 1)) {
		bool first = (function >> 8 & 7) == 0;
		pci_function head = function & ~(u32)0x700;

		if (!first && (!pci_present(head) || !(pci_read8(head, PCI_HEADER_TYPE) & 0x80)))
			continue;
		if (pci_present(function))
			return function;
	}
	return PCI_NONE;
}

static pci_function find(u8 offset, u32 wanted, u32 mask, u32 index)
{
	pci_function function = next_present(0);

	for (; function != PCI_NONE; function = next_present(function + PCI_FUNCTION(0, 0, 1)))
		if ((pci_read32(function, offset) & mask) == wanted && index-- == 0)
			return function;
	return PCI_NONE;
}

pci_function pci_find(u16 vendor, u16 device, u32 index)
{
	return find(PCI_VENDOR, vendor | (u32)device << 16, 0xffffffff, index);
}

pci_function pci_find_class(u16 class_code, u32 index)
{
	return find(PCI_REVISION, (u32)class_code << 16, 0xffff0000, index);
}

u32 pci_base(pci_function function, u32 number)
{
	u32 base = pci_read32(function, (u8)(PCI_BAR0 + 4 * number));

	return base & 1 ? base & ~(u32)3 : base & ~(u32)15;
}
