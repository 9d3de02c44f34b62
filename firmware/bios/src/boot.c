// SPDX-License-Identifier: GPL-2.0-or-later
// INT 19h: try the devices in the order that CMOS names; INT 18h: the next one. When none boots, say why.

#include "bios.h"

enum device { NONE, FLOPPY, DISK, CD };
enum { BOOT_SECTOR = 0x7C00, SIGNATURE_AT = BOOT_SECTOR + 510, SIGNATURE = 0xAA55 };

static u32 tried; // devices of the order that had their turn
static u32 cds_tried;

// CMOS 0x3D holds the first two, the upper half of 0x38 the third; all 0 means disk, then CD.
static enum device choice(u32 turn)
{
	u32 order = cmos_read(0x3D) | (cmos_read(0x38) & 0xF0) << 4;
	if (!order)
		order = DISK | CD << 4;
	return order >> 4 * turn & 0x0F;
}

static void say(const char *device, u8 number, const char *reason)
{
	print("emu BIOS: ");
	print(device);
	if (number) {
		print(" ");
		print_hex(number, 2);
		print("h (");
		print(position_name(drive_find(number)->position));
		print(")");
	}
	print(": ");
	print(reason);
	print("\n");
}

static void boot_disk(void)
{
	const struct drive *disk = drive_find(FIRST_DISK);
	u32 done;
	if (!disk) {
		say("disk", 0, "none present");
		return;
	}
	u8 status = disk_transfer(disk, TRANSFER_READ, 0, 1, BOOT_SECTOR, &done);
	if (status) {
		say("disk", FIRST_DISK, status == DISK_TIMEOUT ? "does not answer" : "cannot read sector 0");
	} else if (peek16(SIGNATURE_AT) != SIGNATURE) {
		say("disk", FIRST_DISK, "no signature 55 AA in sector 0");
	} else {
		say("disk", FIRST_DISK, "booting");
		launch(BOOT_SECTOR, FIRST_DISK);
	}
}

static void boot_cds(void)
{
	if (!cd_count())
		say("CD", 0, "no drive present");
	while (cds_tried < cd_count()) {
		u8 number = FIRST_CD + cds_tried++;
		u32 address;
		const char *reason = el_torito_load(number, &address);
		say("CD", number, reason ? reason : "booting");
		if (!reason)
			launch(address, number);
	}
}

static void boot(enum device device)
{
	if (device == FLOPPY)
		say("floppy", 0, "no drive present");
	else if (device == DISK)
		boot_disk();
	else if (device == CD)
		boot_cds();
}

void NORETURN boot_next(void)
{
	while (tried < 3) {
		// More than one CD drive: INT 18h comes back for the others before the turn passes.
		if (choice(tried) != CD || cds_tried >= cd_count())
			boot(choice(tried++));
		else
			boot(CD);
	}
	print("emu BIOS: nothing to boot from; waiting\n");
	for (;;)
		wait_for_interrupt();
}

void NORETURN boot_first(void)
{
	tried = 0;
	cds_tried = 0;
	boot_next();
}
