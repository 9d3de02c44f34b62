/* INT 11h, the configuration table, waiting, what is not there, and which registers services keep. */
#include "machine.h"

static void equipment(void)
{
	u16 told = (u16)call(0x11, 0, 0, 0, 0).ax;

	check_equal(told, read16(0x410), "INT 11h tells the equipment word of the BIOS data area");
	check(told & 2, "there is a floating point unit");
	check((told >> 9 & 7) >= 1, "there is a serial port");
	check_equal(read16(0x400), 0x3f8, "the first serial port is COM1");
	check((u32)read16(0x40e) << 4 >= 0x80000 && (u32)read16(0x40e) << 4 < 0xa0000,
		"the extended data area ends conventional memory");
}

static void configuration_table(void)
{
	struct registers all = call(0x15, 0xc000, 0, 0, 0);
	u32 at = ((u32)all.es << 4) + (all.bx & 0xffff);

	check(!failed(&all) && high(all.ax) == 0, "there is a configuration table");
	check(read16(at) >= 8, "it has at least eight bytes");
	check_equal(read8(at + 2), 0xfc, "the model is an AT");
	check_equal(read8(0xffffe), 0xfc, "and the end of the ROM says so, too");
	check((read8(at + 5) & 0x60) == 0x60, "it tells of a second 8259A and of a clock");
	check((read8(at + 5) & 0x04) != 0, "it tells of an extended data area");
}

static void what_is_not_there(void)
{
	struct registers all = { .ax = 0x41427e44, .flags = INTERRUPTS };

	bios(0x15, &all);
	check(failed(&all) && high(all.ax) == 0x86, "an unknown function of INT 15h gives 86h");
	all = call(0x15, 0xc20a, 0, 0, 0);
	check(failed(&all) && high(all.ax) != 0, "there is no pointing device function 0Ah");
	all = call(0x15, 0x4f1e, 0, 0, 0);
	check(failed(&all) && low(all.ax) == 0x1e, "nobody translates scan codes");
}

/* By the tick count: one tick is 55 ms. */
static void waiting(void)
{
	u32 before, passed;
	struct registers all;

	for (before = read32(0x46c); read32(0x46c) == before; )
		__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
	before = read32(0x46c);
	all = call(0x15, 0x8600, 0, 1, 0x15a0);		/* 71,072 us */
	passed = read32(0x46c) - before;
	check(!failed(&all), "AH=86h waits");
	check(passed >= 1 && passed <= 3, "it waits 70 ms");
}

static void keeps(u8 vector, u32 ax, u32 bx, u16 flags, const char *sentence)
{
	struct registers before = { 0x12340000 | ax, 0x23450000 | bx, 0x34566789, 0x45677f80, 0x56780001, 0x67890002,
		0x789a0003, 0x1111, 0x2222, flags, 0x3333, 0x4444 };
	struct registers after = before;
	bool same;

	bios(vector, &after);
	same = after.si == before.si && after.di == before.di && after.bp == before.bp && after.ds == before.ds
		&& after.es == before.es && after.fs == before.fs && after.gs == before.gs;
	same = same && after.ax >> 16 == before.ax >> 16 && after.bx >> 16 == before.bx >> 16
		&& after.cx >> 16 == before.cx >> 16 && after.dx >> 16 == before.dx >> 16;
	check(same && (after.flags & 0x600) == (flags & 0x600), sentence);
}

static void registers_kept(void)
{
	keeps(0x11, 0, 0, 0, "INT 11h keeps registers");
	keeps(0x12, 0, 0, 0x400, "INT 12h keeps registers, and the direction flag");
	keeps(0x13, 0x4100, 0x55aa, INTERRUPTS, "INT 13h keeps registers");
	keeps(0x15, 0x8800, 0, 0, "INT 15h keeps registers, and interrupts off");
	keeps(0x16, 0x0100, 0, INTERRUPTS, "INT 16h keeps registers");
	keeps(0x1a, 0x0000, 0, 0, "INT 1Ah keeps registers");
}

void machine(void)
{
	equipment();
	configuration_table();
	what_is_not_there();
	waiting();
	registers_kept();
}
