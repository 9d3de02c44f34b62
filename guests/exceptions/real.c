/* Exceptions in real mode: through the table at 0, no error codes, three words of 16 bits on the stack. */
#include "guest.h"
#include "interrupts.h"
#include "memory.h"

static struct {
	u32 count, vector, ip, flags, stack;
} caught;
static volatile u32 fault_at __attribute__((used)), resume_at __attribute__((used));

#define TRY(setup, instruction, ...) \
	do { \
		caught.count = 0; \
		__asm__ volatile(setup "\n" \
			"\tmov dword ptr [fault_at], offset 771f\n" \
			"\tmov dword ptr [resume_at], offset 772f\n" \
			"771:\t" instruction "\n772:" __VA_ARGS__); \
	} while (0)

static void catch(struct frame *frame)
{
	caught.count++;
	caught.vector = frame->vector;
	caught.ip = frame->ip;
	caught.flags = frame->flags;
	caught.stack = (u32)&frame->ip;
	frame->ip = (u16)resume_at;
	frame->flags &= (u16)~0x100;
}

static bool came(u32 vector, u32 ip)
{
	return caught.count == 1 && caught.vector == vector && caught.ip == ip;
}

static void faults(void)
{
	TRY("xor cx, cx\n\txor dx, dx\n\tmov ax, 1", "div cx", : : : "eax", "ecx", "edx", "memory", "cc");
	check(came(0, fault_at), "DIV by zero comes as vector 0, at the DIV");
	TRY("", "ud2", : : : "memory");
	check(came(6, fault_at), "UD2 comes as vector 6");
	TRY("", ".byte 0x0f, 0x00, 0xc8", : : : "memory");
	check(came(6, fault_at), "STR is no instruction in real mode");

	static s16 bounds[2] = { -5, 10 };
	TRY("", "bound ax, [%1]", : : "a"(11), "b"(bounds) : "memory");
	check(came(5, fault_at), "BOUND outside its bounds comes as vector 5");
	TRY("", "bound ax, [%1]", : : "a"(10), "b"(bounds) : "memory");
	check(caught.count == 0, "BOUND within them does nothing");
}

static void traps(void)
{
	u32 before;

	TRY("", "int3", : : : "memory");
	check(came(3, resume_at), "INT3 comes as vector 3 and points behind itself");
	TRY("mov al, 0x7f\n\tadd al, 1", "into", : : : "eax", "memory", "cc");
	check(came(4, resume_at), "INTO with OF comes as vector 4");
	TRY("movzx ebx, sp\n\tsti", "int 0x60", "cli" : "=b"(before) : : "memory", "cc");
	check(caught.count == 1 && caught.vector == 0x60, "INT 60h comes as vector 60h");
	check(caught.stack == before - 6, "INT pushes three words of 16 bits");
	check(caught.flags & 0x200, "the pushed flags have IF as it was");

	caught.count = 0;
	__asm__ volatile("mov dword ptr [fault_at], offset 1f\n\tmov dword ptr [resume_at], offset 1f\n"
		"\tpushf\n\tpop eax\n\tor ah, 1\n\tpush eax\n\tpopf\n\tnop\n1:\tnop" : : : "eax", "memory", "cc");
	check(came(1, fault_at), "TF traps after the instruction that follows POPF");
}

int main(void)
{
	static const u8 vectors[] = { 0, 1, 3, 4, 5, 6, 0x60 };
	u32 old[COUNT(vectors)];

	for (u32 i = 0; i < COUNT(vectors); i++) {
		old[i] = read32(vectors[i] * 4u);
		set_handler(vectors[i], catch);
	}
	faults();
	traps();
	for (u32 i = 0; i < COUNT(vectors); i++)
		write32(vectors[i] * 4u, old[i]);
	printf("Exceptions in real mode\n");
	return 0;
}
