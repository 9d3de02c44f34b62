/* The hardware should start this second stage from the drive that the driver chose, through the BIOS's INT 13h, on a
 * machine that has those devices which the driver left, and remembers what the host said.
 */
#include "driver.h"

#ifndef MAGIC_LEFT
#define MAGIC_LEFT	UNPLUG_MAGIC
#endif

int main(void)
{
	bool from_cd = shared->boot_drive >= FIRST_CD;

	printf("Second stage, from the %s:", from_cd ? "CD" : "primary master");
	check(from_cd == FROM_CD, "the second stage comes from where it should");
	for (ide_position position = 0; position < 4; position++) {
		enum ide_kind kind = ide_probe(position, NULL);
		enum ide_kind wanted = DISKS_LEFT >> position & 1 ? IDE_DISK : position == CD ? IDE_CDROM : IDE_ABSENT;

		if (kind != IDE_ABSENT)
			printf(" %s %u,", kind == IDE_DISK ? "disk" : "CD", position);
		check_equal(kind, wanted, "the drives that were left, and no others, are there");
	}
	bool nic = pci_find_class(0x0200, 0) != PCI_NONE;
	printf(" %s NIC\n", nic ? "a" : "no");
	check(nic == NIC_LEFT, "the network card is there only if it was left");
	check_equal(unplug_magic(), MAGIC_LEFT, "the magic number is what it was at the end");
	return 0;
}
