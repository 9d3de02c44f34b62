/* The hardware should boot this driver from the emulated primary master; show it two disks, a CD drive, a network card
 * and the Xen platform device, on PCI and at their ports, and let it use each, polled and by interrupt; give the six
 * answers of the unplug protocol; take the disks and the card, and nothing else, off PCI, ports and interrupt lines,
 * even with an interrupt pending and a frame on the way; and let it boot its second stage from the CD.
 *
 * As Windows drivers do, it asks for disks and cards one after the other, or with MASK_AT_ONCE both in one mask, as
 * Linux does. Built for real, protected and long mode.
 */
#include "../driver/driver.h"

static void unplug_in_turn(void)
{
	unplug(UNPLUG_DISKS);
	disks_are_gone(DISKS, 0);
	use_nic();
	leave_nic_interrupting();
	unplug(UNPLUG_NICS);
}

static void unplug_at_once(void)
{
	leave_nic_interrupting();
	unplug(UNPLUG_DISKS | UNPLUG_NICS);
	disks_are_gone(DISKS, 0);
}

int main(void)
{
	u8 version;

	interrupts_begin();
	find_devices(DISKS);
	use_devices(DISKS);
	check_equal(unplug_ask(PRODUCT, BUILD_NUMBER, &version), UNPLUG_ALLOWED, "the host lets the driver unplug");
	check_equal(version, 1, "by version 1 of the protocol");
	log_who_we_are("unplug-all");
	if (MASK_AT_ONCE)
		unplug_at_once();
	else
		unplug_in_turn();
	nic_is_gone();
	use_cd();
	boot_from_cd();
	return 0;
}
