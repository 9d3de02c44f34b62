/* The hardware should run MOVS, STOS, LODS, SCAS and CMPS of all widths in both directions, alone and with REP, REPE
 * and REPNE, with counts from 0 on, with addresses of 16, 32 and 64 bits; go on after a page fault in the middle
 * where it was; let interrupts in between the rounds, be it in the shadow of STI; and move port strings as
 * single IN and OUT would. Each result is compared with what a model in C says.
 */
#include "rep.h"

static u8 expected[BUFFER];

static u8 *source(void) { return (u8 *)SOURCE; }
static u8 *target(void) { return (u8 *)TARGET; }

static void fill(void)
{
	for (u32 i = 0; i < BUFFER; i++) {
		source()[i] = i % 13 == 12 ? 0x22 : 0x11;
		expected[i] = target()[i] = i % 17 == 16 ? 0x33 : 0x11;
	}
}

static u64 load(const u8 *from, u32 width)
{
	u64 value = 0;

	for (u32 i = width; i--;)
		value = value << 8 | from[i];
	return value;
}

static void store(u8 *to, u64 value, u32 width)
{
	for (u32 i = 0; i < width; i++, value >>= 8)
		to[i] = (u8)value;
}

static u64 mask_of(u32 width)
{
	return width == 8 ? ~0ull : (1ull << 8 * width) - 1;
}

/* How wide addresses and the count are in this routine, in bytes. */
static u32 address_size(const struct routine *routine)
{
#if defined(REAL_MODE)
	return routine->narrow ? 4 : 2;
#elif defined(LONG_MODE)
	return routine->narrow ? 4 : 8;
#else
	return routine->narrow ? 2 : 4;
#endif
}

static word advance(word address, s32 step, u32 size)
{
	word mask = (word)mask_of(size);

	return (address & ~mask) | ((address + (word)(long)step) & mask);
}

static void compare(struct registers *registers, u64 left, u64 right)
{
	registers->flags &= ~(word)(ZF | CF);
	if (left == right)
		registers->flags |= ZF;
	if (left < right)
		registers->flags |= CF;
}

/* One round on the model's own target. */
static void model_round(const struct routine *routine, struct registers *registers)
{
	u32 width = routine->width, size = address_size(routine);
	word mask = (word)mask_of(size);
	s32 step = registers->flags & DF ? -(s32)width : (s32)width;
	const u8 *from = (const u8 *)(registers->si & mask);
	u8 *to = expected + ((registers->di & mask) - TARGET);
	u64 accumulator = registers->ax & mask_of(width);

	switch (routine->kind) {
	case MOVS:
		store(to, load(from, width), width);
		break;
	case STOS:
		store(to, accumulator, width);
		break;
	case LODS:
		if (width >= 4)
			registers->ax = (word)load(from, width);
		else
			registers->ax = (word)((registers->ax & ~mask_of(width)) | load(from, width));
		break;
	case SCAS:
		compare(registers, accumulator, load(to, width));
		break;
	case CMPS:
		compare(registers, load(from, width), load(to, width));
		break;
	}
	if (routine->kind == MOVS || routine->kind == LODS || routine->kind == CMPS)
		registers->si = advance(registers->si, step, size);
	if (routine->kind != LODS)
		registers->di = advance(registers->di, step, size);
}

static void model(const struct routine *routine, struct registers *registers)
{
	word mask = (word)mask_of(address_size(routine));

	if (routine->prefix == NO_PREFIX) {
		model_round(routine, registers);
		return;
	}
	while (registers->cx & mask) {
		model_round(routine, registers);
		registers->cx = (registers->cx & ~mask) | ((registers->cx - 1) & mask);
		if (routine->kind >= SCAS && !!(registers->flags & ZF) != (routine->prefix == REPEAT))
			break;
	}
}

static bool same(const struct registers *one, const struct registers *other)
{
	return one->si == other->si && one->di == other->di && one->cx == other->cx && one->ax == other->ax
		&& (one->flags & (ZF | CF | DF)) == (other->flags & (ZF | CF | DF));
}

static bool try_routine(const struct routine *routine, word count, word flags, word junk)
{
	struct registers ran = { junk | (SOURCE + MIDDLE), junk | (TARGET + MIDDLE), junk | count, 0x11111111, flags };
	struct registers wanted = ran;

	fill();
	model(routine, &wanted);
	run_routine(routine->code, &ran);
	if (same(&ran, &wanted) && !memcmp(expected, target(), BUFFER))
		return true;
	printf("kind %u width %u prefix %u narrow %u count %lu flags %lx:\n", routine->kind, routine->width,
		routine->prefix, routine->narrow, count, flags);
	printf("  si %lx di %lx cx %lx ax %lx flags %lx\n", ran.si, ran.di, ran.cx, ran.ax, ran.flags);
	printf("  si %lx di %lx cx %lx ax %lx flags %lx wanted\n", wanted.si, wanted.di, wanted.cx, wanted.ax, wanted.flags);
	return false;
}

static void all_routines(void)
{
	static const u8 counts[] = { 0, 1, 2, 7 };
	u32 wrong = 0;

	for (const struct routine *routine = routines; routine < routines_end; routine++) {
		/* What lies above an address of 16 bits must neither matter nor change. */
		word junk = address_size(routine) == 2 ? 0xabcd0000 : 0;

		for (u32 i = 0; i < COUNT(counts); i++)
			for (word direction = 0; direction <= DF; direction += DF)
				if (!try_routine(routine, counts[i], 2 | direction | (i & 1 ? ZF : CF), junk))
					wrong++;
	}
	check(wrong == 0, "every string instruction does what the model says");
	check(routines_end - routines >= 72, "there are routines for all of them");
}

static void wrap_around(void)
{
#ifdef REAL_MODE
	/* REP STOSB over the end of a segment of 64 KiB goes on at its start. */
	u32 count = 8, to = 0xfffc;
	u8 first;

	__asm__ volatile("mov dx, 0x8000\n\tmov es, dx\n\trep stosb\n\tmov %b2, es:[3]\n\txor dx, dx\n\tmov es, dx"
		: "+c"(count), "+D"(to), "=&b"(first) : "a"(0x42) : "edx", "memory", "cc");
	check(count == 0 && to == 4, "DI wraps at 64 KiB");
	check(first == 0x42, "and the store goes on at the start of the segment");
#endif
}

int main(void)
{
	interrupts_init();
	all_routines();
	wrap_around();
	ports();
	ticks_and_shadows();
#ifndef REAL_MODE
	faults();
#endif
	printf("String instructions in %s mode\n", MODE_NAME);
	return 0;
}
