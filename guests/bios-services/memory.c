/* The firmware should offer a boot loader the services of a PC's BIOS: the equipment and memory sizes by INT 11h, 12h
 * and 15h (88h, E801h, E820h, which agree), moves above 1 MiB (87h), the A20 gate (2400h to 2403h), disks and CDs
 * by INT 13h, text by INT 10h, keys by INT 16h, serial ports by INT 14h, ticks, time, date and alarm by INT 1Ah, 08h,
 * 1Ch and 4Ah, PCI by INT 1Ah and by a 32-bit entry, and boot again by INT 19h and the next device by INT 18h. What a
 * service does not return it keeps.
 *
 * Only what is common to BIOSes is checked; where they differ any customary answer will do. The guest boots three times:
 * from the disk, from the disk again by INT 19h, and by INT 18h from the CD. This is the first part: memory.
 */
#include "machine.h"

static struct {
	u64 base, size;
	u32 kind, extended;
} __attribute__((packed)) range;

enum { RAM = 1, RESERVED = 2, ROM = 0xf0000, ROM_END = 0x100000, MEGABYTE = 0x100000, SIGNATURE = 0x534d4150 };

/* KiB of RAM from 1 MiB on, as the memory map tells. */
static u32 above_1_mib;
static u32 below_1_mib;

static bool next_range(u32 *index)
{
	struct registers all = { .ax = 0xe820, .bx = *index, .cx = 24, .dx = SIGNATURE, .di = (u32)&range,
		.flags = INTERRUPTS };

	range.extended = 1;
	bios(0x15, &all);
	if (failed(&all))
		return false;
	check_equal(all.ax, SIGNATURE, "E820h returns SMAP in EAX");
	check(all.cx == 20 || all.cx == 24, "E820h says how many bytes it stored");
	check(all.di == (u32)&range && all.es == 0, "E820h keeps ES:DI");
	*index = all.bx;
	return true;
}

static void memory_map(void)
{
	u32 index = 0, count = 0;
	u64 end = 0;
	bool sorted = true, rom_is_free = false;

	do {
		if (!next_range(&index)) {
			check(count > 0, "there is a memory map");
			break;
		}
		count++;
		sorted = sorted && range.base >= end;
		end = range.base + range.size;
		check(range.size != 0, "no range is empty");
		check(range.kind >= 1 && range.kind <= 5, "ranges have a known kind");
		if (range.kind != RAM)
			continue;
		if (range.base == 0)
			below_1_mib = (u32)range.size >> 10;
		if (range.base == MEGABYTE)
			above_1_mib = (u32)range.size >> 10;
		if (range.base < ROM_END && end > 0xa0000)
			rom_is_free = true;
	} while (index && count < 64);
	check(index == 0, "the memory map ends");
	check(sorted, "ranges are in order and do not overlap");
	check(!rom_is_free, "there is no RAM for programs between 640 KiB and 1 MiB");
	check(above_1_mib >= 1024, "there is RAM from 1 MiB on");
}

static void memory_sizes(void)
{
	u32 base = call(0x12, 0, 0, 0, 0).ax & 0xffff;
	struct registers all;
	u32 told;

	check(base >= 512 && base <= 640, "INT 12h tells the size of conventional memory");
	check_equal(base, read16(0x413), "the BIOS data area tells the same");
	check_equal(below_1_mib, base, "and so does the memory map");

	all = call(0x15, 0xe801, 0, 0, 0);
	told = (all.cx & 0xffff) + (all.dx & 0xffff) * 64;
	check(!failed(&all), "E801h is there");
	check((all.cx & 0xffff) <= 15 * 1024, "E801h counts KiB up to 16 MiB");
	check(told + 1024 >= above_1_mib && above_1_mib + 1024 >= told, "E801h and E820h agree, but for what tables take");
	check((all.ax & 0xffff) == (all.cx & 0xffff) && (all.bx & 0xffff) == (all.dx & 0xffff),
		"E801h tells it in both pairs of registers");

	all = call(0x15, 0x8800, 0, 0, 0);
	told = told > 0xfc00 ? 0xfc00 : told;
	check(!failed(&all) && (all.ax & 0xffff) + 1024 >= told && (all.ax & 0xffff) <= told + 1024, "AH=88h agrees");
	all = (struct registers){ .ax = 0xe820, .cx = 24, .dx = 0x12345678, .di = (u32)&range };
	bios(0x15, &all);
	check(failed(&all), "E820h wants its signature");
}

