// SPDX-License-Identifier: GPL-2.0-or-later
// ACPI tables: the host makes them, and tells by commands where they go and what points to what.
// [FWCFG] QEMU docs/specs/fw_cfg.rst; [LOADER] the comments of QEMU's hw/acpi/bios-linker-loader.c.
//
// POST has the memory from 10000 to 9FBFF to itself: files pass through it on their way up.

#include "bios.h"

enum { SELECTOR = 0x510, DATA = 0x511 };
enum item { SIGNATURE = 0x0000, DIRECTORY = 0x0019 };
enum { NAME = 56, PASSAGE = 0x10000, PASSAGE_SIZE = 0x8000, SCRIPT = 0x20000, LARGEST_SCRIPT = 0x8000 };
enum kind { ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3 };
enum zone { HIGH = 1, F_SEGMENT = 2 };

struct PACKED command {
	u32 kind;
	char file[NAME];
	union {
		struct PACKED {
			u32 align;
			u8 zone;
		} allocate;
		struct PACKED {
			char target[NAME];
			u32 offset;
			u8 size;
		} pointer;
		struct PACKED {
			u32 offset, start, length;
		} checksum;
		u8 all[128 - 4 - NAME];
	};
};

static struct file {
	char name[NAME];
	u32 address, size;
} files[8] BUFFER;
static u32 file_count;

// Our data lie where the RSDP is looked for, from E0000 to FFFFF.
static u8 f_segment[128] BUFFER __attribute__((aligned(16)));
static u32 f_segment_used;

static u32 swapped(u32 value)
{
	asm("bswap %0" : "+r"(value));
	return value;
}

static void take(u32 to, u32 bytes)
{
	insb_far(DATA, segment_of(to), offset_of(to), bytes);
}

static int is_there(void)
{
	u32 answer;
	outw(SELECTOR, SIGNATURE);
	take(linear_of(&answer), sizeof(answer));
	return answer == 0x554D4551; // "QEMU"
}

static int same_name(const char *one, const char *other)
{
	u32 n = 0;
	while (n < NAME - 1 && one[n] && one[n] == other[n])
		n++;
	return one[n] == other[n];
}

// The item of a file of the host, and the file's size; 0 where there is no such file.
static u16 find_item(const char *name, u32 *size)
{
	struct PACKED {
		u32 size;
		u16 item, reserved;
		char name[NAME];
	} entry;
	u32 count;

	outw(SELECTOR, DIRECTORY);
	take(linear_of(&count), sizeof(count));
	for (count = swapped(count); count; count--) {
		take(linear_of(&entry), sizeof(entry));
		if (same_name(entry.name, name)) {
			*size = swapped(entry.size);
			return swapped(entry.item) >> 16;
		}
	}
	return 0;
}

static struct file *find_file(const char *name)
{
	for (u32 n = 0; n < file_count; n++)
		if (same_name(files[n].name, name))
			return &files[n];
	return 0;
}

static int is_within(const struct file *file, u32 start, u32 bytes)
{
	return file && bytes <= file->size && start <= file->size - bytes;
}

static u32 take_f_segment(u32 bytes, u32 align)
{
	u32 start = (linear_of(f_segment) + f_segment_used + align - 1) & -align;
	u32 end = linear_of(f_segment) + sizeof(f_segment);
	if (start > end || bytes > end - start)
		return 0;
	f_segment_used = start + bytes - linear_of(f_segment);
	return start;
}

static int allocate(const struct command *command)
{
	u32 align = command->allocate.align, size;
	u16 item = find_item(command->file, &size);
	if (!item || !size || !align || align & (align - 1) || file_count == COUNT_OF(files))
		return 0;
	u32 to = command->allocate.zone == F_SEGMENT ? take_f_segment(size, align) : memory_take(size, align);
	if (!to)
		return 0;
	struct file *file = &files[file_count++];
	for (u32 n = 0; n < NAME; n++)
		file->name[n] = command->file[n];
	file->address = to;
	file->size = size;
	outw(SELECTOR, item);
	for (u32 done = 0, now; done < size; done += now) {
		now = size - done < PASSAGE_SIZE ? size - done : PASSAGE_SIZE;
		take(PASSAGE, now);
		move_extended(PASSAGE, to + done, now);
	}
	return 1;
}

static int add_pointer(const struct command *command)
{
	const struct file *file = find_file(command->file), *target = find_file(command->pointer.target);
	u32 size = command->pointer.size;
	u64 pointer = 0;
	if (!target || !size || size > sizeof(pointer) || !is_within(file, command->pointer.offset, size))
		return 0;
	u32 at = file->address + command->pointer.offset;
	move_extended(at, linear_of(&pointer), size);
	pointer += target->address;
	move_extended(linear_of(&pointer), at, size);
	return 1;
}

static int add_checksum(const struct command *command)
{
	const struct file *file = find_file(command->file);
	u32 start = command->checksum.start, length = command->checksum.length;
	u8 checksum;
	if (!is_within(file, start, length) || !is_within(file, command->checksum.offset, 1))
		return 0;
	u32 at = file->address + command->checksum.offset;
	move_extended(at, linear_of(&checksum), 1);
	for (u32 done = 0, now; done < length; done += now) {
		now = length - done < PASSAGE_SIZE ? length - done : PASSAGE_SIZE;
		move_extended(file->address + start + done, PASSAGE, now);
		for (u32 n = 0; n < now; n++)
			checksum -= peek8(PASSAGE + n);
	}
	move_extended(linear_of(&checksum), at, 1);
	return 1;
}

static int carry_out(const struct command *command)
{
	switch (command->kind) {
	case ALLOCATE:
		return allocate(command);
	case ADD_POINTER:
		return add_pointer(command);
	case ADD_CHECKSUM:
		return add_checksum(command);
	default: // [LOADER] what we do not know may be left out
		return 1;
	}
}

// Without a host that has tables there is no ACPI. Half of it would be worse: then nothing points to it.
void acpi_setup(void)
{
	struct command command;
	u32 size;
	u16 script = is_there() ? find_item("etc/table-loader", &size) : 0;

	for (u32 n = 0; n < sizeof(f_segment); n++)
		f_segment[n] = 0;
	if (!script || size > LARGEST_SCRIPT)
		return;
	outw(SELECTOR, script);
	take(SCRIPT, size);
	for (u32 at = SCRIPT; at < SCRIPT + size; at += sizeof(command)) {
		move_extended(at, linear_of(&command), sizeof(command));
		if (carry_out(&command))
			continue;
		for (u32 n = 0; n < sizeof(f_segment); n++)
			f_segment[n] = 0;
		print("emu BIOS: the host's ACPI tables cannot be installed\n");
		return;
	}
}
