// SPDX-License-Identifier: GPL-2.0-or-later
// A boot program that tries the BIOS's services and says on COM1 what they gave.

#include "kit.h"

// What a service does not document as changed stays, all 32 bits and the segments among it.
static void preserves(const char *what, u8 vector, u16 ax, u16 bx, u16 flags)
{
	struct registers before = {0x12340000 | ax, 0x23450000 | bx, 0x34566789, 0x45677F80, 0x56780001, 0x67890002,
				   0x789A0003, 0x1111, 0x2222, flags, 0x3333, 0x4444, 0};
	struct registers after = before;
	bios(vector, &after);
	int same = after.esi == before.esi && after.edi == before.edi && after.ebp == before.ebp &&
		   after.ds == before.ds && after.es == before.es && after.fs == before.fs && after.gs == before.gs;
	same = same && after.eax >> 16 == before.eax >> 16 && after.ebx >> 16 == before.ebx >> 16 &&
	       after.ecx >> 16 == before.ecx >> 16 && after.edx >> 16 == before.edx >> 16;
	same = same && after.esp >> 16 == 0xABCD && (after.flags & 0x600) == (flags & 0x600);
	fact(what, same);
}

static void try_preservation(void)
{
	preserves("int 10h keeps registers", 0x10, 0x0300, 0, INTERRUPT);
	preserves("int 11h keeps registers", 0x11, 0, 0, 0);
	preserves("int 12h keeps registers with the direction flag set", 0x12, 0, 0, 0x400);
	preserves("int 13h keeps registers", 0x13, 0x4100, 0x55AA, INTERRUPT);
	preserves("int 15h keeps registers and interrupts off", 0x15, 0x8800, 0, 0);
	preserves("int 16h keeps registers", 0x16, 0x0100, 0, INTERRUPT);
	preserves("int 1Ah keeps registers", 0x1A, 0x0000, 0, 0);
	struct registers all = {.eax = 0x41424344};
	bios(0x15, &all);
	fact("an unknown int 15h gives AH=86h and carry", failed(&all) && all.eax == 0x41428644);
	fact("int 12h gives 639", (u16)call(0x12, 0, 0, 0, 0).eax == 639);
	fact("int 11h counts COM1", ((u16)call(0x11, 0, 0, 0, 0).eax >> 9 & 7) >= 1);
}

static struct __attribute__((packed)) {
	u64 base, size;
	u32 kind;
} range;

static void try_memory_map(void)
{
	u32 index = 0, low = 0, high = 0, ordered = 1;
	u64 end = 0;
	do {
		struct registers all = {.eax = 0xE820, .ebx = index, .ecx = 20, .edx = 0x534D4150, .edi = (u32)&range};
		bios(0x15, &all);
		if (failed(&all) || all.eax != 0x534D4150) {
			fact("int 15h AX=E820h goes on to the end", 0);
			return;
		}
		index = all.ebx;
		say("range ");
		say_hex(range.base >> 32, 2);
		say_hex(range.base, 8);
		say(" ");
		say_hex(range.size >> 32, 2);
		say_hex(range.size, 8);
		say(range.kind == 1 ? " ram\n" : range.kind == 4 ? " acpi\n" : " reserved\n");
		ordered = ordered && range.base >= end;
		end = range.base + range.size;
		low += range.kind == 1 && range.base == 0 && range.size == 0x9FC00;
		if (range.kind == 1 && range.base == 0x100000)
			high = (u32)range.size >> 10;
	} while (index);
	fact("ranges are in order and do not overlap", ordered && low == 1);
	struct registers all = call(0x15, 0xE801, 0, 0, 0);
	u32 told = (all.eax & 0xFFFF) + (all.ebx & 0xFFFF) * 64;
	fact("int 15h AX=E801h agrees, in 64 KiB", !failed(&all) && told <= high && high - told < 64);
	all = call(0x15, 0x8800, 0, 0, 0);
	fact("int 15h AH=88h agrees", !failed(&all) && (all.eax & 0xFFFF) == (high > 0xFC00 ? 0xFC00 : high));
}

static struct __attribute__((packed)) {
	u16 limit, base;
	u8 base_16, access, flags, base_24;
} descriptors[6];

int move(u32 from, u32 to, u16 words)
{
	u32 bases[2] = {from, to};
	for (u32 n = 0; n < 2; n++) {
		descriptors[2 + n].limit = 0xFFFF;
		descriptors[2 + n].base = bases[n];
		descriptors[2 + n].base_16 = bases[n] >> 16;
		descriptors[2 + n].base_24 = bases[n] >> 24;
		descriptors[2 + n].access = 0x93;
	}
	struct registers all = {.eax = 0x8700, .ecx = words, .esi = (u32)descriptors, .flags = INTERRUPT};
	bios(0x15, &all);
	return !failed(&all) && !(all.eax >> 8 & 0xFF) && all.flags & INTERRUPT;
}

