/* The hardware should be a 440FX with a PIIX3: configuration mechanism 1 at CF8h and CFCh finds the functions of bus 0
 * and all ones elsewhere; data is read and written in bytes, words and double words and by nothing else; identities
 * cannot be written; a base address register tells its size and moves its region; the command register lets regions
 * answer or not; and the PIRQ registers of the ISA bridge lead a card's INTA# to the IRQ that they name, as a level,
 * shared where two are led to the same. [PCI] 2.1, [440FX] Intel 290549, [PIIX3] Intel 290550.
 */
#include "scan.h"

enum { INTEL = 0x8086, REALTEK = 0x10ec, RTL8029 = 0x8029, MULTIFUNCTION = 0x80 };

struct card cards[2];

u8 card_get(const struct card *card, u16 number)
{
	return in8((u16)(card->base + number));
}

void card_put(const struct card *card, u16 number, u8 value)
{
	out8((u16)(card->base + number), value);
}

static void sound(pci_function function)
{
	u32 identity = pci_read32(function, PCI_VENDOR);

	check((identity & 0xffff) != 0, "no vendor is 0");
	check_equal(pci_read8(function, PCI_HEADER_TYPE) & 0x7f, 0, "there is no bridge to another bus: headers are of type 0");
	check(pci_read8(function, PCI_INTERRUPT_PIN) <= 4, "an interrupt pin is A to D, or none");
	check(pci_read16(function, PCI_CLASS) != 0xffff, "a function has a class");
	pci_write32(function, PCI_VENDOR, ~identity);
	check_equal(pci_read32(function, PCI_VENDOR), identity, "its identity cannot be written");
}

static void walk(void)
{
	u32 found = 0;

	for (u32 device = 0; device < 32; device++) {
		bool first = pci_present(PCI_FUNCTION(0, device, 0));
		bool several = first && (pci_read8(PCI_FUNCTION(0, device, 0), PCI_HEADER_TYPE) & MULTIFUNCTION);
		u32 here = 0;

		for (u32 number = 0; number < 8; number++) {
			pci_function function = PCI_FUNCTION(0, device, number);

			if (!pci_present(function)) {
				check_equal(pci_read32(function, PCI_VENDOR), 0xffffffff, "who is absent reads all ones");
				check_equal(pci_read32(function, PCI_CLASS - 2), 0xffffffff, "everywhere");
				continue;
			}
			here++;
			sound(function);
		}
		found += here;
		check(here <= 1 || several, "a device with several functions says so in its function 0");
		check(here == 0 || first, "a device has a function 0");
	}
	for (u32 bus = 1; bus < 256; bus += 51)
		check(!pci_present(PCI_FUNCTION(bus, 0, 0)) && !pci_present(PCI_FUNCTION(bus, 1, 0)),
			"there is nothing on other buses");
	printf("%u functions\n", found);
}

static void chip_set(void)
{
	check_equal(pci_read32(HOST_BRIDGE, PCI_VENDOR), 0x1237 << 16 | INTEL, "00.0 is a 440FX");
	check_equal(pci_read16(HOST_BRIDGE, PCI_CLASS), 0x0600, "a host bridge");
	check_equal(pci_read32(ISA_BRIDGE, PCI_VENDOR), 0x7000 << 16 | INTEL, "01.0 is a PIIX3");
	check_equal(pci_read16(ISA_BRIDGE, PCI_CLASS), 0x0601, "an ISA bridge");
	check_equal(pci_read8(ISA_BRIDGE, PCI_HEADER_TYPE), MULTIFUNCTION, "of several functions");
	check_equal(pci_read32(IDE, PCI_VENDOR), 0x7010 << 16 | INTEL, "01.1 is its IDE function");
	check_equal(pci_read32(IDE, PCI_REVISION) >> 8, 0x010180, "a bus master at the old ports");
	check_equal(pci_read32(PCI_FUNCTION(0, 1, 3), PCI_VENDOR), 0x7113 << 16 | INTEL, "01.3 manages power");
	for (u32 i = 0; i < COUNT(cards); i++) {
		pci_function function = pci_find(REALTEK, RTL8029, i);

		if (function == PCI_NONE)
			stop_with_error("there should be two RTL8029");
		cards[i] = (struct card){ function, (u16)pci_base(function, 0), function >> 11 & 0x1f };
		check_equal(pci_read16(function, PCI_CLASS), 0x0200, "an RTL8029 is an Ethernet controller");
		check_equal(pci_read8(function, PCI_INTERRUPT_PIN), 1, "and interrupts by INTA#");
	}
	check(cards[0].base != cards[1].base, "two cards have ports apart");
}

int main(void)
{
	interrupts_begin();
	walk();
	chip_set();
	widths();
	regions();
	routing();
	interrupts_end();
	printf("Interrupts were moved\n");
	return 0;
}
