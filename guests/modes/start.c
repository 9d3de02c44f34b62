/* The hardware should start in real mode, wrap addresses at 1 MiB while A20 is off, tell by CPUID what it is, keep
 * a segment's limit of 4 GiB when it returns from protected to real mode ("unreal" mode), and then go through
 * protected mode with 16- and 32-bit code, 32-bit paging, 4 MiB pages, PAE, virtual 8086 mode, long mode and its
 * compatibility mode, and back to real mode, where the BIOS still works. Each step is checked by an effect that
 * another mode would not have.
 *
 * This is the first part, in real mode.
 */
#include "cpuid.h"
#include "descriptors.h"
#include "memory.h"
#include "modes.h"

static void real_mode(void)
{
	u32 eax, flags;
	u16 found;

	check(!(machine_status() & 1), "the guest starts with CR0.PE clear");
	__asm__ volatile("mov eax, 0x90901234\n\t.byte 0xb8, 0x78, 0x56, 0x90, 0x90" : "=a"(eax));
	check_equal(eax, 0x90905678, "code in real mode has operands of 16 bits");
	write32(0x81230, 0xcafe5678);
	__asm__ volatile("mov ax, 0x8120\n\tmov gs, ax\n\tmov ax, gs:[0x32]\n\tmov %w0, ax\n\txor ax, ax\n\tmov gs, ax"
		: "=b"(found) : : "eax", "memory");
	check_equal(found, 0xcafe, "a segment begins at 16 times its selector");
	__asm__ volatile("pushf\n\tpop %0\n\tmov eax, %0\n\txor eax, 0x200000\n\tpush eax\n\tpopf\n\tpushf\n\tpop eax\n\t"
		"xor %0, eax" : "=&b"(flags) : : "eax", "memory", "cc");
	check(flags & 0x200000, "the ID flag can be changed: there is CPUID");
	check(bios_memory_kib() >= 512 && bios_memory_kib() <= 640, "INT 12h tells the size of conventional memory");
}

static void processor(void)
{
	struct cpuid_result leaf = cpuid(0, 0);
	bool printable = true;

	check(leaf.a >= 1, "CPUID has leaf 1");
	for (int i = 0; i < 4; i++)
		for (u32 part = i == 0 ? leaf.b : i == 1 ? leaf.c : leaf.d; part; part >>= 8)
			if ((part & 0xff) < 0x20 || (part & 0xff) > 0x7e)
				printable = false;
	check(printable, "CPUID leaf 0 names a vendor");
	leaf = cpuid(1, 0);
	/* FPU VME-less PC: FPU, PSE, TSC, MSR, PAE, CX8, SEP, PGE, CMOV, FXSR, SSE, SSE2. */
	check((leaf.d & 0x07008979 & ~0x1000) == (0x07008979 & ~0x1000), "leaf 1 has the features of every 64-bit CPU");
	leaf = cpuid(0x80000000, 0);
	check(leaf.a >= 0x80000008, "CPUID has the extended leaves");
	leaf = cpuid(0x80000001, 0);
	check((leaf.d & (1u << 29 | 1u << 20)) == (1u << 29 | 1u << 20), "there are long mode and NX");
	leaf = cpuid(0x80000008, 0);
	check((leaf.a & 0xff) >= 32 && (leaf.a >> 8 & 0xff) >= 48, "physical and linear addresses have plausible widths");
}

static void put_high(u32 value)
{
	__asm__ volatile("mov ax, 0xffff\n\tmov gs, ax\n\tmov gs:[0x0e10], %0\n\txor ax, ax\n\tmov gs, ax"
		: : "b"(value) : "eax", "memory");
}

static u32 get_high(void)
{
	u32 value;

	__asm__ volatile("mov ax, 0xffff\n\tmov gs, ax\n\tmov %0, gs:[0x0e10]\n\txor ax, ax\n\tmov gs, ax"
		: "=b"(value) : : "eax", "memory");
	return value;
}

/* FFFF:0E10 is 100E00, and 00E00 while A20 is off. */
static void address_line_20(void)
{
	u8 control = in8(0x92) & ~1;

	out8(0x92, control | 2);
	check(in8(0x92) & 2, "port 0x92 remembers A20");
	write32(0xe00, 0x01010101);
	put_high(0x02020202);
	check(read32(0xe00) == 0x01010101 && get_high() == 0x02020202, "with A20 on 1 MiB does not wrap");
	out8(0x92, control & ~2);
	check(get_high() == 0x01010101, "with A20 off a read above 1 MiB wraps");
	put_high(0x03030303);
	check(read32(0xe00) == 0x03030303, "with A20 off a write above 1 MiB wraps");
	out8(0x92, control | 2);
	check(get_high() == 0x02020202, "with A20 on again the memory above 1 MiB is as it was");
}

static const u64 table[] = { 0, 0x00cf93000000ffff };
static const struct {
	u16 limit;
	u32 base;
} __attribute__((packed)) pointer = { sizeof(table) - 1, (u32)table };

static void unreal(void)
{
	u32 first, second;

	write32(0xe00, 0x77777777);
	__asm__ volatile("cli\n\tlgdt [%2]\n\tmov eax, cr0\n\tor al, 1\n\tmov cr0, eax\n\tjmp 1f\n"
		"1:\tmov dx, 8\n\tmov gs, dx\n\tand al, 0xfe\n\tmov cr0, eax\n\tjmp 2f\n"
		"2:\tmov dword ptr gs:[%3], 0x12abcdef\n\tmov %0, gs:[%3]\n"
		/* A new selector moves the base and leaves the limit. */
		"\tmov dx, 0x10\n\tmov gs, dx\n\tmov %1, gs:[%3 - 0x100]\n\txor dx, dx\n\tmov gs, dx"
		: "=&b"(first), "=&c"(second) : "S"(&pointer), "D"(FREE_MEMORY + 0xe00) : "eax", "edx", "memory", "cc");
	check(!(machine_status() & 1), "unreal mode is real mode");
	check(first == 0x12abcdef, "a segment loaded in protected mode reaches 2 MiB in real mode");
	check(second == 0x12abcdef, "and still does with another selector");
	check(read32(0xe00) == 0x77777777, "the address was not cut to 16 bits");
}

int main(void)
{
	real_mode();
	processor();
	address_line_20();
	unreal();
	shared->words[0] = MARK_REAL;
	printf("Real and unreal mode\n");
	return 0;
}
