/* Loading selectors: #GP, #NP, #SS and #TS with the selector as error code. */
#include "exceptions.h"

static u8 local_table[16];
static u8 absent_tss[104];

static void system_descriptor(u16 selector, const void *base, u32 limit, u32 access)
{
	gdt[selector / 8] = descriptor((u32)(word)base, limit, access, 0);
#ifdef LONG_MODE
	gdt[selector / 8 + 1] = 0;
#endif
}

void add_segments(void)
{
	gdt[ABSENT_DATA / 8] = descriptor(0, 0xfffff, DATA, PAGES | BITS_32);
#ifdef LONG_MODE
	gdt[ABSENT_CODE / 8] = descriptor(0, 0xfffff, CODE, PAGES | BITS_64);
	gdt[CONFORMING_CODE / 8] = descriptor(0, 0xfffff, PRESENT | CODE | CONFORMING, PAGES | BITS_64);
#else
	gdt[ABSENT_CODE / 8] = descriptor(0, 0xfffff, CODE, PAGES | BITS_32);
	gdt[CONFORMING_CODE / 8] = descriptor(0, 0xfffff, PRESENT | CODE | CONFORMING, PAGES | BITS_32);
#endif
	gdt[EXECUTE_ONLY / 8] = descriptor(0, 0xfffff, PRESENT | SEGMENT | 8, PAGES | BITS_32);
	gdt[READ_ONLY / 8] = descriptor(0, 0xfffff, PRESENT | READ_ONLY_DATA, PAGES | BITS_32);
	system_descriptor(ABSENT_TSS, absent_tss, sizeof(absent_tss) - 1, TSS);
	system_descriptor(LOCAL_TABLE, local_table, sizeof(local_table) - 1, PRESENT | LDT);
}

#define LOAD(segment, selector) \
	TRY("", "mov " segment ", %0\n\tnop", : : "r"((u32)(selector)) : "memory")

static void data_segments(void)
{
	LOAD("ds", BEYOND);
	expect_fault(13, BEYOND, "loading DS past the GDT gives #GP of the selector");
	LOAD("es", BEYOND | 3);
	expect_fault(13, BEYOND, "the error code has no RPL");
	LOAD("ds", EXECUTE_ONLY);
	expect_fault(13, EXECUTE_ONLY, "loading DS with code that cannot be read gives #GP");
	LOAD("ds", ABSENT_DATA);
	expect_fault(11, ABSENT_DATA, "loading DS with an absent segment gives #NP");
	LOAD("fs", TSS_SELECTOR);
	expect_fault(13, TSS_SELECTOR, "loading FS with a TSS gives #GP");
	LOAD("ds", 12);
	expect_fault(13, 12, "a selector of the local table without one gives #GP");
	LOAD("ds", DATA32);
	expect_nothing("loading DS with data is fine");
	LOAD("fs", 0);
	expect_nothing("loading FS with null is fine");

	*(u64 *)local_table = 0;
	*(u64 *)(local_table + 8) = descriptor(0, 0xfffff, PRESENT | DATA, PAGES | BITS_32);
	load_local_table(LOCAL_TABLE);
	LOAD("fs", 12);
	expect_nothing("a selector of the local table is fine with one");
	check(local_table[13] & 1, "loading a segment sets its accessed bit");
	LOAD("fs", 4 + 16);
	expect_fault(13, 4 + 16, "past the local table gives #GP of the selector");
	LOAD("fs", 0);
	load_local_table(0);
}

static void stack_segments(void)
{
#ifndef LONG_MODE
	LOAD("ss", 0);
	expect_fault(13, 0, "loading SS with null gives #GP(0)");
#endif
	LOAD("ss", READ_ONLY);
	expect_fault(13, READ_ONLY, "loading SS with a segment that cannot be written gives #GP");
	LOAD("ss", USER_DATA);
	expect_fault(13, USER_DATA & ~3, "loading SS with another privilege gives #GP");
	LOAD("ss", ABSENT_DATA);
	expect_fault(12, ABSENT_DATA, "loading SS with an absent segment gives #SS");
	LOAD("ss", BEYOND);
	expect_fault(13, BEYOND, "loading SS past the GDT gives #GP");
}

