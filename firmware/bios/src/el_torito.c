// SPDX-License-Identifier: GPL-2.0-or-later
// Booting from CD without emulation. [El Torito] Bootable CD-ROM Format Specification 1.0.

#include "bios.h"

enum { BOOT_RECORD_SECTOR = 17, DEFAULT_SEGMENT = 0x7C0, VIRTUAL_SECTOR = 512 };

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

struct boot_specification boot_specification;
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

static const char *read_catalogue(const struct drive *drive)
{
	u32 done;
	u8 status = cd_read(drive, BOOT_RECORD_SECTOR, 1, linear_of(sector), &done);
	if (status)
		return explain(status);
	const struct boot_record *record = (const void *)sector;
	if (record->kind || !equal(record->standard, "CD001", 5) ||
	    !equal(record->system, "EL TORITO SPECIFICATION", 23))
		return "no El Torito boot record";
	status = cd_read(drive, record->catalogue_sector, 1, linear_of(sector), &done);
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
	if (catalogue->initial.media & 0x0F)
		return "asks for floppy or disk emulation";
	if (!catalogue->initial.count)
		return "boot image is empty";
	return 0;
}

const char *el_torito_load(u8 number, u32 *address)
{
	const struct drive *drive = drive_find(number);
	const struct boot_catalogue *catalogue = (const void *)sector;
	const char *reason = read_catalogue(drive);
	if (!reason)
		reason = check_catalogue(catalogue);
	if (reason)
		return reason;

	u16 segment = catalogue->initial.segment ? catalogue->initial.segment : DEFAULT_SEGMENT;
	u32 memory = linear(segment, 0), done;
	u32 count = (catalogue->initial.count * VIRTUAL_SECTOR + CD_SECTOR - 1) / CD_SECTOR;
	if (memory < 0x600 || count * CD_SECTOR > (BASE_MEMORY_KIB << 10) - memory || segment >= EBDA_SEGMENT)
		return "boot image does not fit into memory";
	boot_specification = (struct boot_specification){
		.size = sizeof(boot_specification),
		.drive = number,
		.controller = drive->position >> 1,
		.image_sector = catalogue->initial.sector,
		.device = drive->position & 1,
		.load_segment = segment,
		.sectors = catalogue->initial.count,
	};
	u8 status = cd_read(drive, catalogue->initial.sector, count, memory, &done);
	if (status)
		return explain(status);
	// The same place as 07C0:0000, spelt so that CS is 0 as for a boot sector.
	*address = (u32)(segment & 0xF000) << 16 | (u16)(segment << 4);
	return 0;
}
