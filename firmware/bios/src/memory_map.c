// SPDX-License-Identifier: GPL-2.0-or-later
// How much RAM there is, from CMOS, and the map of it that INT 15h AX=E820h tells.

#include "bios.h"

enum { PAGE = 0x1000, LEAST_END = 0x180000 };

static struct memory_range ranges[7];
static u32 used;
static u32 below_4g, above_4g; // in bytes; in 64 KiB
static u32 taken_from;	       // from here to the end of RAM below 4 GiB it is not for programs

static void add(u64 base, u64 size, enum memory_kind kind)
{
	if (size)
		ranges[used++] = (struct memory_range){base, size, kind};
}

// CMOS 0x34 counts 64 KiB above 16 MiB; 0x30 counts KiB above 1 MiB, for machines smaller than that.
static u32 read_below_4g(void)
{
	u32 above_16m = cmos_read16(0x34);
	if (above_16m)
		return (above_16m << 16) + (16u << 20);
	return ((u32)cmos_read16(0x30) << 10) + (1u << 20);
}

static void describe(void)
{
	u32 end = memory_below_4g();

	used = 0;
	add(0, BASE_MEMORY_KIB << 10, MEMORY_RAM);
	add(BASE_MEMORY_KIB << 10, (640 - BASE_MEMORY_KIB) << 10, MEMORY_RESERVED);
	add(DATA_BASE, 0x100000 - DATA_BASE, MEMORY_RESERVED);
	add(0x100000, end - 0x100000, MEMORY_RAM);
	add(end, below_4g - end, MEMORY_ACPI_NVS);
	add(0xFFFC0000, 0x40000, MEMORY_RESERVED); // the ROM
	add(1ull << 32, (u64)above_4g << 16, MEMORY_RAM);
}

void memory_setup(void)
{
	taken_from = below_4g = read_below_4g();
	above_4g = cmos_read16(0x5B) | cmos_read(0x5D) << 16;
	describe();
}

// Take RAM from the end of what lies below 4 GiB, for ACPI tables; 0 where programs would have too little left.
u32 memory_take(u32 bytes, u32 align)
{
	if (taken_from < LEAST_END || bytes > taken_from - LEAST_END)
		return 0;
	taken_from = (taken_from - bytes) & -align;
	describe();
	return taken_from;
}

u32 memory_ranges(void)
{
	return used;
}

const struct memory_range *memory_range(u32 index)
{
	return &ranges[index];
}

u32 memory_below_4g(void)
{
	return taken_from & -PAGE;
}