static void try_extended_memory(void)
{
	for (u32 n = 0; n < 1024; n++)
		buffer[n] = n * 7;
	int moved = move((u32)buffer, 0x00A00000, 1024);
	for (u32 n = 0; n < 1024; n++)
		buffer[n] = 0;
	moved = moved && move(0x00A00000, (u32)buffer, 1023);
	fact("a block moves above 1 MiB and back", moved && buffer[1022] == 1022 * 7 && buffer[1023] == 0);
	fact("segments have their old limit again", peek(0xFFFF, 0) == 0x5BEA && peek(0x0000, 0x7DFE) == 0xAA55);

	struct registers all = call(0x15, 0x2402, 0, 0, 0);
	fact("A20 is on", !failed(&all) && (all.eax & 0xFF) == 1);
	poke(0x0000, 0x0500, 0x1111);
	poke(0xFFFF, 0x0510, 0x2222);
	int apart = peek(0x0000, 0x0500) == 0x1111;
	call(0x15, 0x2400, 0, 0, 0);
	int wraps = peek(0xFFFF, 0x0510) == 0x1111;
	moved = move(0x00100500, (u32)buffer, 1) && buffer[0] == 0x2222 && peek(0xFFFF, 0x0510) == 0x1111;
	call(0x15, 0x2401, 0, 0, 0);
	fact("A20 goes off and on", apart && wraps && peek(0xFFFF, 0x0510) == 0x2222);
	fact("a block move does not depend on A20 and leaves it", moved);
}

static u32 ticks(void)
{
	struct registers all = call(0x1A, 0, 0, 0, 0);
	return (all.ecx << 16) | (all.edx & 0xFFFF);
}

static int is_bcd(u32 value)
{
	return (value & 0x0F) < 10 && (value >> 4 & 0x0F) < 10;
}

static void try_time(void)
{
	u16 offset = peek(0, 0x70), segment = peek(0, 0x72);
	poke(0, 0x70, (u32)count_tick);
	poke(0, 0x72, 0);
	u32 first = ticks();
	ticks_counted = 0;
	while (ticks_counted < 3)
		asm volatile("sti; hlt" : : : "memory");
	fact("time ticks advance and call int 1Ch", ticks() - first >= 3 && ticks() - first < 6);
	u32 before = ticks();
	struct registers all = call(0x15, 0x8600, 0, 3, 0x0D40); // 200 ms
	u32 passed = ticks() - before;
	fact("int 15h AH=86h waits", !failed(&all) && passed >= 3 && passed <= 6);
	poke(0, 0x70, offset);
	poke(0, 0x72, segment);

	all = call(0x1A, 0x0200, 0, 0, 0);
	fact("the clock tells the time in BCD", !failed(&all) && is_bcd(all.ecx) && is_bcd(all.ecx >> 8) && is_bcd(all.edx >> 8));
	all = call(0x1A, 0x0400, 0, 0, 0);
	fact("the clock tells the date in BCD", !failed(&all) && is_bcd(all.ecx) && is_bcd(all.ecx >> 8) && is_bcd(all.edx));
}

static void try_pci(void)
{
	struct registers all = call(0x1A, 0xB101, 0, 0, 0);
	fact("the PCI BIOS is there", !failed(&all) && all.edx == 0x20494350 && (u16)all.ebx == 0x0210 && !(all.eax & 0xFF00));
	all = (struct registers){.eax = 0xB102, .ecx = 0x1237, .edx = 0x8086};
	bios(0x1A, &all);
	fact("the host bridge is found", !failed(&all) && (u16)all.ebx == 0);
	all = (struct registers){.eax = 0xB102, .ecx = 0x1234, .edx = 0x5678};
	bios(0x1A, &all);
	fact("an absent function is not found", failed(&all) && (all.eax >> 8 & 0xFF) == 0x86);
	all = (struct registers){.eax = 0xB103, .ecx = 0x010180};
	bios(0x1A, &all);
	u32 ide = all.ebx & 0xFFFF;
	fact("the IDE function is found by its class", !failed(&all) && ide == 0x0009);
	all = (struct registers){.eax = 0xB10A, .ebx = ide, .edi = 0x20};
	bios(0x1A, &all);
	fact("its bus master registers are in the I/O window", !failed(&all) && (all.ecx & 1) && all.ecx >= 0xC001 && all.ecx < 0x10000);
	all = (struct registers){.eax = 0xB109, .ebx = ide, .edi = 0x04};
	bios(0x1A, &all);
	fact("it decodes and masters", !failed(&all) && (all.ecx & 5) == 5);
	all = (struct registers){.eax = 0xB10A, .ebx = ide, .edi = 0x40};
	bios(0x1A, &all);
	fact("both channels are enabled", !failed(&all) && (all.ecx & 0x80008000) == 0x80008000);
	all = (struct registers){.eax = 0xB10A, .ebx = ide, .edi = 0x41};
	bios(0x1A, &all);
	fact("an odd register is refused", failed(&all) && (all.eax >> 8 & 0xFF) == 0x87);
	all = (struct registers){.eax = 0xB10B, .ebx = ide, .ecx = 0x5A, .edi = 0x3C};
	bios(0x1A, &all);
	all = (struct registers){.eax = 0xB108, .ebx = ide, .edi = 0x3C};
	bios(0x1A, &all);
	fact("a written register reads back", !failed(&all) && (all.ecx & 0xFF) == 0x5A);
}

