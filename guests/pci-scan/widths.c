/* Which accesses the two ports of mechanism 1 take. */
#include "scan.h"

static void aim(pci_function function, u8 offset)
{
	out32(CONFIG_ADDRESS, CONFIG_ENABLE | function | offset);
}

static void address(void)
{
	aim(IDE, PCI_CLASS - 2);
	check_equal(in32(CONFIG_ADDRESS), CONFIG_ENABLE | IDE | (PCI_CLASS - 2), "the address register reads as written");
	u32 there = in32(CONFIG_DATA);
	out8(CONFIG_ADDRESS, 0);
	check_equal(in32(CONFIG_DATA), there, "it takes no bytes");
	out16(CONFIG_ADDRESS, 0);
	out16(CONFIG_ADDRESS + 2, 0);
	check_equal(in32(CONFIG_DATA), there, "nor words");
	out8(CONFIG_ADDRESS + 3, 0);
	check_equal(in32(CONFIG_DATA), there, "not even at its highest byte");
	/* [440FX] "a byte or word access to this register passes through"; QEMU shows it all the same. */
	if (!on_tcg()) {
		check_equal(in8(CONFIG_ADDRESS), 0xff, "as a byte it does not answer");
		check_equal(in16(CONFIG_ADDRESS + 2), 0xffff, "nor as a word");
		out32(CONFIG_ADDRESS, 0xff000003 | IDE);
		check_equal(in32(CONFIG_ADDRESS), CONFIG_ENABLE | IDE, "reserved bits are 0");
	}
	out32(CONFIG_ADDRESS, IDE);
	check_equal(in32(CONFIG_DATA), 0xffffffff, "without its enable bit nothing answers at CFC");
	check_equal(in8(CONFIG_DATA), 0xff, "in any width");
	pci_write8(IDE, PCI_INTERRUPT_LINE, 14);
	out32(CONFIG_ADDRESS, IDE | PCI_INTERRUPT_LINE);
	out8(CONFIG_DATA, 3);
	check_equal(pci_read8(IDE, PCI_INTERRUPT_LINE), 14, "nor is anything written");
}

static void reads(void)
{
	u32 whole;

	aim(IDE, PCI_VENDOR);
	whole = in32(CONFIG_DATA);
	for (u16 n = 0; n < 4; n++)
		check_equal(in8((u16)(CONFIG_DATA + n)), whole >> 8 * n & 0xff, "CFC to CFF are the four bytes");
	for (u16 n = 0; n < 3; n += 2)
		check_equal(in16((u16)(CONFIG_DATA + n)), whole >> 8 * n & 0xffff, "and two words");
	/* [PCI] 3.7.4.1: any byte enables within the double word; QEMU refuses what is not aligned. */
	check_but_not_on_tcg(in16(CONFIG_DATA + 1) == (whole >> 8 & 0xffff), "and an odd one between them");
}

static void writes(void)
{
	pci_function function = cards[0].function;
	u32 before;

	pci_write8(function, PCI_INTERRUPT_LINE, 0x55);
	before = pci_read32(function, PCI_INTERRUPT_LINE);
	pci_write8(function, PCI_INTERRUPT_LINE, 0xaa);
	check_equal(pci_read32(function, PCI_INTERRUPT_LINE), (before & ~0xffu) | 0xaa, "a byte is written alone");
	pci_write32(function, PCI_INTERRUPT_LINE, 0xffffff00 | 0x55);
	check_equal(pci_read32(function, PCI_INTERRUPT_LINE), before, "of a double word what can be written");
	pci_write8(function, PCI_INTERRUPT_PIN, 4);
	check_equal(pci_read8(function, PCI_INTERRUPT_PIN), 1, "the pin cannot");
	u32 base = pci_read32(function, PCI_BAR0);
	pci_write8(function, PCI_BAR0 + 1, 0xd0);
	check_equal(pci_read32(function, PCI_BAR0), (base & ~0xff00u) | 0xd000, "an address may be written in bytes");
	pci_write16(function, PCI_BAR0, 0xd400);
	check_equal(pci_read32(function, PCI_BAR0) & 0xffff, 0xd401, "or in words; its lowest bit stays");
	pci_write32(function, PCI_BAR0, base);
	check_equal(pci_read32(function, PCI_BAR0), base, "or at once");
}

void widths(void)
{
	address();
	reads();
	writes();
}
