/* Sizes and places of regions, and the command register that lets them answer. */
#include "scan.h"

enum { BARS = 6, SPARE_PORTS = 0xd800, XENSOURCE = 0x5853, PLATFORM = 0x0001, SPARE_MEMORY = (int)0xd0000000 };

static u32 size_of(pci_function function, u8 offset)
{
	u32 held = pci_read32(function, offset), ones, fixed;

	pci_write32(function, offset, 0xffffffff);
	ones = pci_read32(function, offset);
	pci_write32(function, offset, held);
	check_equal(pci_read32(function, offset), held, "an address can be put back");
	if (!ones)
		return 0;
	fixed = ones & 1 ? 3 : 15;
	check_equal(ones & fixed, held & fixed, "the kind of a region is fixed");
	ones &= ~fixed;
	if (!(ones & 0xffff0000))
		ones |= 0xffff0000;	/* [PCI] 6.2.5.1: of ports the upper half may read 0 */
	check((~ones & (~ones + 1)) == 0, "a size is a power of two");
	check((held & ~fixed & ~ones) == 0, "and a place is a multiple of it");
	return ~ones + 1;
}

static void sizes(void)
{
	for (u32 device = 0; device < 8; device++)
		for (u32 number = 0; number < 8; number++) {
			pci_function function = PCI_FUNCTION(0, device, number);
			u16 command;

			if (!pci_present(function) || function == HOST_BRIDGE)
				continue;
			command = pci_read16(function, PCI_COMMAND);
			pci_write16(function, PCI_COMMAND, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
			for (u8 n = 0; n < BARS; n++)
				size_of(function, (u8)(PCI_BAR0 + 4 * n));
			pci_write16(function, PCI_COMMAND, command);
			check_equal(pci_read16(function, PCI_COMMAND), command, "a command can be put back");
		}
	check_equal(size_of(IDE, PCI_BAR0 + 16), 16, "the bus masters of IDE have 16 ports");
	for (u8 n = 0; n < 4; n++)
		check_equal(size_of(IDE, (u8)(PCI_BAR0 + 4 * n)), 0, "its old ports have no registers");
	/* QEMU's has 256. */
	check_but_not_on_tcg(size_of(cards[0].function, PCI_BAR0) == 32, "an RTL8029 has 32 ports");
}

static bool answers(const struct card *card)
{
	return card_get(card, CARD_COMMAND) != 0xff && (card_get(card, CARD_COMMAND) & 0xc0) == 0;
}

static void gates(void)
{
	struct card *card = &cards[0];
	u16 command = pci_read16(card->function, PCI_COMMAND);

	check(command & PCI_COMMAND_IO, "the firmware has enabled the card's ports");
	check(answers(card), "so they answer");
	pci_write16(card->function, PCI_COMMAND, command & ~PCI_COMMAND_IO);
	check_equal(in32(card->base), 0xffffffff, "without I/O space they float");
	pci_write16(card->function, PCI_COMMAND, command);
	check(answers(card), "with it they answer again");
	/* QEMU's old IDE ports are always there. */
	if (!on_tcg()) {
		u16 ide_command = pci_read16(IDE, PCI_COMMAND);

		check(in8(0x1f7) != 0xff, "the IDE channel answers");
		pci_write16(IDE, PCI_COMMAND, ide_command & ~PCI_COMMAND_IO);
		check_equal(in8(0x1f7), 0xff, "not without I/O space, though its ports are fixed");
		pci_write16(IDE, PCI_COMMAND, ide_command);
		check(in8(0x1f7) != 0xff, "and again with it");
	}
	u32 timing = pci_read32(IDE, 0x40);
	check_equal(timing & 0x80008000, 0x80008000, "both IDE channels are decoded");
}

static void moves(void)
{
	struct card *card = &cards[0], old = cards[0];

	pci_write32(card->function, PCI_BAR0, SPARE_PORTS);
	card->base = SPARE_PORTS;
	check(answers(card), "a card's ports move to where its address says");
	check_equal(in32(old.base), 0xffffffff, "and answer there alone");
	pci_write32(card->function, PCI_BAR0, old.base);
	check_equal(in32(SPARE_PORTS), 0xffffffff, "they move back");
	*card = old;
	check(answers(card), "and answer as before");
	check(answers(&cards[1]), "the other card has not moved");
}

static void memory(void)
{
	pci_function function = pci_find(XENSOURCE, PLATFORM, 0);
	u32 base, marker = 0x02000000;

	if (function == PCI_NONE)
		return;
	base = pci_base(function, 1);
	check_equal(size_of(function, PCI_BAR0 + 4), 0x1000000, "the platform device has 16 MiB of memory");
	check_equal(read32(base), 0, "which read 0");
	pci_write16(function, PCI_COMMAND, PCI_COMMAND_IO);
	check_equal(read32(base), 0xffffffff, "without memory space nobody answers there");
	pci_write16(function, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	pci_write32(function, PCI_BAR0 + 4, (u32)SPARE_MEMORY);
	check(read32((word)SPARE_MEMORY) == 0 && read32(base) == 0xffffffff, "memory moves, too");
	write32(marker, 0x0ddba11);
	pci_write32(function, PCI_BAR0 + 4, marker);
	check_equal(read32(marker), 0x0ddba11, "below the top of RAM the host bridge takes the access: RAM stays");
	pci_write32(function, PCI_BAR0 + 4, base);
	check_equal(read32(marker), 0x0ddba11, "as it was");
	check_equal(read32(base), 0, "and the region is back");
}

void regions(void)
{
	sizes();
	gates();
	moves();
	memory();
}
