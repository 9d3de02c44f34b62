/* Exceptions that single instructions raise in ring 0. */
#include "exceptions.h"

#define NOTHING	: : : "eax", "ebx", "ecx", "edx", "memory", "cc"

static void divide_error(void)
{
	u32 low = 7, high = 5;

	TRY("xor ecx, ecx\n\tmov eax, 1\n\tcdq", "div ecx", NOTHING);
	expect_fault(0, 0, "DIV by zero gives #DE");
	TRY("mov ecx, 2", "div ecx", : "+a"(low), "+d"(high) : : "ecx", "memory");
	expect_fault(0, 0, "a quotient that does not fit gives #DE");
	check(low == 7 && high == 5, "a faulting DIV leaves EDX:EAX alone");
	TRY("mov eax, 0x80000000\n\tcdq\n\tmov ecx, -1", "idiv ecx", NOTHING);
	expect_fault(0, 0, "IDIV of the lowest number by -1 gives #DE");
	TRY("mov ax, 0x1000\n\tmov bl, 1", "div bl", NOTHING);
	expect_fault(0, 0, "an 8-bit quotient that does not fit gives #DE");
#ifndef LONG_MODE
	TRY("", ".byte 0xd4, 0", NOTHING);
	expect_fault(0, 0, "AAM 0 gives #DE");
#endif
}

static void traps(void)
{
	TRY("", "int3", NOTHING);
	expect_trap(3, "INT3 gives #BP and points behind itself");
	TRY("", ".byte 0xcd, 3", NOTHING);
	expect_trap(3, "INT 3 in two bytes does, too");
	/* To TCG it is no instruction. */
	TRY("", ".byte 0xf1", NOTHING);
	check_but_not_on_tcg(caught_at(1, 0, resume_at), "INT1 gives #DB and points behind itself");
	catch_vector(SPARE);
	TRY("", "int 0x40", NOTHING);
	expect_trap(SPARE, "INT n points behind itself");
	check(!(caught.flags & FLAG_TF), "the pushed flags have no trap flag");
#ifdef LONG_MODE
	TRY("", ".byte 0xce", NOTHING);
	expect_fault(6, 0, "INTO is no instruction in 64-bit mode");
#else
	TRY("mov al, 0x7f\n\tadd al, 1", "into", NOTHING);
	expect_trap(4, "INTO with OF gives #OF");
	TRY("mov al, 0x7e\n\tadd al, 1", "into", NOTHING);
	expect_nothing("INTO without OF does nothing");

	static s32 bounds[2] = { -5, 10 };
	TRY("", "bound eax, [ecx]", : : "a"(11), "c"(bounds) : "memory");
	expect_fault(5, 0, "BOUND above the upper bound gives #BR");
	TRY("", "bound eax, [ecx]", : : "a"(-6), "c"(bounds) : "memory");
	expect_fault(5, 0, "BOUND below the lower bound gives #BR");
	TRY("", "bound eax, [ecx]", : : "a"(10), "c"(bounds) : "memory");
	expect_nothing("BOUND at the upper bound is fine");
#endif
}

static void invalid_opcodes(void)
{
	/* LOCK where it is not allowed should give #UD as well; TCG, and engines made from it, ignore it. */
	TRY("", "ud2", NOTHING);
	expect_fault(6, 0, "UD2 gives #UD");
	TRY("", ".byte 0x0f, 0xb9, 0xc0", NOTHING);
	expect_fault(6, 0, "UD1 gives #UD");
	TRY("", ".byte 0x8e, 0xc8", NOTHING);
	expect_fault(6, 0, "MOV to CS gives #UD");
	TRY("", ".byte 0x0f, 0x20, 0xc8", NOTHING);
	expect_fault(6, 0, "reading CR1 gives #UD");
	TRY("", ".byte 0x8d, 0xc0", NOTHING);
	expect_fault(6, 0, "LEA of a register gives #UD");
	write_cr4(read_cr4() | CR4_DE);
	TRY("", ".byte 0x0f, 0x21, 0xe0", NOTHING);
	expect_fault(6, 0, "reading DR4 with CR4.DE gives #UD");
	write_cr4(read_cr4() & ~(word)CR4_DE);
#ifdef LONG_MODE
	TRY("", ".byte 0x06", NOTHING);
	expect_fault(6, 0, "PUSH ES is no instruction in 64-bit mode");
	TRY("", ".byte 0x27", NOTHING);
	expect_fault(6, 0, "DAA is no instruction in 64-bit mode");
	TRY("", ".byte 0x60", NOTHING);
	expect_fault(6, 0, "PUSHA is no instruction in 64-bit mode");
	TRY("", ".byte 0xea, 0, 0, 0, 0, 8, 0", NOTHING);
	expect_fault(6, 0, "a direct far JMP is no instruction in 64-bit mode");
#endif
}

