// SPDX-License-Identifier: GPL-2.0-or-later
// The ACPI tables that the BIOS has installed: found as an operating system finds them, and summed up.

#include "kit.h"

enum { HEADER = 36, PIECE = sizeof(buffer) };

// Bring a piece of memory from anywhere below 4 GiB to the buffer.
static int fetch(u32 from)
{
	return move(from, (u32)buffer, PIECE / 2);
}

static u32 field(u32 offset)
{
	return buffer[offset / 2] | (u32)buffer[offset / 2 + 1] << 16;
}

// The sum of a table's bytes, modulo 256, or 1 where it does not have the signature.
static u8 sum_of(u32 at, u32 signature)
{
	u8 sum = 0;
	if (!fetch(at) || field(0) != signature)
		return 1;
	for (u32 left = field(4); left; at += PIECE) {
		u32 now = left < PIECE ? left : PIECE;
		fetch(at);
		for (u32 n = 0; n < now; n++)
			sum += ((u8 *)buffer)[n];
		left -= now;
	}
	return sum;
}

static u32 find_rsdp(void)
{
	static const char signature[] = "RSD PTR ";
	for (u32 at = 0xE0000; at < 0x100000; at += 16) {
		u32 n = 0;
		while (n < 8 && (u8)peek(at >> 4, n) == signature[n])
			n++;
		if (n == 8)
			return at;
	}
	return 0;
}

// Where the FADT is, by the table of tables; 0 where none is. The first entry need not be it.
static u32 find_fadt(u32 root)
{
	fetch(root);
	u32 count = (field(4) - HEADER) / 4;
	for (u32 n = 0; n < count; n++) {
		fetch(root);
		u32 at = field(HEADER + 4 * n);
		fetch(at);
		if (field(0) == 0x50434146) // "FACP"
			return at;
	}
	return 0;
}

void try_acpi(void)
{
	u32 rsdp = find_rsdp();
	u8 sum = 0;
	if (!rsdp) {
		fact("the RSDP is found", 0);
		return;
	}
	for (u32 n = 0; n < 20; n++)
		sum += peek(rsdp >> 4, n);
	fact("the RSDP is found, and sums to 0", !sum);
	u32 root = peek(rsdp >> 4, 16) | (u32)peek(rsdp >> 4, 18) << 16;
	fact("the RSDT sums to 0", !sum_of(root, 0x54445352));
	u32 fixed = find_fadt(root);
	fact("the FADT sums to 0", fixed && !sum_of(fixed, 0x50434146));
	fetch(fixed);
	u32 facs = field(36), described = field(40), event = field(56), timer = field(76);
	fact("the DSDT sums to 0", !sum_of(described, 0x54445344));
	fetch(facs);
	fact("the FACS is there, on a multiple of 64", !(facs & 63) && field(0) == 0x53434146);
	struct registers all = {.eax = 0xB10A, .ebx = 0x000B, .edi = 0x40}; // 01.3: power management
	bios(0x1A, &all);
	fact("the FADT tells where the PM registers are", event == (all.ecx & 0xFFC0) && timer == event + 8);
	u8 first = inb(timer), tries = 0;
	while (++tries && inb(timer) == first)
		;
	fact("the PM timer runs there", tries);
}
