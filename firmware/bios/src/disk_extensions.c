// SPDX-License-Identifier: GPL-2.0-or-later
// INT 13h AH=42h and above: by packets, for disks and CDs alike. [EDD] Enhanced Disk Drive Specification 3.0 (T13
// 1226DT); with 66 bytes of parameters the device path of Phoenix's EDD 3.0, with 74 that of T13's.

#include "disk.h"

struct PACKED address_packet {
	u8 size, reserved;
	u16 count;
	u32 buffer; /* segment:offset */
	u64 sector;
};

struct PACKED device_path {
	u16 key;
	u8 bytes;
	u8 reserved[3];
	char host_bus[4], interface[8];
	u8 bus, slot, function, channel;
	u32 reserved_channel;
	u8 position; /* 0 master, 1 slave */
	u8 rest[17];
};

struct PACKED drive_parameters {
	u16 size, flags;
	u32 cylinders, heads, sectors_per_track;
	u64 sectors;
	u16 bytes_per_sector;
	u16 extension_offset, extension_segment;
	struct device_path path;
};

/* [EDD] 8.18: how a driver of its own reaches the drive */
struct PACKED extension {
	u16 command_block, control_block;
	u8 device, vendor, interrupt, sectors_a_command, dma, pio;
	u16 options;
	u16 reserved;
	u8 revision, checksum;
};

enum { REAL_MODE_END = 0x10FFF0 };
enum { SIZE_1 = 26, SIZE_2 = 30, SIZE_PHOENIX = 66, SIZE_3 = 74 };
enum { GEOMETRY_VALID = 0x02, REMOVABLE_LOCKABLE = 0x74, LARGEST_GEOMETRY = 15482880 };

// AH=42h, 43h, 44h: the request is in a packet at DS:SI, which also takes the count that was done.
static u8 transfer_by_packet(Frame *frame, const struct drive *drive, enum transfer what)
{
	u32 at = linear(frame->ds, frame->si.x);
	struct address_packet FAR *packet = far_pointer(at);
	u32 count = packet->count, buffer = packet->buffer, done = 0;
	u64 sector = packet->sector;
	if (packet->size < sizeof(*packet) || (buffer == 0xFFFFFFFF && what != TRANSFER_VERIFY))
		return DISK_BAD_REQUEST;
	u32 memory = linear(buffer >> 16, buffer);
	if (what != TRANSFER_VERIFY && count * (drive->is_cd ? CD_SECTOR : 512) > REAL_MODE_END - memory)
		return DISK_BAD_REQUEST;
	u8 result = drive_transfer(drive, what, sector, count, memory, &done);
	if (result)
		poke16(at + 2, done);
	return result;
}

static u8 sum_of(const void *object, u32 bytes)
{
	u8 sum = 0;
	for (const u8 *byte = object; bytes--; byte++)
		sum += *byte;
	return sum;
}

static u16 extension_of(const struct drive *drive)
{
	enum { BY_LBA = 0xE0, TRANSLATED = 0x08, LBA = 0x10, REMOVABLE = 0x20, PACKETS = 0x40, ON_SLAVE = 0x10 };
	static struct extension extensions[4];
	struct extension *told = &extensions[drive->position];
	*told = (struct extension){
		.command_block = drive->position & 2 ? 0x170 : 0x1F0,
		.control_block = drive->position & 2 ? 0x376 : 0x3F6,
		.device = BY_LBA | (drive->position & 1 ? ON_SLAVE : 0),
		.interrupt = drive->position & 2 ? 15 : 14,
		.options = LBA | (drive->is_cd ? REMOVABLE | PACKETS : TRANSLATED),
		.revision = 0x11,
	};
	told->checksum = -sum_of(told, sizeof(*told));
	return (u32)told;
}

static void put_path(struct device_path *path, const struct drive *drive, u16 size)
{
	enum { KEY = 0xBEDD };
	u16 function = drives_function();
	*path = (struct device_path){
		.key = KEY,
		.bytes = size - SIZE_2,
		.host_bus = {'P', 'C', 'I', ' '},
		.interface = {'A', 'T', 'A', ' ', ' ', ' ', ' ', ' '},
		.bus = function >> 8,
		.slot = function >> 3 & 0x1F,
		.function = function & 7,
		.channel = drive->position >> 1,
		.position = drive->position & 1,
	};
	if (drive->is_cd) {
		path->interface[3] = 'P';
		path->interface[4] = 'I';
		path->interface[2] = 'A';
	}
	((u8 *)path)[path->bytes - 1] = -sum_of(path, path->bytes);
}

