/* The hardware should have nothing at ports 0x10 to 0x1f: they float. The driver says so and leaves everything alone;
 * all devices work as before. In real, protected and long mode, one after the other; then the second stage comes from
 * the primary master. There need not be a platform device, so this guest runs on any PC with a PIIX3 and an RTL8029.
 */
#include "../driver/driver.h"

static void ports_float(void)
{
	for (u16 port = 0x10; port < 0x20; port++)
		check_equal(in8(port), 0xff, "bytes at the ports of the protocol read all ones");
	for (u16 port = 0x10; port < 0x20; port += 2)
		check_equal(in16(port), 0xffff, "words at the ports of the protocol read all ones");
	check_equal(in32(0x10), 0xffffffff, "and so do double words");
}

int main(void)
{
	u8 version;

	interrupts_begin();
	printf("In %s mode\nFound: ", MODE_NAME);
	find_drives(DISKS);
	find_nic();
	printf("\n");
	use_devices(DISKS);
	check_equal(unplug_ask(PRODUCT, BUILD_NUMBER, &version), UNPLUG_ABSENT, "nobody offers the protocol");
	ports_float();
	printf("No unplug protocol on this host: emulated devices stay\n");
	out16(UNPLUG_MASK_PORT, UNPLUG_DISKS | UNPLUG_NICS);
	use_devices(DISKS);
	if (!shared->parts_left)
		boot_from_disk();
	interrupts_end();
	return 0;
}
