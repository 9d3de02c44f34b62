/* Protected mode: code and data of 16 and 32 bits, paging of three kinds. */
#include "control.h"
#include "cpuid.h"
#include "modes.h"
#include "try.h"

void virtual_8086(void);

enum {
	CODE_16 = FREE_SELECTOR, BASED = FREE_SELECTOR + 8, STACK_16 = FREE_SELECTOR + 16,
	BASE = 0x300000,
	TABLES = 0x400000, TABLE = TABLES + 0x8000, FRAMES = 0x600000, BIG = 0x800000, PAGE = 0x1000,
	WINDOW = 0x40000000, BIG_WINDOW = (int)0xc0000000,
};

static volatile u32 code_16_ax __attribute__((used)), code_16_pushed __attribute__((used));
extern u8 code_16[];
__asm__("code_16:\n"
	"	.code16\n"
	"	mov	eax, 0x99999999\n"
	"	.byte	0xb8, 0x34, 0x12, 0x90, 0x90\n"	/* MOV AX, 1234h; in 32-bit code MOV EAX, 90901234h */
	"	mov	ebx, esp\n	push	ax\n	sub	ebx, esp\n	pop	ax\n"
	"	.code32\n"
	"	.byte	0x66, 0xcb\n");			/* RETF of 32 bits */

static void code_and_data(void)
{
	static struct {
		u32 offset;
		u16 selector;
	} __attribute__((packed)) target = { 0, CODE_16 };
	u32 eax, pushed, found, stack;
	u16 task;

	check(machine_status() & 1, "CR0.PE is set");
	__asm__ volatile("str %0" : "=r"(task));
	check_equal(task, TSS_SELECTOR, "STR reads back what LTR loaded");
	gdt[CODE_16 / 8] = descriptor((u32)code_16, 0xffff, PRESENT | CODE, 0);
	gdt[BASED / 8] = descriptor(BASE, 0xfffff, PRESENT | DATA, PAGES | BITS_32);
	gdt[STACK_16 / 8] = descriptor(BASE, 0xffff, PRESENT | DATA, 0);
	__asm__ volatile("call fword ptr [%2]" : "=&a"(eax), "=&b"(pushed) : "r"(&target) : "memory", "cc");
	check_equal(eax, 0x99991234, "a code segment with D = 0 has operands of 16 bits");
	check_equal(pushed, 2, "and pushes 2 bytes");
	__asm__ volatile(".byte 0xb8, 0x34, 0x12, 0x90, 0x90" : "=a"(eax));
	check_equal(eax, 0x90901234, "a code segment with D = 1 has operands of 32 bits");

	*(volatile u32 *)(BASE + 0x10) = 0;
	__asm__ volatile("mov gs, %1\n\tmov dword ptr gs:[0x10], 0x600dda7a\n\tmov %0, gs:[0x10]\n\tmov gs, %2"
		: "=&r"(found) : "r"(BASED), "r"(0) : "memory");
	check(found == 0x600dda7a && *(volatile u32 *)(BASE + 0x10) == 0x600dda7a, "a segment's base is added");
	check((gdt[BASED / 8] >> 40) & 1, "loading a segment sets its accessed bit");

	__asm__ volatile("mov ebx, esp\n\tmov ecx, ss\n\tmov ss, %1\n\tmov esp, 0x5a5a0002\n\tpush 0x11223344\n\t"
		"mov %0, esp\n\tmov ss, ecx\n\tmov esp, ebx" : "=&a"(stack) : "d"(STACK_16) : "ebx", "ecx", "memory");
	check_equal(stack, 0x5a5afffe, "a stack segment with B = 0 wraps SP and keeps the upper half of ESP");
	check(*(volatile u16 *)(BASE + 0xfffe) == 0x3344, "its push lands at base + SP");
}

static u32 get(u32 address)
{
	return *(volatile u32 *)address;
}

static void put(u32 address, u32 value)
{
	*(volatile u32 *)address = value;
}

static void prepare_frames(void)
{
	memset((void *)TABLES, 0, 0x9000);
	for (u32 i = 0; i < 4; i++)
		put(FRAMES + i * PAGE, 0xf0f0 + i);
	put(BIG, 0xb160);
	put(BIG + 0x200000, 0xb162);
}

