/* The hardware should execute a program that rewrites itself as it runs, and is rewritten between its runs, exactly as
 * a model of it says: a random straight line of arithmetic on EAX and of stores into the operands of that arithmetic,
 * before and behind the store. Each instruction has a slot of 16 bytes, filled up with NOPs or left by a jump, so that
 * stores meet their own block as well as others. (Processors since the Pentium notice stores into code that they have prefetched.)
 */
#include "../hostile/hostile.h"

enum { STORMS = 3, RUNS = 150, SLOTS = 32, SLOT = 16, RET = 0xc3, NOP = 0x90, JUMP = 0xeb };
enum kind { ADD = 0x05, SUBTRACT = 0x2d, XOR = 0x35, ROTATE = 0xc1, STORE = 0xc7 };

/* A slot of the model; `operand` is what is added, or stored into the operand of `target`. */
struct step {
	enum kind kind;
	u32 operand, target;
};

#if defined(REAL_MODE)
enum { OPCODE_AT = 1, OPERAND_AT = 2, STORED_AT = 5 };
static const u8 store[] = { 0x66, STORE, 0x06 };
typedef u16 displacement;
#elif defined(LONG_MODE)
enum { OPCODE_AT = 0, OPERAND_AT = 1, STORED_AT = 7 };
static const u8 store[] = { STORE, 0x04, 0x25 };
typedef u32 displacement;
#else
enum { OPCODE_AT = 0, OPERAND_AT = 1, STORED_AT = 6 };
static const u8 store[] = { STORE, 0x05 };
typedef u32 displacement;
#endif

static struct step model[SLOTS];
static u8 code[(SLOTS + 1) * SLOT] __attribute__((aligned(1024)));	/* in one page */

static u8 *slot(u32 number)
{
	return code + number * SLOT;
}

static bool is_arithmetic(u32 number)
{
	return model[number].kind != ROTATE && model[number].kind != STORE;
}

static enum kind draw_arithmetic(void)
{
	static const u8 kinds[] = { ADD, SUBTRACT, XOR };

	return kinds[draw_below(COUNT(kinds))];
}

static void put32(u8 *at, u32 value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

static u32 write_step(u8 *at, const struct step *step)
{
	displacement place = (displacement)(word)(slot(step->target) + OPERAND_AT);

	if (step->kind == STORE) {
		memcpy(at, store, sizeof(store));
		memcpy(at + sizeof(store), &place, sizeof(place));
		put32(at + STORED_AT, step->operand);
		return STORED_AT + 4;
	}
	at[0] = 0x66;		/* in real mode operands of 32 bits need it; elsewhere it is overwritten */
	at[OPCODE_AT] = (u8)step->kind;
	if (step->kind == ROTATE) {
		at[OPERAND_AT] = 0xc0;
		at[OPERAND_AT + 1] = (u8)step->operand;
		return OPERAND_AT + 2;
	}
	put32(at + OPERAND_AT, step->operand);
	return OPERAND_AT + 4;
}

static void write_program(void)
{
	for (u32 n = 0; n < SLOTS; n++) {
		u8 *at = slot(n);
		u32 used;

		memset(at, NOP, SLOT);
		used = write_step(at, &model[n]);
		if (draw() & 1) {
			at[used] = JUMP;
			at[used + 1] = (u8)(SLOT - used - 2);
		}
	}
	slot(SLOTS)[0] = RET;
}

static void draw_program(void)
{
	for (u32 n = 0; n < SLOTS; n++) {
		u32 kind = draw_below(8);

		model[n].kind = n == 0 || kind < 4 ? draw_arithmetic() : kind == 4 ? ROTATE : STORE;
		model[n].operand = model[n].kind == ROTATE ? 1 + draw_below(31) : draw();
		model[n].target = 0;
	}
	for (u32 n = 0; n < SLOTS; n++)
		if (model[n].kind == STORE)
			while (!is_arithmetic(model[n].target = draw_below(SLOTS)))
				;
}

static u32 run_model(u32 value)
{
	for (u32 n = 0; n < SLOTS; n++) {
		const struct step *step = &model[n];

		switch (step->kind) {
		case ADD:
			value += step->operand;
			break;
		case SUBTRACT:
			value -= step->operand;
			break;
		case XOR:
			value ^= step->operand;
			break;
		case ROTATE:
			value = value << step->operand | value >> (32 - step->operand);
			break;
		case STORE:
			model[step->target].operand = step->operand;
		}
	}
	return value;
}

static u32 run_code(u32 value)
{
#ifdef LONG_MODE
	__asm__ volatile("call %1" : "+a"(value) : "r"((word)code) : "memory", "cc");
#elif defined(REAL_MODE)
	__asm__ volatile("call %w1" : "+a"(value) : "r"((word)code) : "memory", "cc");
#else
	__asm__ volatile("call %1" : "+a"(value) : "r"((word)code) : "memory", "cc");
#endif
	return value;
}

/* From without: an operand, a byte of one, an operation, or a whole step over another of its kind. */
static void rewrite(void)
{
	u32 n = draw_below(SLOTS), from = draw_below(SLOTS);
	u32 at = model[n].kind == STORE ? STORED_AT : OPERAND_AT, shift = 8 * draw_below(4);

	if (model[n].kind == ROTATE) {
		model[n].operand = 1 + draw_below(31);
		slot(n)[OPERAND_AT + 1] = (u8)model[n].operand;
		return;
	}
	switch (draw_below(4)) {
	case 0:
		model[n].operand = draw();
		put32(slot(n) + at, model[n].operand);
		break;
	case 1:
		model[n].operand ^= (u32)0xff << shift;
		slot(n)[at + shift / 8] ^= 0xff;
		break;
	case 2:
		if (is_arithmetic(n)) {
			model[n].kind = draw_arithmetic();
			slot(n)[OPCODE_AT] = (u8)model[n].kind;
		}
		break;
	default:
		if (is_arithmetic(n) == is_arithmetic(from) && model[from].kind != ROTATE) {
			model[n] = model[from];
			memcpy(slot(n), slot(from), SLOT);
		}
	}
}

int main(void)
{
	u32 wrong = 0, value = 0x12345678;

	for (u32 seed = 1; seed <= STORMS; seed++) {
		begin_draws(seed * 0x27d4eb2fu);
		draw_program();
		write_program();
		for (u32 run = 0; run < RUNS; run++) {
			u32 wanted = run_model(value);

			value = run_code(value);
			wrong += value != wanted;
			value = wanted;
			for (u32 n = draw_below(6); n; n--)
				rewrite();
		}
	}
	check_equal(wrong, 0, "code that rewrites itself does what its model does");
	printf("%u runs in %s mode\n", STORMS * RUNS, MODE_NAME);
	return 0;
}