static void pattern(u8 *buffer, u32 size, u8 seed)
{
	for (u32 i = 0; i < size; i++)
		buffer[i] = (u8)(i * 7 + seed);
}

static u8 buffer[2048], copy[2048];
static struct {
	u16 limit, base;
	u8 base_16, access, flags, base_24;
} __attribute__((packed)) table[6];

static bool move(u32 from, u32 to, u16 words)
{
	const u32 bases[2] = { from, to };
	struct registers all = { .ax = 0x8700, .cx = words, .si = (u32)table, .flags = INTERRUPTS };

	memset(table, 0, sizeof(table));
	for (u32 i = 0; i < 2; i++) {
		table[2 + i].limit = (u16)(words * 2 - 1);
		table[2 + i].base = (u16)bases[i];
		table[2 + i].base_16 = (u8)(bases[i] >> 16);
		table[2 + i].base_24 = (u8)(bases[i] >> 24);
		table[2 + i].access = 0x93;
	}
	bios(0x15, &all);
	check(all.flags & INTERRUPTS, "a move leaves interrupts on");
	return !failed(&all) && high(all.ax) == 0;
}

static void moves(void)
{
	pattern(buffer, sizeof(buffer), 1);
	memset(copy, 0, sizeof(copy));
	check(move((u32)buffer, 0x00a01001, 1024), "AH=87h moves up");
	check(move(0x00a01001, (u32)copy, 1023), "AH=87h moves down");
	check(memcmp(buffer, copy, 2046) == 0, "what AH=87h moved is the same");
	check(copy[2046] == 0 && copy[2047] == 0, "AH=87h moves as many words as it was told");
	check(move((u32)buffer + 512, 0x01000000, 512) && move(0x01000000, (u32)copy, 512),
		"AH=87h reaches beyond 16 MiB");
	check(memcmp(buffer + 512, copy, 1024) == 0, "and there it keeps what is moved");
}

/* Memory at 1 MiB + 500h, which shows 500h while A20 is off, by FFFF:0510. */
static u16 wrapped(void)
{
	u16 value;

	__asm__ volatile("mov ax, 0xffff\n\tmov gs, ax\n\tmov ax, gs:[0x510]\n\txor bx, bx\n\tmov gs, bx"
		: "=a"(value) : : "ebx", "memory");
	return value;
}

static void gate_a20(void)
{
	struct registers all = call(0x15, 0x2402, 0, 0, 0);
	u16 kept = read16(0x500);

	check(!failed(&all) && high(all.ax) == 0 && low(all.ax) == 1, "A20 is on when a loader starts");
	all = call(0x15, 0x2403, 0, 0, 0);
	check(!failed(&all) && high(all.ax) == 0 && all.bx & 3, "there is a way to switch A20");
	write16(0x500, 0x1111);
	check(move(0x500, 0x100500, 1), "1 MiB is reached");
	write16(0x500, 0x2222);
	check_equal(wrapped(), 0x1111, "with A20 on memory at 1 MiB is another one");
	all = call(0x15, 0x2400, 0, 0, 0);
	check(!failed(&all) && high(all.ax) == 0, "A20 is switched off");
	check_equal(wrapped(), 0x2222, "with A20 off memory wraps at 1 MiB");
	all = call(0x15, 0x2402, 0, 0, 0);
	check(!failed(&all) && low(all.ax) == 0, "the BIOS says that A20 is off");
	all = call(0x15, 0x2401, 0, 0, 0);
	check(!failed(&all), "A20 is switched on");
	check_equal(wrapped(), 0x1111, "with A20 on again memory at 1 MiB is as it was");
	write16(0x500, kept);
}

int main(void)
{
	if (stage() == FROM_DISK_AGAIN) {
		check(shared->boot_drive == (u8)read32(KEPT_DRIVE), "INT 19h boots from the same disk");
		shared->checks += read32(KEPT_CHECKS);
		shared->failures += read32(KEPT_FAILURES);
		boot_again(0x18, FROM_CD);
	}
	memory_map();
	memory_sizes();
	moves();
	gate_a20();
	machine();
	return 0;
}
