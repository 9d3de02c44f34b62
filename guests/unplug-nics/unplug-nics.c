/* The hardware should, for mask 2, take away the network card and nothing else: all disks and the CD drive still work.
 * The second stage comes from the primary master.
 */
#include "../driver/driver.h"

int main(void)
{
	u8 version;

	interrupts_begin();
	find_devices(DISKS);
	use_devices(DISKS);
	check_equal(unplug_ask(PRODUCT, BUILD_NUMBER, &version), UNPLUG_ALLOWED, "the host lets the driver unplug");
	log_who_we_are("unplug-nics");
	leave_nic_interrupting();
	unplug(UNPLUG_NICS);
	nic_is_gone();
	use_disks(DISKS);
	use_cd();
	boot_from_disk();
	return 0;
}
