/* The hardware should keep the promises of the unplug protocol, whichever host it is: without the protocol, or having
 * refused this build, all drives and network cards stay and work; else exactly those leave that the mask names, and the
 * others work on. Drives of any number at any positions, CDs among them, and any number of cards, or none.
 *
 * The driver is a model to copy. It has no paravirtual disk yet, so it never gives away the drive that it booted from:
 *
 *	magic number	not 49d2: no protocol; touch nothing
 *	version		0: an old host, which asks for no name; on to the mask
 *	product, build	then the magic number again; not 49d2 any more: refused, touch nothing
 *	mask		all network cards; and all disks if it booted from CD, all but the primary master if it booted
 *			from that, none if it booted from another, as no mask spares that one
 *
 * It asks before anybody looks for network cards. A line on the console says which way it went.
 */
#include "guest.h"
#include "inventory.h"
#include "irq.h"
#include "xen_unplug.h"

enum { PRODUCT = 1, BUILD = 2008, FIRST_DISK = 0x80, FIRST_CD = 0xe0, PRIMARY_MASTER = 0 };

static struct inventory before, after;

/* The BIOS numbers disks and CDs in the order of their positions. */
static ide_position boot_position(void)
{
	u8 drive = shared->boot_drive;
	ide_position position = drive >= FIRST_CD ? position_of(&before, IDE_CDROM, drive - FIRST_CD)
						  : position_of(&before, IDE_DISK, drive - FIRST_DISK);

	if (position == POSITIONS)
		stop_with_error("the drive that the BIOS booted from does not identify itself");
	return position;
}

/* Steps 1 to 5: may this driver unplug anything here? */
static bool host_agrees(void)
{
	u8 version;
	enum unplug_answer answer = unplug_ask(PRODUCT, BUILD, &version);

	if (answer == UNPLUG_ABSENT) {
		printf("host: no protocol\n");
		return false;
	}
	printf("host: version %u\n", version);
	if (version > 0)
		printf("host: build %u of product %u %s\n", BUILD, PRODUCT,
			answer == UNPLUG_ALLOWED ? "may load" : "is refused");
	unplug_log(answer == UNPLUG_ALLOWED ? "polite-driver loads\n" : "polite-driver is refused\n");
	return answer == UNPLUG_ALLOWED;
}

/* Step 6: all that may go without the boot drive going, too. */
static enum unplug_mask polite_mask(ide_position boot)
{
	if (before.drives[boot] == IDE_CDROM)
		return UNPLUG_DISKS | UNPLUG_NICS;
	return boot == PRIMARY_MASTER ? UNPLUG_AUXILIARY_DISKS | UNPLUG_NICS : UNPLUG_NICS;
}

static enum ide_kind promised(ide_position position, enum unplug_mask mask)
{
	bool named = mask & UNPLUG_DISKS || (mask & UNPLUG_AUXILIARY_DISKS && position != PRIMARY_MASTER);

	return named && before.drives[position] == IDE_DISK ? IDE_ABSENT : before.drives[position];
}

static void check_promise(enum unplug_mask mask)
{
	find_drives(&after);
	find_nics(&after);
	for (ide_position position = 0; position < POSITIONS; position++)
		check_equal(after.drives[position], promised(position, mask),
			"disks leave if the mask names them, and no other drive does");
	check(!(mask & UNPLUG_NICS) || after.nic_count == 0, "no network card remains on PCI once all are unplugged");
	use_everything(&after);
}

static void print_mask(enum unplug_mask mask)
{
	printf("unplugged: %s%s\n",
		mask & UNPLUG_DISKS ? "disks, " : mask & UNPLUG_AUXILIARY_DISKS ? "auxiliary disks, " : "",
		mask & UNPLUG_NICS ? "NICs" : "nothing");
}

int main(void)
{
	enum unplug_mask mask = 0;

	interrupts_begin();
	find_drives(&before);
	ide_position boot = boot_position();
	printf("polite-driver: booted from %s %u\n", before.drives[boot] == IDE_CDROM ? "CD" : "disk", boot);
	print_inventory("found", &before);
	if (host_agrees()) {
		mask = polite_mask(boot);
		unplug(mask);
	}
	check_promise(mask);
	if (shared->failures)
		printf("the host broke its promise\n");
	else
		print_mask(mask);
	print_inventory("remaining", &after);
	return 0;
}
