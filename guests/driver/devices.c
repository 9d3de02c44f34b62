/* All devices at once; see driver.h. */
#include "driver.h"

void find_devices(u8 disks)
{
	printf("In %s mode\nFound: ", MODE_NAME);
	find_drives(disks);
	find_nic();
	find_platform();
	printf("\n");
	if (shared->failures)
		stop_with_error("the machine is not the one that this guest is for");
}

void use_devices(u8 disks)
{
	use_disks(disks);
	use_cd();
	use_nic();
	printf("Used: disks, CD and NIC, polled and by interrupt\n");
}
