/* The hardware should, once product and build are told, answer the second read of the magic number with d249, as the
 * machine file blacklists this build, and keep on doing so; nothing leaves, and all emulated devices still work. The
 * second stage comes from the primary master.
 */
#include "../driver/driver.h"

int main(void)
{
	u8 version;

	interrupts_begin();
	find_devices(DISKS);
	use_devices(DISKS);
	check_equal(unplug_ask(PRODUCT, BUILD_NUMBER, &version), UNPLUG_BLACKLISTED, "the host refuses this build");
	check_equal(version, 1, "by version 1 of the protocol");
	check_equal(unplug_magic(), UNPLUG_MAGIC_BLACKLISTED, "the magic number is d249");
	printf("This build is blacklisted: emulated devices stay\n");
	unplug_log("blacklisted: emulated devices stay\n");
	use_devices(DISKS);
	check_equal(unplug_magic(), UNPLUG_MAGIC_BLACKLISTED, "it stays d249");
	boot_from_disk();
	return 0;
}
