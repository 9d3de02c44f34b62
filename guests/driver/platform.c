/* The Xen platform device, and who we say that we are; see driver.h. */
#include "driver.h"
#include "memory.h"

enum { XENSOURCE = 0x5853, PLATFORM = 0x0001, OTHER_DEVICE = 0xff80, FLAGS = 0, FLAG_ROM_LOCK = 1 };

static u16 ports;

void find_platform(void)
{
	pci_function function = pci_find(XENSOURCE, PLATFORM, 0);

	if (function == PCI_NONE)
		stop_with_error("there is no Xen platform device on PCI");
	check_equal(pci_read16(function, PCI_CLASS), OTHER_DEVICE, "the platform device has class ff80");
	check_equal(pci_read32(function, PCI_SUBSYSTEM_VENDOR), PLATFORM << 16 | XENSOURCE, "its subsystem is itself");
	check_equal(pci_read16(function, PCI_COMMAND) & 3, 3, "its ports and memory are enabled");
	ports = (u16)pci_base(function, 0);
	u32 memory = pci_base(function, 1);
	if (!ports || !memory)
		stop_with_error("the platform device has no ports or no memory");
#ifndef REAL_MODE
	check(read32(memory) == 0 && read8(memory + 0xffffff) == 0, "its memory of 16 MiB reads 0");
	write32(memory, 0x12345678);
	check_equal(read32(memory), 0, "and keeps nothing");
#endif
	check_equal(in8((u16)(ports + FLAGS)), 0, "no platform flag is set");
	out8((u16)(ports + FLAGS), 0xff);
	check_equal(in8((u16)(ports + FLAGS)), FLAG_ROM_LOCK, "the ROM lock is the only flag");
	out8((u16)(ports + FLAGS), 0);
	check_equal(in8((u16)(ports + UNPLUG_LOG_OFFSET)), 0xff, "the log is not for reading");
	printf(", platform device at %x", ports);
}

static void log_by_pci(const char *text)
{
	for (; *text; text++)
		out8((u16)(ports + UNPLUG_LOG_OFFSET), (u8)*text);
}

void log_who_we_are(const char *name)
{
	unplug_log(name);
	unplug_log(": a driver in ");
	log_by_pci(MODE_NAME " mode\n");
	log_by_pci("both ways to the log ");
	unplug_log("share a buffer\n");
}
