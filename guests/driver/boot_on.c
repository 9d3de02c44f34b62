/* From the driver to the operating system behind it; see driver.h. */
#include "driver.h"
#include "memory.h"

enum { BOOT_RECORD = 17, CATALOG_AT = 71, ENTRY = 32, BOOTABLE = 0x88, LBA = 8 };
enum { PARTITION_TABLE = 446, PARTITION_SIZE = 16, PARTITIONS = 4, ACTIVE = 0x80 };

static u8 buffer[BOOT_SIZE];

static u32 number_at(u32 offset)
{
	return buffer[offset] | (u32)buffer[offset + 1] << 8 | (u32)buffer[offset + 2] << 16
		| (u32)buffer[offset + 3] << 24;
}

static void start(u32 drive)
{
	for (u32 i = 0; i < BOOT_SIZE; i += 4)
		write32(BOOT_BUFFER + i, number_at(i));
	interrupts_end();
	printf("%u checks, %u failures; booting on\n", shared->checks, shared->failures);
	boot(drive);
}

void boot_from_cd(void)
{
	bool found = cdrom_read(CD, BOOT_RECORD, 1, buffer)
		&& cdrom_read(CD, number_at(CATALOG_AT), 1, buffer)
		&& buffer[0] == 1 && buffer[30] == 0x55 && buffer[31] == 0xaa
		&& buffer[ENTRY] == BOOTABLE && buffer[ENTRY + 1] == 0
		&& cdrom_read(CD, number_at(ENTRY + LBA), 1, buffer);

	check(found, "the CD has a boot image without emulation");
	start(FIRST_CD);
}

static u32 active_partition(void)
{
	for (u32 at = PARTITION_TABLE; at < PARTITION_TABLE + PARTITIONS * PARTITION_SIZE; at += PARTITION_SIZE)
		if (buffer[at] == ACTIVE)
			return number_at(at + 8);
	return 0;
}

void boot_from_disk(void)
{
	u32 lba = 0;
	bool found = ide_read(PRIMARY_MASTER, 0, 1, buffer) && (lba = active_partition()) != 0
		&& ide_read(PRIMARY_MASTER, lba, BOOT_SIZE / IDE_SECTOR, buffer)
		&& buffer[510] == 0x55 && buffer[511] == 0xaa;

	check(found, "the primary master has an active partition that boots");
	start(shared->boot_drive);
}