static void no_coprocessor(void)
{
	word cr0 = read_cr0() & ~(word)(CR0_TS | CR0_EM | CR0_MP);
	word cr4 = read_cr4();

	write_cr4(cr4 | CR4_OSFXSR);
	write_cr0(cr0 | CR0_TS);
	TRY("", "fnop", NOTHING);
	expect_fault(7, 0, "x87 with CR0.TS gives #NM");
	TRY("", "movaps xmm0, xmm0", NOTHING);
	expect_fault(7, 0, "SSE with CR0.TS gives #NM");
	TRY("", "fwait", NOTHING);
	expect_nothing("WAIT with CR0.TS but not MP does nothing");
	write_cr0(cr0 | CR0_TS | CR0_MP);
	TRY("", "fwait", NOTHING);
	expect_fault(7, 0, "WAIT with CR0.TS and MP gives #NM");
	__asm__ volatile("clts");
	TRY("", "fnop", NOTHING);
	expect_nothing("after CLTS x87 works");
	write_cr0(cr0 | CR0_EM);
	TRY("", "fnop", NOTHING);
	expect_fault(7, 0, "x87 with CR0.EM gives #NM");
	TRY("", "movaps xmm0, xmm0", NOTHING);
	expect_fault(6, 0, "SSE with CR0.EM gives #UD");
	write_cr0(cr0);
	write_cr4(cr4 & ~(word)CR4_OSFXSR);
	TRY("", "movaps xmm0, xmm0", NOTHING);
	expect_fault(6, 0, "SSE without CR4.OSFXSR gives #UD");
	write_cr4(cr4);
}

static void floating_point(void)
{
	static const u16 unmask_zero_divide = 0x37b;
	static const u32 unmask_simd_zero_divide = 0x1f80 & ~(1u << 9);
	u32 quotient;

	write_cr0(read_cr0() | CR0_NE | CR0_MP);
	TRY("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivp", "fwait", : : "m"(unmask_zero_divide) : "memory");
	expect_fault(16, 0, "the first waiting x87 instruction after an unmasked error gives #MF");
	TRY("fnclex", "fwait", NOTHING);
	expect_nothing("after FNCLEX there is no #MF");
	__asm__ volatile("fninit");

	/* TCG, and engines made from it, never raise #XM, and old ones do not even note the division in MXCSR. */
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	TRY("ldmxcsr %1\n\tmov eax, 0x3f800000\n\tmovd xmm0, eax\n\txorps xmm1, xmm1", "divss xmm0, xmm1", "movd %0, xmm0"
		: "=r"(quotient) : "m"(unmask_simd_zero_divide) : "eax", "memory");
	if (caught.count)
		expect_fault(19, 0, "an unmasked SSE division by zero gives #XM");
	else
		check_equal(quotient, 0x7f800000, "without #XM the quotient is infinite");
	write_cr4(read_cr4() & ~(word)(CR4_OSFXSR | CR4_OSXMMEXCPT));
}

static struct {
	word count, ip, dr6, flags;
} debug;

