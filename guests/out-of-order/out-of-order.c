/* The hardware should hold out against a driver that does everything wrong: take log before anyone asked for the magic
 * number; ignore a build told before its product, and one of a product that has no name; ignore masks without a known
 * bit, unplug once for bits that come again; answer odd and wide accesses as the table of the protocol says; and once
 * a blacklisted build is told change nothing but the magic number, for good. Disks are at the two masters, the CD
 * drive is the secondary slave.
 */
#include "../driver/driver.h"

enum { BLACKLISTED = 7, HARMLESS = 8, UNKNOWN_PRODUCT = 0x1234 };
enum { SECONDARY_MASTER = 2 };

static void reads(void)
{
	for (u16 port = 0x10; port < 0x20; port++)
		if (port != UNPLUG_VERSION_PORT)
			check_equal(in8(port), 0xff, "the version is the only byte; the others read all ones");
	check_equal(in8(UNPLUG_VERSION_PORT), 1, "the version is 1");
	for (u16 port = 0x12; port < 0x1f; port++)
		check_equal(in16(port), 0xffff, "the magic number is the only even word; the others read all ones");
	check_equal(in16(0x11), 0x01ff, "the word at 0x11 is two bytes, the second of which is the version");
	for (u16 port = 0x10; port < 0x1d; port++)
		check_equal(in32(port), 0xffffffff, "double words read all ones");
	check_equal(in8(0x0f), 0xff, "below the ports nobody answers");
	check_equal(unplug_magic(), UNPLUG_MAGIC, "reading changes nothing");
}

/* What looks like a mask, a product or a build, but is at another port or of another width. */
static void writes(void)
{
	out8(0x10, 3);
	out8(0x11, 3);
	for (u16 port = 0x13; port < 0x1f; port++) {
		out8(port, 3);
		out16(port, 3);
	}
	for (u16 port = 0x11; port < 0x1d; port++)
		out32(port, BLACKLISTED);
	check_equal(unplug_magic(), UNPLUG_MAGIC, "writes to other ports change nothing");
	/* The high byte of the odd word is a byte for port 0x12: log. */
	unplug_log("odd wor");
	out16(0x11, 'd' << 8 | 3);
	out16(0x11, '\n' << 8 | 3);
}

static void tell(u16 product, u32 build)
{
	out16(UNPLUG_PRODUCT_PORT, product);
	out32(UNPLUG_BUILD_PORT, build);
}

static void builds(void)
{
	out32(UNPLUG_BUILD_PORT, BLACKLISTED);
	check_equal(unplug_magic(), UNPLUG_MAGIC, "a build before the product is ignored");
	tell(0, BLACKLISTED);
	check_equal(unplug_magic(), UNPLUG_MAGIC, "and so is a build of product 0");
	tell(UNKNOWN_PRODUCT, BLACKLISTED);
	check_equal(unplug_magic(), UNPLUG_MAGIC, "a product without a name cannot be blacklisted");
	tell(PRODUCT, HARMLESS);
	check_equal(unplug_magic(), UNPLUG_MAGIC, "another build is not blacklisted");
	tell(PRODUCT, BLACKLISTED);
	check_equal(unplug_magic(), UNPLUG_MAGIC_BLACKLISTED, "the blacklisted build is");
	tell(PRODUCT, HARMLESS);
	tell(UNKNOWN_PRODUCT, HARMLESS);
	check_equal(unplug_magic(), UNPLUG_MAGIC_BLACKLISTED, "and no other takes that back");
	check_equal(in8(UNPLUG_VERSION_PORT), 1, "the version is still 1");
	unplug_log("still logging\n");
}

static void masks(void)
{
	static const u16 nothing[] = { 0, 8, 0x10, 0x8000, 0xfff8 };

	for (u32 i = 0; i < COUNT(nothing); i++)
		out16(UNPLUG_MASK_PORT, nothing[i]);
	use_disks(DISKS);
	use_cd();
	use_nic();
	leave_nic_interrupting();
	out16(UNPLUG_MASK_PORT, 0xff00 | UNPLUG_NICS);
	nic_is_gone();
	use_disks(DISKS);
	unplug(UNPLUG_AUXILIARY_DISKS);
	unplug(UNPLUG_AUXILIARY_DISKS | UNPLUG_NICS);
	master_is_gone(SECONDARY_MASTER);
	use_disks(1 << PRIMARY_MASTER);
	use_cd();
	unplug(UNPLUG_DISKS | UNPLUG_AUXILIARY_DISKS);
	disks_are_gone(1 << PRIMARY_MASTER, 0);
	unplug(UNPLUG_DISKS | UNPLUG_NICS | UNPLUG_AUXILIARY_DISKS);
	use_cd();
}

int main(void)
{
	unplug_log("before the magic\n");
	interrupts_begin();
	find_devices(DISKS);
	reads();
	writes();
	builds();
	masks();
	interrupts_end();
	return 0;
}
