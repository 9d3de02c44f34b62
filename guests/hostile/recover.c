/* The way back: every chip by what its driver does at the start. */
#include "hostile.h"

enum { INTEL = 0x8086, POWER_MANAGEMENT = 0x7113, XENSOURCE = 0x5853, PLATFORM = 0x0001 };
enum { IDE_CLASS = 0x0101, NETWORK_CLASS = 0x0200, DISK = 0, EDGE_OR_LEVEL = 0x4d0, PCI_IRQS = 0x0c };
enum { KEYBOARD = 0x60, KEYBOARD_COMMAND = 0x64, OUTPUT_FULL = 1, SYSTEM_CONTROL = 0x61, PORT_92 = 0x92, A20 = 2 };

pci_function ide_function, nic_function, platform_function, power_function;
u16 bus_master, nic_ports;

void find_victims(void)
{
	ide_function = pci_find_class(IDE_CLASS, 0);
	nic_function = pci_find_class(NETWORK_CLASS, 0);
	power_function = pci_find(INTEL, POWER_MANAGEMENT, 0);
	platform_function = pci_find(XENSOURCE, PLATFORM, 0);
	if (ide_function == PCI_NONE || nic_function == PCI_NONE || ide_probe(DISK, NULL) != IDE_DISK)
		stop_with_error("a storm needs a disk and a network card");
	bus_master = (u16)pci_base(ide_function, 4);
	nic_ports = (u16)pci_base(nic_function, 0);
}

static void keyboard(void)
{
	static const u8 commands[] = { 0xad, 0xa7, 0xaa };

	for (u32 i = 0; i < COUNT(commands); i++) {
		out8(KEYBOARD_COMMAND, commands[i]);
		pause_us(1000);		/* what is on the cable arrives */
		while (in8(KEYBOARD_COMMAND) & OUTPUT_FULL)
			in8(KEYBOARD);
	}
	out8(KEYBOARD_COMMAND, 0x60);
	out8(KEYBOARD, 0x14);	/* the keyboard off, nothing interrupts */
}

static void clock(void)
{
	cmos_write(0x0b, 0x02);
	cmos_write(0x0a, 0x26);
	cmos_read(0x0c);
}

void recover(void)
{
	out8(SYSTEM_CONTROL, 0);
	out8(PORT_92, A20);
	out8(EDGE_OR_LEVEL, 0);
	out8(EDGE_OR_LEVEL + 1, PCI_IRQS);
	shared->console_ready = 0;
	interrupts_begin();
	pit_stop();
	clock();
	keyboard();
	for (u16 channel = 0; channel < 2; channel++) {
		out8((u16)(bus_master + 8 * channel), 0);
		out8((u16)(bus_master + 8 * channel + 2), 6);
	}
	ide_reset(0);
	ide_reset(2);
}
