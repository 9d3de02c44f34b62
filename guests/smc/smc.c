/* The hardware should execute what memory holds at the moment of the fetch: a store takes effect on the very next
 * instruction, be it earlier or later in the same straight run of code, by MOV or by REP STOSB; code that was
 * patched between calls or copied elsewhere runs as it is then. (Processors since the Pentium notice stores into
 * their own prefetched code.) The same source is built for real, protected and long mode.
 *
 * Each routine below is code to be patched: `mov eax, imm32`, whose last four bytes are the immediate.
 */
#include "guest.h"
#include "memory.h"
#include "smc.h"

static u32 later(u32 value)
{
	u32 result;

	__asm__ volatile("mov dword ptr [1f - 4], %1\n\tnop\n\tnop\n\tmov eax, 0x11111111\n1:"
		: "=&a"(result) : "r"(value) : "memory");
	return result;
}

static u32 next(u32 value)
{
	u32 result;

	__asm__ volatile("mov dword ptr [1f - 4], %1\n\tmov eax, 0x11111111\n1:"
		: "=&a"(result) : "r"(value) : "memory");
	return result;
}

/* Stores into the instruction before, in the same block, and comes back to it. */
static u32 earlier(u32 value)
{
	u32 result, rounds = 0;

	__asm__ volatile("2:\tmov eax, 0x22222222\n1:\tmov dword ptr [1b - 4], %2\n\tnop\n\tinc %1\n\tcmp %1, 2\n\tjb 2b"
		: "=&a"(result), "+r"(rounds) : "r"(value) : "memory", "cc");
	return result;
}

/* The same value as is there already: nothing changes, and the loop must end. */
static u32 same_value(void)
{
	u32 result, rounds = 0;

	__asm__ volatile("2:\tmov dword ptr [1f - 4], 0x33333333\n\tmov eax, 0x33333333\n1:\tinc %1\n\tcmp %1, 50\n\tjb 2b"
		: "=&a"(result), "+r"(rounds) : : "memory", "cc");
	return result + rounds;
}

/* A counter in the code itself, changed by each round of a loop. */
static u32 counting(void)
{
	u32 result;

	__asm__ volatile("mov dword ptr [1f - 4], 0\n2:\tmov eax, 0x44444444\n1:\tinc eax\n\tmov dword ptr [1b - 4], eax\n\t"
		"cmp eax, 100\n\tjb 2b" : "=&a"(result) : : "memory", "cc");
	return result;
}

static u32 by_string(void)
{
	u32 result;
	word to, count = 4;

	__asm__ volatile("mov %1, offset 1f - 4\n\tmov al, 0x5a\n\trep stosb\n\tmov eax, 0x11111111\n1:"
		: "=&a"(result), "=&D"(to), "+c"(count) : : "memory");
	return result;
}

/* A store that fills in whole instructions: three INC EAX in place of NOPs, in the middle of the block. */
static u32 instructions(void)
{
	u32 result;

	__asm__ volatile("xor eax, eax\n\tmov dword ptr [1f], 0x90c0fe90\n\tmov word ptr [1f + 4], 0xc0fe\n"
		"\tnop\n1:\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n" : "=&a"(result) : : "memory", "cc");
	return result;
}

/* Turns the instruction that follows into a jump. */
static u32 into_jump(void)
{
	u32 result;

	__asm__ volatile("mov eax, 1\n\tmov word ptr [1f], 0x02eb\n1:\tmov al, 9\n\tjmp 2f\n\tmov al, 5\n2:"
		: "=&a"(result) : : "memory", "cc");
	return result;
}

typedef u32 (*routine)(void);
u32 patched(void);
extern u8 patched_number[], patched_end[];
__asm__("patched:\n	mov	eax, 0x11111111\n	.set	patched_number, . - 4\n	ret\npatched_end:\n");

static void between_calls(void)
{
	bool right = true;

	for (u32 round = 0; round < 40; round++) {
		*(volatile u32 *)patched_number = round * 0x01010101;
		__asm__ volatile("" : : : "memory");
		if (patched() != round * 0x01010101)
			right = false;
	}
	check(right, "a routine that is patched before each call gives the new value each time");
}

static u8 copy[64] __attribute__((aligned(16)));

static void copied(void)
{
	u32 size = (u32)(patched_end - (u8 *)patched);
	bool right = true;

	for (u32 round = 0; round < 10; round++) {
		u8 *to = copy + round;
		memcpy(to, (void *)patched, size);
		*(u32 *)(to + (patched_number - (u8 *)patched)) = 0xabcd0000 + round;
		if (((routine)(word)to)() != 0xabcd0000 + round)
			right = false;
	}
	check(right, "code that is copied over older code runs as copied");
}

int main(void)
{
	check_equal(later(0x12345678), 0x12345678, "a store into an instruction further on takes effect");
	check_equal(later(0x87654321), 0x87654321, "and when it runs again");
	check_equal(next(0x12345678), 0x12345678, "a store into the very next instruction takes effect");
	check_equal(next(0x0badcafe), 0x0badcafe, "and when it runs again");
	check_equal(earlier(0x5555aaaa), 0x5555aaaa, "a store into an earlier instruction is seen on the way back");
	check_equal(same_value(), 0x33333333 + 50, "storing the same value changes nothing");
	check_equal(counting(), 100, "a loop that counts in its own immediate comes to its end");
	check_equal(by_string(), 0x5a5a5a5a, "REP STOSB into the code that follows takes effect");
	check_equal(instructions(), 2, "bytes that become other instructions run as these");
	check_equal(into_jump(), 5, "an instruction that becomes a jump jumps");
	between_calls();
	copied();
#ifndef REAL_MODE
	straight();
#endif
	printf("Self-modifying code in %s mode\n", MODE_NAME);
	return 0;
}
