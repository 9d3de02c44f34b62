/* The only part on the CD: what INT 13h tells of the CD that was booted from. [El Torito]. */
#include "services.h"

static struct {
	u8 size, media, drive, controller;
	u32 image;
	u16 device, buffer, segment, sectors;
	u8 cylinders, sector, heads;
} __attribute__((packed)) told;

static struct {
	u8 size, reserved;
	u16 count, offset, segment;
	u64 sector;
} __attribute__((packed)) packet;

static struct {
	u8 size, count;
	u16 offset, segment, first;
} __attribute__((packed)) catalogue;

enum { SCRATCH = 0x8000, NO_EMULATION = 0, BOOT_SECTORS = 4 };

static void specification(u8 drive)
{
	struct registers all = call_at(0x13, 0x4b01, drive, &told, NULL);
	u32 at = SCRATCH * 16u;

	check(!failed(&all) && high(all.ax) == 0, "AX=4B01h tells what was booted");
	check_equal(told.size, 19, "its packet has 19 bytes");
	check_equal(told.media & 0x0f, NO_EMULATION, "nothing is emulated");
	check_equal(told.drive, drive, "it names the drive in DL");
	check(told.segment == 0 || told.segment == 0x7c0, "it was loaded at 07C0:0000");
	check_equal(told.sectors, BOOT_SECTORS, "as many sectors as the catalogue says");
	packet.size = sizeof(packet);
	packet.count = 1;
	packet.segment = SCRATCH;
	packet.sector = told.image;
	all = call_at(0x13, 0x4200, drive, &packet, NULL);
	check(!failed(&all), "AH=42h reads the boot image");
	check(read16(at) == read16(0x7c00) && read32(at + 4) == read32(0x7c04) && read16(at + 510) == 0xaa55,
		"which is where it says");
}

static void catalogue_read(u8 drive)
{
	struct registers all;

	catalogue.size = sizeof(catalogue);
	catalogue.count = 1;
	catalogue.segment = SCRATCH;
	all = call_at(0x13, 0x4d00, drive, &catalogue, NULL);
	if (failed(&all)) {
		printf("The BIOS does not read boot catalogues\n");
		return;
	}
	check(read8(SCRATCH * 16u) == 1 && read16(SCRATCH * 16u + 30) == 0xaa55, "AX=4D00h reads the boot catalogue");
	check_equal(read8(SCRATCH * 16u + 32), 0x88, "whose first entry is bootable");
}

/* The last thing that is done with it. */
static void ejected(u8 drive)
{
	struct registers all = call(0x13, 0x4600, 0, 0, drive);

	check(!failed(&all) && high(all.ax) == 0, "AH=46h ejects the CD");
	all = call_at(0x13, 0x4200, drive, &packet, NULL);
	/* It only asks whether it may be ejected. */
	check_but_not_on_seabios(failed(&all) && high(all.ax) == 0x31, "then there is no disc to read");
}

int main(void)
{
	u8 drive = shared->boot_drive;
	struct registers all;

	if (stage() == FROM_CD) {
		check(drive != (u8)read32(KEPT_DRIVE), "INT 18h boots from another drive");
		shared->checks += read32(KEPT_CHECKS);
		shared->failures += read32(KEPT_FAILURES);
		printf("Booted from the disk twice, now from the CD\n");
	}
	specification(drive);
	catalogue_read(drive);
	all = call_at(0x13, 0x4b00, drive, &told, NULL);
	check(!failed(&all) && told.drive == drive, "AX=4B00h ends what is not emulated");
	all = call_at(0x13, 0x4200, drive, &packet, NULL);
	check(!failed(&all), "and the CD is still there");
	ejected(drive);
	return 0;
}