static void on_debug(struct frame *frame)
{
	debug.count++;
	debug.ip = frame->ip;
	debug.flags = frame->flags;
	debug.dr6 = read_dr6();
	write_dr6(0xffff0ff0);
	if (frame->flags & FLAG_TF)
		frame->flags &= ~(word)FLAG_TF;
	else if (!(read_dr7() & 0xf0000))
		frame->flags |= FLAG_RF;	/* an instruction breakpoint: do not stop there again */
}

static void single_step(void)
{
	word behind;

	debug.count = 0;
	__asm__ volatile("mov %0, offset 1f\n\tpushf\n\tor dword ptr [" SP "], 0x100\n\tpopf\n\tnop\n1:\tnop\n\tnop"
		: "=&r"(behind) : : "memory", "cc");
	check(debug.count == 1, "TF set by POPF traps, once, as the handler clears it");
	check_equal(debug.ip, behind, "the trap comes after the instruction that follows POPF");
	check(debug.flags & FLAG_TF, "the pushed flags have TF");
	check((debug.dr6 & 0xf00f) == 0x4000, "DR6 names the single step");

	static u8 bytes[4];
	debug.count = 0;
	word count = 3, to = (word)bytes, here;
	__asm__ volatile("mov %2, offset 1f\n\tpushf\n\tor dword ptr [" SP "], 0x100\n\tpopf\n1:\trep stosb\n\tnop"
		: "+c"(count), "+D"(to), "=&r"(here) : "a"(0x5a) : "memory", "cc");
	check(debug.count == 1 && debug.ip == here, "a single step stops after the first round of REP STOSB");
	check(count == 0 && bytes[2] == 0x5a && bytes[3] == 0, "the other rounds follow");
}

extern u8 breakpoint_here[], watched_store_end[];
static volatile word calls __attribute__((used));
static volatile u32 watched[4] __attribute__((used));
void breakpoint_body(void);
__asm__("breakpoint_body:\n	nop\nbreakpoint_here:\n	inc dword ptr [calls]\n	ret");

static void breakpoints(void)
{
	word value;

	debug.count = calls = 0;
	write_dr6(0xffff0ff0);
	write_dr0((word)breakpoint_here);
	write_dr7(0x402);
	__asm__ volatile("call breakpoint_body" : : : "memory", "cc");
	check(debug.count == 1 && debug.ip == (word)breakpoint_here, "an instruction breakpoint faults before it");
	check((debug.dr6 & 0xf00f) == 1, "DR6 names breakpoint 0");
	check(calls == 1, "with RF the instruction then runs, once");
	__asm__ volatile("call breakpoint_body" : : : "memory", "cc");
	check(debug.count == 2 && calls == 2, "the breakpoint stops the next time, too");
	write_dr7(0x400);
	__asm__ volatile("call breakpoint_body" : : : "memory", "cc");
	check(debug.count == 2 && calls == 3, "a breakpoint that DR7 turns off does not stop");

	debug.count = 0;
	write_dr0(0);
	write_dr1((word)&watched[1]);
	write_dr7(0x400 | 8 | 0xd << 20);	/* breakpoint 1: 4 bytes, writes */
	watched[0] = 1;
	watched[2] = 1;
	value = watched[1];
	check(debug.count == 0, "a watchpoint on writes ignores reads and neighbours");
	__asm__ volatile("mov dword ptr [watched + 4], 7\nwatched_store_end:\n\tnop" : : : "memory");
	check_but_not_on_emu(debug.count == 1 && debug.ip == (word)watched_store_end, "a watchpoint traps after the store");
	check_but_not_on_emu((debug.dr6 & 0xf00f) == 2, "DR6 names breakpoint 1");
	check(watched[1] == 7, "the watched store is done");
	write_dr7(0x400 | 8 | 0xf << 20);	/* reads and writes */
	value += watched[1];
	check_but_not_on_emu(debug.count == 2, "a watchpoint on accesses stops reads");
	write_dr7(0x400);
	check(value == 7 && watched[0] == 1, "the watched words hold what was written");
}

