// SPDX-License-Identifier: GPL-2.0-or-later
// INT 19h: try the devices in the order that CMOS names; INT 18h: the next one. When none boots, a line says why.

#include "bios.h"

enum device { NONE, FLOPPY, DISK, CD, NETWORK };
enum { BOOT_SECTOR = 0x7C00, SIGNATURE_AT = BOOT_SECTOR + 510, SIGNATURE = 0xAA55 };

static u32 tried; // devices of the order that had their turn
static u32 cds_tried;
static u8 is_line_open;

// CMOS 0x3D holds the first two, the upper half of 0x38 the third; all 0 means disk, then CD.
static enum device choice(u32 turn)
{
	u32 order = cmos_read(0x3D) | (cmos_read(0x38) & 0xF0) << 4;
	if (!order)
		order = DISK | CD << 4;
	return order >> 4 * turn & 0x0F;
}

// One line for all that does not boot, up to what does: `emu BIOS: disk: none present; CD E0h (...): booting`.
static void say(const char *device, u8 number, const char *outcome)
{
	print(is_line_open ? "; " : "emu BIOS: ");
	is_line_open = 1;
	print(device);
	if (number) {
		print(" ");
		print_hex(number, 2);
		print("h (");
		print(position_name(drive_find(number)->position));
		print(")");
	}
	print(": ");
	print(outcome);
}

static void start(const char *device, u8 number, u32 address, u8 boot_drive)
{
	say(device, number, "booting");
	print("\n");
	is_line_open = 0;
	launch(address, boot_drive);
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
		start("disk", FIRST_DISK, BOOT_SECTOR, FIRST_DISK);
	}
}

static void boot_cds(void)
{
	if (!cd_count())
		say("CD", 0, "no drive present");
	while (cds_tried < cd_count()) {
		u8 number = FIRST_CD + cds_tried++;
		u32 address;
		u8 boot_drive;
		const char *reason = el_torito_load(number, &address, &boot_drive);
		if (!reason)
			start("CD", number, address, boot_drive);
		say("CD", number, reason);
	}
}

static void print_far(u32 text)
{
	for (u8 character; (character = peek8(text)); text++)
		print((char[]){character, 0});
}

// A boot ROM that cannot boot comes back, or calls INT 18h.
static void boot_network(void)
{
	const struct boot_rom *rom = boot_rom_next();
	if (!rom) {
		say("network", 0, "no boot ROM");
		return;
	}
	say("network", 0, "booting ");
	if (rom->name)
		print_far(rom->name);
	print("\n");
	is_line_open = 0;
	call_option_rom(rom->entry, 0);
	say("network", 0, "the boot ROM gave up");
}

static void boot(enum device device)
{
	if (device == FLOPPY)
		say("floppy", 0, "no drive present");
	else if (device == DISK)
		boot_disk();
	else if (device == CD)
		boot_cds();
	else if (device == NETWORK)
		boot_network();
}

// More than one of a kind: INT 18h comes back for the others before the turn passes.
static int has_another(enum device device)
{
	if (device == CD)
		return cds_tried < cd_count();
	return device == NETWORK && boot_roms_left() > 1;
}

void NORETURN boot_next(void)
{
	emulation_end();
	while (tried < 3) {
		enum device device = choice(tried);
		if (!has_another(device))
			tried++;
		boot(device);
	}
	print(is_line_open ? "; " : "emu BIOS: ");
	print("nothing else to boot from, waiting\n");
	is_line_open = 0;
	for (;;)
		wait_for_interrupt();
}

void NORETURN boot_first(void)
{
	tried = 0;
	cds_tried = 0;
	is_line_open = 0;
	boot_roms_again();
	boot_next();
}
