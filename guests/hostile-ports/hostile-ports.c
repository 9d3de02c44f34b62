/* The hardware should survive whatever is read from and written to its ports, in bytes, words, double words and strings:
 * once its chips are programmed as a driver does, disk, network card, timers and keyboard controller work as before.
 * Interrupts are off, the IDE function may not master the bus, and nothing that would end the run is written:
 * the exit port, the three ways to a reset, the power management registers, and the ports that unplug.
 */
#include "../hostile/hostile.h"

enum { STORMS = 4, ACCESSES = 2500, LONGEST_STRING = 40 };
enum { KEYBOARD_COMMAND = 0x64, WRITE_OUTPUT_PORT = 0xd1, CLOSE_A20 = 0xdd, PULSES = 0xf0 };

static u8 strings[4 * LONGEST_STRING];

static u16 draw_port(void)
{
	static const u16 dense[][2] = {
		{ 0x20, 2 }, { 0x40, 4 }, { 0x60, 5 }, { 0x70, 2 }, { 0xa0, 2 }, { 0x1f0, 8 }, { 0x3f6, 1 }, { 0x170, 8 },
		{ 0x376, 1 }, { 0x3b0, 48 }, { 0x3f8, 8 }, { 0x4d0, 2 }, { 0x510, 2 },
	};
	u32 which = draw_below(COUNT(dense) + 6);

	if (which < COUNT(dense))
		return (u16)(dense[which][0] + draw_below(dense[which][1]));
	switch (which - COUNT(dense)) {
	case 0:
		return (u16)(bus_master + draw_below(16));
	case 1:
	case 2:
		return (u16)(nic_ports + draw_below(NE2K_PORTS));
	case 3:
		return (u16)draw_below(0x400);
	default:
		return (u16)draw();
	}
}

static bool meets(u16 port, u32 width, u16 first, u16 last)
{
	return port <= last && port + width > first;
}

/* Whether writing there would end the run, garble the console, or unplug devices. */
static bool forbidden(u16 port, u32 width, u32 value)
{
	static const u16 ranges[][2] = {
		{ 0x10, 0x1f }, { 0x92, 0x92 }, { 0xe9, 0xe9 }, { 0xf4, 0xf4 }, { 0x3f8, 0x3f8 }, { 0x402, 0x402 }, { 0xcf8, 0xcff },
	};

	for (u32 i = 0; i < COUNT(ranges); i++)
		if (meets(port, width, ranges[i][0], ranges[i][1]))
			return true;
	if (!meets(port, width, KEYBOARD_COMMAND, KEYBOARD_COMMAND))
		return false;
	value &= 0xff;
	return port != KEYBOARD_COMMAND || width > 1 || value >= PULSES || value == WRITE_OUTPUT_PORT || value == CLOSE_A20;
}

static u32 draw_value(void)
{
	u32 value = draw();

	switch (draw_below(4)) {
	case 0:
		return value & 0x0f;
	case 1:
		return value & 1 ? 0xffffffff : 0;
	default:
		return value;
	}
}

static void access(u16 port, u32 width, bool write, u32 value)
{
	if (!write) {
		width == 1 ? in8(port) : width == 2 ? in16(port) : in32(port);
	} else if (width == 1) {
		out8(port, (u8)value);
	} else if (width == 2) {
		out16(port, (u16)value);
	} else {
		out32(port, value);
	}
}

#define STRING(name, instruction, pointer) \
static void name(u16 port, word count) \
{ \
	void *at = strings; \
	__asm__ volatile("cld\n\trep " instruction : pointer(at), "+c"(count) : "d"(port) : "memory", "cc"); \
}
STRING(read_bytes, "insb", "+D")
STRING(read_words, "insw", "+D")
STRING(read_doubles, "insd", "+D")
STRING(write_bytes, "outsb", "+S")
STRING(write_words, "outsw", "+S")
STRING(write_doubles, "outsd", "+S")

static void string(u16 port, u32 width, bool write)
{
	word count = 1 + draw_below(LONGEST_STRING);

	if (write && forbidden(port, width, PULSES))
		return;
	if (width == 1)
		(write ? write_bytes : read_bytes)(port, count);
	else if (width == 2)
		(write ? write_words : read_words)(port, count);
	else
		(write ? write_doubles : read_doubles)(port, count);
}

static void storm(void)
{
	for (u32 i = 0; i < ACCESSES; i++) {
		u16 port = draw_port();
		u32 width = 1u << draw_below(3), value = draw_value();
		bool write = draw() & 1;

		if (!draw_below(8))
			string(port, width, write);
		else if (!write || !forbidden(port, width, value))
			access(port, width, write, value);
	}
}

/* Off with what has base addresses and must not be met by chance. */
static void decode(pci_function function, u16 bits, bool on)
{
	u16 command;

	if (function == PCI_NONE)
		return;
	command = pci_read16(function, PCI_COMMAND);
	pci_write16(function, PCI_COMMAND, on ? command | bits : command & (u16)~bits);
}

int main(void)
{
	u8 power;

	find_victims();
	power = pci_read8(power_function, 0x80);
	for (u32 seed = 1; seed <= STORMS; seed++) {
		begin_draws(seed * 0x9e3779b9u);
		decode(ide_function, PCI_COMMAND_MASTER, false);
		decode(platform_function, PCI_COMMAND_IO, false);
		pci_write8(power_function, 0x80, 0);
		storm();
		decode(ide_function, PCI_COMMAND_MASTER, true);
		decode(platform_function, PCI_COMMAND_IO, true);
		pci_write8(power_function, 0x80, power);
		recover();
		check_alive("after a storm of port accesses the machine works");
	}
	interrupts_end();
	printf("%u accesses survived\n", STORMS * ACCESSES);
	return 0;
}
