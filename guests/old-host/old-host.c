/* The hardware should say version 0, as hosts did before they had a blacklist: the driver goes on to the mask without
 * telling product and build, and disks and the network card leave. That the machine file blacklists this very build
 * makes no difference, and telling it afterwards neither. The second stage comes from the CD.
 */
#include "../driver/driver.h"

int main(void)
{
	u8 version;

	interrupts_begin();
	find_devices(DISKS);
	use_devices(DISKS);
	check_equal(unplug_ask(PRODUCT, BUILD_NUMBER, &version), UNPLUG_ALLOWED, "an old host lets the driver unplug");
	check_equal(version, 0, "by version 0 of the protocol");
	log_who_we_are("old-host");
	leave_nic_interrupting();
	unplug(UNPLUG_DISKS | UNPLUG_NICS);
	disks_are_gone(DISKS, 0);
	nic_is_gone();
	out16(UNPLUG_PRODUCT_PORT, PRODUCT);
	out32(UNPLUG_BUILD_PORT, BUILD_NUMBER);
	check_equal(unplug_magic(), UNPLUG_MAGIC, "an old host has no blacklist");
	use_cd();
	boot_from_cd();
	return 0;
}
