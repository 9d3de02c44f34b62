/* The hardware should, for mask 4, take away the disks at the primary slave and the secondary slave and nothing else:
 * the primary master beside an empty slave, the CD drive beside another, and the network card still work. The second
 * stage comes from the primary master.
 */
#include "../driver/driver.h"

int main(void)
{
	u8 version;

	interrupts_begin();
	find_devices(DISKS);
	use_devices(DISKS);
	check_equal(unplug_ask(PRODUCT, BUILD_NUMBER, &version), UNPLUG_ALLOWED, "the host lets the driver unplug");
	log_who_we_are("unplug-aux");
	unplug(UNPLUG_AUXILIARY_DISKS);
	disks_are_gone(DISKS & ~DISKS_LEFT, DISKS_LEFT);
	use_devices(DISKS_LEFT);
	boot_from_disk();
	return 0;
}