static void double_faults(void)
{
	idt[0].type &= 0x7f;
	TRY("xor ecx, ecx", "div ecx", NOTHING);
	check(caught.count == 1 && caught.vector == 8 && caught.error == 0, "#NP while delivering #DE gives #DF(0)");
	idt[0].type |= 0x80;

	/* With a software interrupt there is no EXT; with an exception there is, which TCG forgets. */
	idt[6].type &= 0x7f;
	TRY("", "ud2", NOTHING);
	expect_fault(11, IDT_ERROR(6) | (caught.error & 1), "#UD through an absent gate gives #NP of the gate");
	check_but_not_on_tcg(caught.error & 1, "its error code has EXT, as an exception led to it");
	idt[6].type |= 0x80;
}

static void gates(void)
{
	idt[SPARE].type &= 0x7f;
	TRY("", "int 0x40", NOTHING);
	expect_fault(11, IDT_ERROR(SPARE), "INT through an absent gate gives #NP");
	reset_gate(SPARE, 0);
	idt[SPARE].selector = BEYOND;
	TRY("", "int 0x40", NOTHING);
	expect_fault(13, BEYOND, "a gate with a selector past the GDT gives #GP of the selector");
	idt[SPARE].selector = 0;
	TRY("", "int 0x40", NOTHING);
	expect_fault(13, 0, "a gate with a null selector gives #GP(0)");
	idt[SPARE].selector = DATA32;
	TRY("", "int 0x40", NOTHING);
	expect_fault(13, DATA32, "a gate into data gives #GP of the selector");
	idt[SPARE].selector = ABSENT_CODE;
	TRY("", "int 0x40", NOTHING);
	expect_fault(11, ABSENT_CODE, "a gate into absent code gives #NP of the selector");
	reset_gate(SPARE, 0);
	idt[SPARE].type = 0x80 | LDT;
	TRY("", "int 0x40", NOTHING);
	expect_fault(13, IDT_ERROR(SPARE), "what is no gate gives #GP of the vector");
	reset_gate(SPARE, 0);
	load_idt(idt, BEYOND_IDT * sizeof(idt[0]) - 1);
	TRY("", "int 0x60", NOTHING);
	expect_fault(13, IDT_ERROR(BEYOND_IDT), "INT past the limit of the IDT gives #GP of the vector");
	load_idt(idt, sizeof(idt) - 1);

	disable_interrupts();
	idt[SPARE].type = 0x80 | TRAP_GATE;
	TRY("sti", "int 0x40", "cli" NOTHING);
	check(caught.count == 1 && (caught.flags & FLAG_IF), "the pushed flags have IF as it was");
	reset_gate(SPARE, 0);
}

static void model_specific(void)
{
	/* TCG reads unknown registers as 0. */
	TRY("mov ecx, 0x12345", "rdmsr", NOTHING);
	check_but_not_on_tcg(caught_at(13, 0, fault_at), "RDMSR of an unknown register gives #GP(0)");
	TRY("mov ecx, 0x12345", "wrmsr", NOTHING);
	check_but_not_on_tcg(caught_at(13, 0, fault_at), "WRMSR of an unknown register gives #GP(0)");

	u64 first = read_tsc(), second = read_tsc();
	check(second >= first, "RDTSC never goes back");
	/* TCG has no time-stamp counter among its model-specific registers. */
	u64 third = read_msr(MSR_TSC);
	check_but_not_on_tcg(third >= second && third < second + (1ull << 32), "RDMSR of the TSC agrees with RDTSC");
	write_msr(MSR_TSC, 0x123456789000ull);
	first = read_tsc();
	check_but_not_on_tcg(first >= 0x123456789000ull && first < 0x123556789000ull, "WRMSR sets the TSC");
}

void instructions(void)
{
	divide_error();
	traps();
	invalid_opcodes();
	no_coprocessor();
	floating_point();
	set_handler(1, on_debug);
	single_step();
	breakpoints();
	catch_vector(1);
	double_faults();
	gates();
	model_specific();
}