static void legacy_paging(void)
{
	volatile u32 *directory = (u32 *)TABLES, *table = (u32 *)TABLE, *identity = (u32 *)(TABLES + PAGE);

	prepare_frames();
	for (u32 i = 0; i < 0x6000; i++)	/* the first 24 MiB by six tables of 4 KiB pages */
		if (i < 6 * 1024)
			identity[i] = i << 12 | 3;
	for (u32 i = 0; i < 6; i++)
		directory[i] = (u32)(identity + i * 1024) | 3;
	directory[(u32)WINDOW >> 22] = TABLE | 3;
	table[0] = FRAMES | 3;
	table[1] = (FRAMES + 2 * PAGE) | 3;
	write_cr3(TABLES);
	write_cr0(read_cr0() | (word)CR0_PG);
	check(read_cr0() & (word)CR0_PG, "CR0.PG is set");
	check(get(WINDOW) == 0xf0f0 && get(WINDOW + PAGE) == 0xf0f2, "pages of 4 KiB lead where their entries say");
	check((table[0] & 0x60) == 0x20 && (directory[(u32)WINDOW >> 22] & 0x20), "a read sets the accessed bits");
	put(WINDOW + 8, 0x1234);
	check((table[0] & 0x60) == 0x60 && get(FRAMES + 8) == 0x1234, "a write sets the dirty bit and reaches the frame");
	put(WINDOW + PAGE + PAGE - 2 - PAGE, 0x44332211);
	check((get(FRAMES + PAGE - 4) >> 16) == 0x2211 && (get(FRAMES + 2 * PAGE) & 0xffff) == 0x4433,
		"a store across two pages reaches two frames");
	table[1] = (FRAMES + 3 * PAGE) | 3;
	invalidate_page(WINDOW + PAGE);
	check(get(WINDOW + PAGE) == 0xf0f3, "INVLPG makes a changed entry count");
	table[1] = (FRAMES + 1 * PAGE) | 3;
	write_cr3(read_cr3());
	check(get(WINDOW + PAGE) == 0xf0f1, "loading CR3 makes a changed entry count");
}

static void large_pages(void)
{
	volatile u32 *directory = (u32 *)TABLES;

	write_cr4(read_cr4() | CR4_PSE);
	directory[(u32)BIG_WINDOW >> 22] = BIG | PAGE_LARGE | 3;
	write_cr3(read_cr3());
	check(get(BIG_WINDOW) == 0xb160 && get(BIG_WINDOW + 0x200000) == 0xb162, "a page of 4 MiB is in one piece");
	check((directory[(u32)BIG_WINDOW >> 22] & 0x60) == 0x20, "a read sets the accessed bit in the directory");
	put(BIG_WINDOW + 0x3ffffc, 0xb16e);
	check(get(BIG + 0x3ffffc) == 0xb16e, "its last word, too");
	check((directory[(u32)BIG_WINDOW >> 22] & 0x60) == 0x60, "a write sets the dirty bit in the directory");
	write_cr0(read_cr0() & ~(word)CR0_PG);
	write_cr4(read_cr4() & ~(word)CR4_PSE);
	check(get(BIG) == 0xb160, "without paging addresses are physical again");
}

static void extended_paging(void)
{
	volatile u64 *pointers = (u64 *)TABLES, *low = (u64 *)(TABLES + PAGE), *window = low + 512, *high = window + 512;
	volatile u64 *table = (u64 *)TABLE;

	prepare_frames();
	pointers[0] = (u32)low | 1;
	pointers[(u32)WINDOW >> 30] = (u32)window | 1;
	pointers[(u32)BIG_WINDOW >> 30] = (u32)high | 1;
	for (u32 i = 0; i < 12; i++)
		low[i] = i << 21 | PAGE_LARGE | 3;
	window[0] = TABLE | 3;
	table[0] = FRAMES | 3;
	table[511] = (FRAMES + PAGE) | 3;
	high[0] = BIG | PAGE_LARGE | 3;
	high[1] = FRAMES | PAGE_LARGE | 3;
	write_cr4(read_cr4() | CR4_PAE);
	write_cr3(TABLES);
	write_cr0(read_cr0() | (word)CR0_PG);
	check(get(WINDOW) == 0xf0f0 && get(WINDOW + 511 * PAGE) == 0xf0f1, "PAE: pages of 4 KiB, 512 to a table");
	check(get(BIG_WINDOW) == 0xb160, "PAE: pages of 2 MiB");
	check(get(BIG_WINDOW + 0x200000) == 0xf0f0, "PAE: the next entry is the next 2 MiB");
	put(WINDOW + 12, 0x9a9a);
	check(get(FRAMES + 12) == 0x9a9a && (table[0] & 0x60) == 0x60, "PAE: a write sets accessed and dirty bits");
	write_cr0(read_cr0() & ~(word)CR0_PG);
	write_cr4(read_cr4() & ~(word)CR4_PAE);
}

int main(void)
{
	check(shared->words[0] == MARK_REAL, "memory keeps its contents on the way to protected mode");
	try_init();
	code_and_data();
	legacy_paging();
	large_pages();
	extended_paging();
	virtual_8086();
	shared->words[0] = MARK_PROTECTED;
	printf("Protected mode, paging and virtual 8086 mode\n");
	return 0;
}