// AH=48h. The geometry is that of the drive itself, not the one that AH=08h pretends.
static u8 tell_parameters(Frame *frame, const struct drive *drive)
{
	u32 at = linear(frame->ds, frame->si.x);
	u16 room = peek16(at);
	if (room < SIZE_1 || drive->image_sector)
		return DISK_BAD_REQUEST;
	struct drive_parameters told = {
		.size = room >= SIZE_3 ? SIZE_3 : room >= SIZE_PHOENIX ? SIZE_PHOENIX : room >= SIZE_2 ? SIZE_2 : SIZE_1,
		.flags = drive->sectors <= LARGEST_GEOMETRY ? GEOMETRY_VALID : 0,
		.cylinders = drive->physical_cylinders,
		.heads = drive->physical_heads,
		.sectors_per_track = drive->physical_sectors_per_track,
		.sectors = drive->sectors,
		.bytes_per_sector = 512,
	};
	if (drive->is_cd) {
		told.flags = REMOVABLE_LOCKABLE; // no geometry: values are maxima
		told.cylinders = told.heads = told.sectors_per_track = 0xFFFFFFFF;
		told.sectors = ~0ull;
		told.bytes_per_sector = CD_SECTOR;
	}
	if (told.size >= SIZE_2) {
		told.extension_offset = extension_of(drive);
		told.extension_segment = DATA_SEGMENT;
	}
	if (told.size >= SIZE_PHOENIX)
		put_path(&told.path, drive, told.size);
	copy_out(at, &told, told.size);
	return DISK_OK;
}

static u8 locks[4]; // by position: how often AX=4500h was called

// AH=45h: AL=0 lock, 1 unlock, 2 ask; AL whether it is locked
static u8 lock(Frame *frame, const struct drive *drive)
{
	u8 *count = &locks[drive->position], result = DISK_OK;
	if (!drive->is_cd) // not removable: as good as locked
		return DISK_OK;
	switch (frame->ax.l) {
	case 0:
		if (*count == 0xFF)
			return DISK_LOCKED_TOO_OFTEN;
		if (!(*count)++)
			result = cd_lock(drive, 1);
		break;
	case 1:
		if (!*count)
			return DISK_NOT_LOCKED;
		if (!--*count)
			result = cd_lock(drive, 0);
		break;
	case 2:
		break;
	default:
		return DISK_BAD_REQUEST;
	}
	frame->ax.l = *count != 0;
	return result;
}

// AH=46h. INT 15h AH=52h lets others refuse.
static u8 eject(const struct drive *drive)
{
	if (!drive->is_cd)
		return DISK_NOT_REMOVABLE;
	if (locks[drive->position] || call_interrupt(0x15, 0x5200) >> 16 & CARRY_FLAG)
		return DISK_LOCKED;
	return cd_eject(drive);
}

// AH=4Eh: prefetching cannot be switched on, PIO is already as slow and DMA as absent as can be.
static u8 configure(Frame *frame)
{
	enum { STOP_PREFETCHING = 1, SLOWEST_PIO = 3, USUAL_PIO = 4, NO_DMA = 6 };
	switch (frame->ax.l) {
	case STOP_PREFETCHING:
	case SLOWEST_PIO:
	case USUAL_PIO:
	case NO_DMA:
		frame->ax.l = 0; // other drives are not affected
		return DISK_OK;
	default:
		return DISK_BAD_REQUEST;
	}
}

u8 disk_extension(Frame *frame, const struct drive *drive)
{
	if (drive->floppy_type)
		return DISK_BAD_REQUEST;
	switch (frame->ax.h) {
	case 0x42:
		return transfer_by_packet(frame, drive, TRANSFER_READ);
	case 0x43:
		return frame->ax.l > 2 ? DISK_BAD_REQUEST : transfer_by_packet(frame, drive, TRANSFER_WRITE);
	case 0x44:
		return transfer_by_packet(frame, drive, TRANSFER_VERIFY);
	case 0x45:
		return lock(frame, drive);
	case 0x46:
		return eject(drive);
	case 0x47: // seek: nothing moves
		return drive->is_cd ? DISK_OK : drive_ready(drive);
	case 0x48:
		return tell_parameters(frame, drive);
	case 0x49:
		return drive->is_cd ? cd_changed(drive) : DISK_OK;
	case 0x4E:
		return configure(frame);
	default:
		return DISK_BAD_REQUEST;
	}
}