static void try_network_card(void)
{
	struct registers all = {.eax = 0xB102, .ecx = 0x8029, .edx = 0x10EC};
	bios(0x1A, &all);
	if (failed(&all))
		return;
	u32 card = all.ebx & 0xFFFF;
	all = (struct registers){.eax = 0xB10A, .ebx = card, .edi = 0x10};
	bios(0x1A, &all);
	fact("the network card's registers are at its base address", inb((all.ecx & 0xFFFC) + 0x0A) == 0x50);
	all = (struct registers){.eax = 0xB108, .ebx = card, .edi = 0x3C};
	bios(0x1A, &all);
	u32 irq = all.ecx & 0xFF;
	fact("its interrupt is 10 or 11, a level", (irq == 10 || irq == 11) && inb(0x4D1) & 1 << (irq - 8));
}

static void try_power_management(void)
{
	struct registers all = call(0x15, 0x5300, 0, 0, 0);
	fact("APM 1.2 is there", !(all.flags & CARRY) && (u16)all.eax == 0x0102 && (u16)all.ebx == 0x504D);
	all = call(0x15, 0x5307, 1, 3, 0);
	fact("it does nothing before it is connected", all.flags & CARRY && (u16)all.eax >> 8 == 0x03);
	call(0x15, 0x5301, 0, 0, 0);
	all = call(0x15, 0x5307, 2, 3, 0);
	fact("it knows no single devices", all.flags & CARRY && (u16)all.eax >> 8 == 0x09);
	all = call(0x15, 0x5307, 1, 9, 0);
	fact("it knows no state 9", all.flags & CARRY && (u16)all.eax >> 8 == 0x0A);
	call(0x15, 0x5304, 0, 0, 0);
}

static void try_keyboard(void)
{
	struct registers all = call(0x16, 0x0100, 0, 0, 0);
	fact("no key waits", all.flags & ZERO);
	call(0x16, 0x0500, 0, 0x1E61, 0);
	all = call(0x16, 0x0100, 0, 0, 0);
	fact("a key that was put waits", !(all.flags & ZERO) && (u16)all.eax == 0x1E61);
	all = call(0x16, 0x0000, 0, 0, 0);
	fact("it is read", (u16)all.eax == 0x1E61);
	all = call(0x16, 0x0100, 0, 0, 0);
	fact("and then gone", all.flags & ZERO);
	u32 room = 0;
	while (!(call(0x16, 0x0500, 0, room, 0).eax & 0xFF))
		room++;
	fact("the buffer holds 15 keys", room == 15);
	for (u32 n = 0; n < room; n++)
		fact("in order", (u16)call(0x16, 0x1000, 0, 0, 0).eax == n);
}

// With a finger on the keyboard: what is typed up to Escape comes back.
static void echo_keys(void)
{
	say("type\n");
	for (;;) {
		u32 key = call(0x16, 0x0000, 0, 0, 0).eax & 0xFFFF;
		say("key ");
		say_hex(key, 4);
		say("\n");
		if (key == 0x011B)
			return;
	}
}

static void try_teletype(void)
{
	static const char text[] = "hello from int 10h\r\n";
	for (const char *at = text; *at; at++)
		call(0x10, 0x0E00 | *at, 0, 0, 0);
	struct registers all = {.eax = 0x1301, .ebx = 7, .ecx = sizeof(text) - 1, .ebp = (u32)text};
	bios(0x10, &all);
	all = call(0x10, 0x0F00, 0, 0, 0);
	fact("the video mode is 3 with 80 columns", (u16)all.eax == 0x5003);
}

void run(u8 drive)
{
	say("booted from ");
	say_hex(drive, 2);
	say("\n");
	if (drive < 0xE0)
		try_disk(drive);
	else
		try_cd(drive);
	try_preservation();
	try_memory_map();
	try_extended_memory();
	try_time();
	try_pci();
	try_network_card();
	try_power_management();
	try_acpi();
	try_keyboard();
	try_teletype();
#ifdef ECHO_KEYS
	echo_keys();
#else
	(void)echo_keys;
#endif
	say(failures ? "Test result: FAILURE\n" : "Test result: SUCCESS\n");
	outb(EXIT_PORT, failures ? FAILURE : SUCCESS);
	for (;;)
		asm volatile("cli; hlt");
}
