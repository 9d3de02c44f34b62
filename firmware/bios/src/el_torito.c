// SPDX-License-Identifier: GPL-2.0-or-later
// Booting from CD, with and without emulation. [El Torito] Bootable CD-ROM Format Specification 1.0.

#include "el_torito.h"

#include "disk.h"

enum { BOOT_RECORD_SECTOR = 17, DEFAULT_SEGMENT = 0x7C0, VIRTUAL_SECTOR = 512 };
enum media { NO_EMULATION, FLOPPY_1200, FLOPPY_1440, FLOPPY_2880, HARD_DISK };

struct PACKED boot_record {
	u8 kind;
	char standard[5];
	u8 version;
	char system[32];
	u8 unused[32];
	u32 catalogue_sector;
};

struct PACKED boot_catalogue {
	struct PACKED {
		u8 header, platform;
		u8 reserved[2 + 24];
		u16 checksum;
		u16 key;
	} validation;
	struct PACKED {
		u8 bootable, media;
		u16 segment;
		u8 system, reserved;
		u16 count;
		u32 sector;
	} initial;
};

static u8 sector[CD_SECTOR] BUFFER;

static int equal(const char *one, const char *other, u32 bytes)
{
	while (bytes--)
		if (*one++ != *other++)
			return 0;
	return 1;
}

static const char *explain(u8 status)
{
	switch (status) {
	case DISK_NO_MEDIUM:
		return "no disc";
	case DISK_NOT_READY:
		return "drive not ready";
	case DISK_TIMEOUT:
		return "drive does not answer";
	case DISK_SECTOR_NOT_FOUND:
		return "disc too short";
	default:
		return "read error";
	}
}

u8 el_torito_catalogue(const struct drive *drive, u32 *at)
{
	u32 done;
	u8 status = cd_read(drive, BOOT_RECORD_SECTOR, 1, linear_of(sector), &done);
	const struct boot_record *record = (const void *)sector;
	if (status)
		return status;
	if (record->kind || !equal(record->standard, "CD001", 5) ||
	    !equal(record->system, "EL TORITO SPECIFICATION", 23))
		return DISK_BAD_REQUEST;
	*at = record->catalogue_sector;
	return DISK_OK;
}

static const char *read_catalogue(const struct drive *drive)
{
	u32 at, done;
	u8 status = el_torito_catalogue(drive, &at);
	if (status == DISK_BAD_REQUEST)
		return "no El Torito boot record";
	if (!status)
		status = cd_read(drive, at, 1, linear_of(sector), &done);
	return status ? explain(status) : 0;
}

static const char *check_catalogue(const struct boot_catalogue *catalogue)
{
	u16 sum = 0;
	for (u32 n = 0; n < sizeof(catalogue->validation) / 2; n++)
		sum += ((const u16 *)sector)[n];
	if (catalogue->validation.header != 1 || catalogue->validation.key != 0xAA55 || sum)
		return "boot catalogue not valid";
	if (catalogue->validation.platform)
		return "boot catalogue is not for x86";
	if (catalogue->initial.bootable != 0x88)
		return "not marked bootable";
	if ((catalogue->initial.media & 0x0F) > HARD_DISK)
		return "asks for an unknown emulation";
	if (!catalogue->initial.count)
		return "boot image is empty";
	return 0;
}

static void imitate_floppy(struct drive *drive, enum media media)
{
	static const struct {
		u8 type, sectors_per_track;
	} floppies[] = {[FLOPPY_1200] = {2, 15}, [FLOPPY_1440] = {4, 18}, [FLOPPY_2880] = {6, 36}};
	drive->floppy_type = floppies[media].type;
	drive->cylinders = 80;
	drive->heads = 2;
	drive->sectors_per_track = floppies[media].sectors_per_track;
	drive->sectors = 80 * 2 * drive->sectors_per_track;
}

// The image begins with a partition table, whose only entry ends at the last cylinder, head and sector.
static u8 imitate_disk(struct drive *drive)
{
	struct PACKED {
		u8 active, first[3], kind, head, sector, cylinder;
		u32 start, sectors;
	} *partition = (void *)(sector + 446);
	u32 done;
	u8 status = cd_read(drive, drive->image_sector, 1, linear_of(sector), &done);
	if (status)
		return status;
	drive->heads = partition->head + 1;
	drive->sectors_per_track = partition->sector & 0x3F;
	drive->cylinders = ((partition->sector & 0xC0) << 2 | partition->cylinder) + 1;
	drive->sectors = partition->start + partition->sectors;
	return drive->heads && drive->sectors_per_track ? DISK_OK : DISK_BAD_REQUEST;
}

// Read the boot image and begin what it is to be emulated as.
static const char *load(const struct drive *cd, u8 number, const struct boot_catalogue *catalogue, u32 memory)
{
	enum media media = catalogue->initial.media & 0x0F;
	u16 virtual_sectors = catalogue->initial.count, segment = memory >> 4;
	struct drive image = *cd;
	u32 done;
	image.image_sector = catalogue->initial.sector;
	u8 status = cd_read(cd, image.image_sector, (virtual_sectors * VIRTUAL_SECTOR + CD_SECTOR - 1) / CD_SECTOR, memory,
			    &done);
	if (status)
		return explain(status);
	if (media == HARD_DISK && imitate_disk(&image))
		return "boot image has no partition table";
	if (media != NO_EMULATION && media != HARD_DISK)
		imitate_floppy(&image, media);
	image.is_cd = 0;
	struct boot_specification specification = {
		.size = sizeof(specification),
		.media = media,
		.drive = media == NO_EMULATION ? number : media == HARD_DISK ? FIRST_DISK : 0x00,
		.controller = cd->position >> 1,
		.image_sector = image.image_sector,
		.device = cd->position & 1,
		.load_segment = segment,
		.sectors = virtual_sectors,
	};
	if (media != NO_EMULATION) {
		specification.cylinders_low = image.cylinders - 1;
		specification.sector_high = ((image.cylinders - 1) >> 2 & 0xC0) | image.sectors_per_track;
		specification.heads = image.heads - 1;
	}
	emulation_begin(&specification, number, media == NO_EMULATION ? 0 : &image);
	return 0;
}

const char *el_torito_load(u8 number, u32 *address, u8 *boot_drive)
{
	const struct drive *drive = drive_find(number);
	const struct boot_catalogue *catalogue = (const void *)sector;
	const char *reason = read_catalogue(drive);
	if (!reason)
		reason = check_catalogue(catalogue);
	if (reason)
		return reason;

	u16 segment = catalogue->initial.segment ? catalogue->initial.segment : DEFAULT_SEGMENT;
	u32 memory = linear(segment, 0), bytes = (catalogue->initial.count * VIRTUAL_SECTOR + CD_SECTOR - 1) & -CD_SECTOR;
	if (memory < 0x600 || bytes > (BASE_MEMORY_KIB << 10) - memory || segment >= EBDA_SEGMENT)
		return "boot image does not fit into memory";
	reason = load(drive, number, catalogue, memory);
	*boot_drive = emulation_drive();
	// The same place as 07C0:0000, spelt so that CS is 0 as for a boot sector.
	*address = (u32)(segment & 0xF000) << 16 | (u16)(segment << 4);
	return reason;
}