static void system_segments(void)
{
	TRY("", "ltr %w0", : : "r"(TSS_SELECTOR) : "memory");
	expect_fault(13, TSS_SELECTOR, "LTR of a busy TSS gives #GP");
	/* LTR of null should give #GP(0) as well; TCG, and engines made from it, take it and have no TSS then. */
	TRY("", "ltr %w0", : : "r"(ABSENT_TSS) : "memory");
	expect_fault(11, ABSENT_TSS, "LTR of an absent TSS gives #NP");
	TRY("", "lldt %w0", : : "r"(DATA32) : "memory");
	expect_fault(13, DATA32, "LLDT of data gives #GP");
}

static void far_transfers(void)
{
	static struct {
		u32 offset;
		u16 selector;
	} __attribute__((packed)) target;

	target.selector = 0;
	TRY("", "jmp fword ptr [%0]", : : "r"(&target) : "memory");
	expect_fault(13, 0, "a far JMP to null gives #GP(0)");
	target.selector = DATA32;
	TRY("", "jmp fword ptr [%0]", : : "r"(&target) : "memory");
	expect_fault(13, DATA32, "a far JMP into data gives #GP");
	target.selector = ABSENT_CODE;
	TRY("", "jmp fword ptr [%0]", : : "r"(&target) : "memory");
	expect_fault(11, ABSENT_CODE, "a far JMP into absent code gives #NP");
	target.selector = USER_CODE;
	TRY("", "jmp fword ptr [%0]", : : "r"(&target) : "memory");
	expect_fault(13, USER_CODE & ~3, "a far JMP to another privilege gives #GP");

	/* IRET faults before it moves the stack pointer. */
	word before = 0, after = 1;
#ifdef LONG_MODE
	TRY("push 0x10\n\tpush rsp\n\tpushf\n\tpush 0x10\n\tpush 0\n\tmov rbx, rsp", "iretq\n\t",
		"mov rcx, rsp\n\tadd rsp, 40" : "=b"(before), "=c"(after) : : "memory", "cc");
#else
	TRY("pushf\n\tpush 0x10\n\tpush 0\n\tmov ebx, esp", "iretd\n\t",
		"mov ecx, esp\n\tadd esp, 12" : "=b"(before), "=c"(after) : : "memory", "cc");
#endif
	expect_fault(13, DATA32, "IRET into data gives #GP of the selector");
	check(before == after, "a faulting IRET leaves the stack pointer alone");
}

static void queries(void)
{
	word access = 0, limit = 0;
	u8 found;

	__asm__ volatile("lar %0, %2\n\tsetz %1" : "=r"(access), "=q"(found) : "r"((word)READ_ONLY) : "cc");
	check(found && (access & 0xff00) == 0x9000, "LAR reads the access byte of read-only data");
	__asm__ volatile("lsl %0, %2\n\tsetz %1" : "=r"(limit), "=q"(found) : "r"((word)TSS_SELECTOR) : "cc");
	check(found && limit == sizeof(tss) - 1, "LSL reads the limit of the TSS");
	__asm__ volatile("lsl %0, %2\n\tsetz %1" : "=r"(limit), "=q"(found) : "r"((word)BEYOND) : "cc");
	check(!found, "LSL past the GDT clears ZF and faults not");
	__asm__ volatile("verw %w1\n\tsetz %0" : "=q"(found) : "r"(READ_ONLY) : "cc");
	check(!found, "VERW says that read-only data cannot be written");
	__asm__ volatile("verr %w1\n\tsetz %0" : "=q"(found) : "r"(READ_ONLY) : "cc");
	check(found, "VERR says that it can be read");
}

void segments(void)
{
	data_segments();
	stack_segments();
	system_segments();
	far_transfers();
	queries();
}
