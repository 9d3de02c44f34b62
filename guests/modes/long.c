/* Long mode and its compatibility mode. */
#include "control.h"
#include "cpuid.h"
#include "modes.h"
#include "try.h"

enum {
	TABLES = 0x400000, FRAMES = 0x600000, PAGE = 0x1000,
	BASED = FREE_SELECTOR,
};
static const u64 far_window = 0x8000000000, top_window = 0xffffff8000000000, big_window = 0x8040000000;

static u64 get(u64 address)
{
	return *(volatile u64 *)address;
}

static void put(u64 address, u64 value)
{
	*(volatile u64 *)address = value;
}

static void registers(void)
{
	u64 found, sum;

	check((read_msr(MSR_EFER) & (EFER_LME | EFER_LMA)) == (EFER_LME | EFER_LMA), "EFER says that long mode is active");
	check(read_cr4() & CR4_PAE, "CR4.PAE is set");
	__asm__ volatile("mov r8, 1\n\tmov r9, 2\n\tmov r10, 4\n\tmov r11, 8\n\tmov r12, 16\n\tmov r13, 32\n\tmov r14, 64\n\t"
		"mov r15, 0x123456789abcdef0\n\tlea %0, [r8 + r9]\n\tadd %0, r10\n\tadd %0, r11\n\tadd %0, r12\n\tadd %0, r13\n\t"
		"add %0, r14\n\tmov %1, r15" : "=&a"(sum), "=&b"(found)
		: : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc");
	check(sum == 127 && found == 0x123456789abcdef0, "there are sixteen registers of 64 bits");
	__asm__ volatile("mov %0, -1\n\tmov %k0, 5" : "=a"(found));
	check(found == 5, "an operation of 32 bits clears the upper half");
	__asm__ volatile("mov %0, -1\n\tmov %w0, 5" : "=a"(found));
	check(found == 0xffffffffffff0005, "one of 16 bits does not");
	__asm__ volatile("mov %0, [rip + 1f]\n\tjmp 2f\n1:\t.quad 0x0123456789abcdef\n2:" : "=r"(found));
	check(found == 0x0123456789abcdef, "addresses can be relative to RIP");
	__asm__ volatile("mov rbx, rsp\n\tpush rax\n\tmov %0, rbx\n\tsub %0, rsp\n\tmov rsp, rbx" : "=&r"(found) : : "rbx");
	check(found == 8, "PUSH pushes 8 bytes");
}

static void paging(void)
{
	volatile u64 *root = (u64 *)PAGE_TABLES, *pointers = (u64 *)TABLES, *directory = pointers + 512, *table = directory + 512;

	memset((void *)TABLES, 0, 3 * PAGE);
	put(FRAMES, 0xf0f0);
	put(FRAMES + PAGE, 0xf0f1);
	root[1] = root[511] = TABLES | 3;
	pointers[0] = (u64)directory | 3;
	pointers[1] = (u64)directory | 3;
	directory[0] = (u64)table | 3;
	directory[1] = FRAMES | PAGE_LARGE | 3;
	table[0] = FRAMES | 3;
	table[1] = (FRAMES + PAGE) | 3;
	write_cr3(PAGE_TABLES);
	check(get(far_window) == 0xf0f0 && get(far_window + PAGE) == 0xf0f1, "four levels lead to a page at 512 GiB");
	check(get(far_window + 0x200000) == 0xf0f0, "and to a page of 2 MiB");
	check(get(top_window + PAGE) == 0xf0f1, "and in the upper half of the addresses");
	put(big_window + 16, 0x0123456789abcdef);
	check(get(FRAMES + 16) == 0x0123456789abcdef && (table[0] & 0x60) == 0x60, "a store there reaches the frame");
	table[1] = FRAMES | 3;
	invalidate_page(far_window + PAGE);
	check(get(far_window + PAGE) == 0xf0f0, "INVLPG makes a changed entry count");
}

static void bases(void)
{
	u64 found;

	put(FRAMES + 0x100, 0xf5f5);
	put(FRAMES + 0x200, 0x6565);
	put(FRAMES + 0x300, 0x7575);
	write_msr(MSR_FS_BASE, FRAMES + 0x100);
	write_msr(MSR_GS_BASE, FRAMES + 0x200);
	write_msr(MSR_KERNEL_GS_BASE, FRAMES + 0x300);
	__asm__ volatile("mov %0, fs:[0]" : "=r"(found));
	check(found == 0xf5f5, "FS adds the base of its register");
	__asm__ volatile("mov %0, gs:[0]" : "=r"(found));
	check(found == 0x6565, "GS adds the base of its register");
	__asm__ volatile("swapgs\n\tmov %0, gs:[0]" : "=r"(found) : : "memory");
	check(found == 0x7575 && read_msr(MSR_KERNEL_GS_BASE) == FRAMES + 0x200, "SWAPGS exchanges two bases");
	write_msr(MSR_FS_BASE, far_window);
	__asm__ volatile("mov %0, fs:[0x1000]" : "=r"(found));
	check(found == 0xf0f0, "a base can have more than 32 bits");
	write_msr(MSR_FS_BASE, 0);
	write_msr(MSR_GS_BASE, 0);
}

static volatile u32 compatible[4] __attribute__((used));
extern u8 compatibility[];
/* INC EAX and DEC EAX in one byte are REX prefixes in 64-bit code. */
__asm__("	.code32\n"
	"compatibility:\n"
	"	mov	eax, 7\n"
	"	.byte	0x40\n"
	"	mov	[compatible], eax\n"
	"	mov	ebx, esp\n	push	eax\n	sub	ebx, esp\n	pop	eax\n"
	"	mov	[compatible + 4], ebx\n"
	"	mov	eax, 0x90\n	mov	gs, eax\n	mov	eax, gs:[0x10]\n"
	"	mov	[compatible + 8], eax\n"
	"	xor	eax, eax\n	mov	gs, eax\n"
	"	mov	ax, cs\n	mov	[compatible + 12], eax\n"
	"	retf\n"
	"	.code64\n");

static void compatibility_mode(void)
{
	static struct {
		u32 offset;
		u16 selector;
	} __attribute__((packed)) target;

	gdt[BASED / 8] = descriptor(FRAMES, 0xfffff, PRESENT | DATA, PAGES | BITS_32);
	put(FRAMES + 0x10, 0xc0de);
	target.offset = (u32)(u64)compatibility;
	target.selector = CODE32;
	__asm__ volatile("call fword ptr [%0]" : : "r"(&target) : "rax", "rbx", "memory", "cc");
	check_equal(compatible[0], 8, "in compatibility mode the byte 40h is INC EAX");
	check_equal(compatible[1], 4, "PUSH pushes 4 bytes");
	check_equal(compatible[2], 0xc0de, "segments have bases");
	check_equal(compatible[3], CODE32, "CS is the segment of 32 bits");
	check(read_msr(MSR_EFER) & EFER_LMA, "long mode stays active");
}

USER_TEXT(user_compatible, ".code32\n\tmov eax, 5\n\t.byte 0x40\n\tmov [compatible], eax\n\tint 0x81\n\t.code64");

static void compatible_user(void)
{
	call_user(user_compatible, USER_CODE32);
	check(caught.count == 1 && caught.vector == USER_EXIT && caught.cs == USER_CODE32,
		"ring 3 runs in compatibility mode, and INT leads to 64-bit code");
	check_equal(compatible[0], 6, "what it stored is there");
	check(caught.stack == (word)kernel_stack_top - 40, "its frame has five words of 64 bits");
}

int main(void)
{
	check(shared->words[0] == MARK_PROTECTED, "memory keeps its contents on the way to long mode");
	try_init();
	registers();
	paging();
	bases();
	compatibility_mode();
	compatible_user();
	shared->words[0] = MARK_LONG;
	printf("Long and compatibility mode\n");
	return 0;
}
