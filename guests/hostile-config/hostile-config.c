/* The hardware should survive whatever is written to the configuration of its PCI functions: regions may move over each
 * other, over the ports of other chips and over RAM, decoders and routes may be anything. The host bridge keeps CF8h and
 * CFCh to itself and RAM stays RAM, so that what was saved before can be put back, and then everything works as before.
 */
#include "../hostile/hostile.h"
#include "memory.h"

enum { STORMS = 3, ACCESSES = 1500, FUNCTIONS = 16, REGISTERS = 64, CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
enum { COMMAND = PCI_COMMAND / 4, MARKER_STEP = 0x100000, MARKERS_FROM = FREE_MEMORY, MARKERS_TO = 0x1000000 };

static pci_function functions[FUNCTIONS];
static u32 saved[FUNCTIONS][REGISTERS];
static u32 count;

static void save(void)
{
	count = 0;
	for (u32 slot = 0; slot < 256 && count < FUNCTIONS; slot++) {
		pci_function function = slot << 8;

		if (!pci_present(function))
			continue;
		functions[count] = function;
		for (u32 i = 0; i < REGISTERS; i++)
			saved[count][i] = pci_read32(function, (u8)(4 * i));
		count++;
	}
}

/* Nothing answers while regions are between two places; the status half of the command register is cleared by ones. */
static void put_back(void)
{
	for (u32 n = 0; n < count; n++)
		pci_write16(functions[n], PCI_COMMAND, 0);
	for (u32 n = 0; n < count; n++)
		for (u32 i = 0; i < REGISTERS; i++)
			if (i != COMMAND)
				pci_write32(functions[n], (u8)(4 * i), saved[n][i]);
	for (u32 n = 0; n < count; n++)
		pci_write16(functions[n], PCI_COMMAND, (u16)saved[n][COMMAND]);
}

static bool all_as_before(void)
{
	bool right = true;

	for (u32 n = 0; n < count; n++)
		for (u32 i = 0; i < REGISTERS; i++) {
			u32 now = pci_read32(functions[n], (u8)(4 * i));
			u32 mask = i == COMMAND ? 0xffff : 0xffffffff;

			if ((now ^ saved[n][i]) & mask) {
				printf("    %x, register %x: found %x, wanted %x\n", functions[n], 4 * i, now, saved[n][i]);
				right = false;
			}
		}
	return right;
}

/* Addresses that mean trouble: where chips, the mechanism itself, RAM and ROM are. */
static u32 draw_base(void)
{
	static const u32 bases[] = {
		0x01, 0x21, 0x41, 0x61, 0xc1, 0xe1, 0x1f1, 0x171, 0x3f1, 0x3f9, 0xce1, 0xcf9, 0xcfd, 0xb001, 0xfff1, 0xffe1,
		0x00000000, 0x00100000, 0x00800000, 0x01000000, 0xe0000000, 0xfec00000, 0xfee00000, 0xff000000, 0xfffc0000,
	};

	return bases[draw_below(COUNT(bases))];
}

static u32 draw_value(void)
{
	switch (draw_below(5)) {
	case 0:
		return draw_base();
	case 1:
		return 0xffffffff;
	case 2:
		return draw() & 0x8f8f8f8f;
	default:
		return draw();
	}
}

/* SMRAM's lock lasts until a reset, and with it open the VGA's window is gone: hardware could not put it back. */
static bool lasts(pci_function function, u8 offset)
{
	return function == 0 && (offset & 0xfc) == 0x70;
}

static void storm(void)
{
	for (u32 i = 0; i < ACCESSES; i++) {
		pci_function function = draw_below(8) ? functions[draw_below(count)] : draw() & 0x00ffff00;
		u32 width = 1u << draw_below(3), value = draw_value();
		u8 offset = (u8)(draw_below(3) ? draw() : PCI_COMMAND + 4 * draw_below(12));
		u16 port = (u16)(CONFIG_DATA + (width == 4 ? 0 : offset & 3));

		if (lasts(function, offset))
			continue;
		out32(CONFIG_ADDRESS, (draw_below(16) ? 0x80000000u : 0) | function | (offset & 0xfc));
		if (width == 1)
			draw() & 1 ? out8(port, (u8)value) : (void)in8(port);
		else if (width == 2)
			draw() & 1 ? out16(port, (u16)value) : (void)in16(port);
		else
			draw() & 1 ? out32(port, value) : (void)in32(port);
	}
}

/* In each MiB a word that must stay, whatever is put over it. */
static void mark(void)
{
	for (u32 at = MARKERS_FROM; at < MARKERS_TO; at += MARKER_STEP)
		write32(at, at ^ 0x5a5a5a5a);
}

static bool marked(void)
{
	bool right = true;

	for (u32 at = MARKERS_FROM; at < MARKERS_TO; at += MARKER_STEP)
		right &= read32(at) == (at ^ 0x5a5a5a5a);
	return right;
}

/* The card's 32 ports over those of the mechanism: the host bridge answers first, and never asks the bus. */
static void over_the_mechanism(void)
{
	u32 identity = pci_read32(nic_function, PCI_VENDOR);

	pci_write16(nic_function, PCI_COMMAND, PCI_COMMAND_IO);
	pci_write32(nic_function, PCI_BAR0, 0xce0);
	check_equal(pci_read32(nic_function, PCI_VENDOR), identity, "no region comes before CF8 and CFC");
	pci_write32(nic_function, PCI_BAR0, nic_ports);
	check_equal(pci_base(nic_function, 0), nic_ports, "so it can be moved away again");
	check_equal(in8(nic_ports) & 0xc0, 0, "and answers elsewhere");
}

int main(void)
{
	find_victims();
	save();
	mark();
	over_the_mechanism();
	for (u32 seed = 1; seed <= STORMS; seed++) {
		begin_draws(seed * 0x85ebca6bu);
		storm();
		check(marked(), "RAM stays RAM, whatever is put over it");
		put_back();
		check(all_as_before(), "what was saved can be put back");
		check(marked(), "RAM is as it was");
		recover();
		check_alive("after a storm of configuration the machine works");
	}
	interrupts_end();
	printf("%u accesses to %u functions survived\n", STORMS * ACCESSES, count);
	return 0;
}
