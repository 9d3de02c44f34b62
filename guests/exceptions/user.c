/* Ring 3: privileged instructions, gates, stack switches, SYSENTER. */
#include "exceptions.h"

struct text {
	const u8 *code;
	const char *sentence;
};

#ifdef LONG_MODE
#define CX	"rcx"
#else
#define CX	"ecx"
#endif

USER_TEXT(user_nothing, "nop");
USER_TEXT(user_cli, "cli");
USER_TEXT(user_sti, "sti");
USER_TEXT(user_hlt, "hlt");
USER_TEXT(user_clts, "clts");
USER_TEXT(user_read_cr0, ".byte 0x0f, 0x20, 0xc0");
USER_TEXT(user_write_cr3, ".byte 0x0f, 0x22, 0xd8");
USER_TEXT(user_read_dr7, ".byte 0x0f, 0x21, 0xf8");
USER_TEXT(user_rdmsr, "rdmsr");
USER_TEXT(user_wrmsr, "wrmsr");
USER_TEXT(user_lgdt, ".byte 0x0f, 0x01, 0x13");
USER_TEXT(user_lidt, ".byte 0x0f, 0x01, 0x1b");
USER_TEXT(user_invlpg, ".byte 0x0f, 0x01, 0x3b");
USER_TEXT(user_lmsw, ".byte 0x0f, 0x01, 0xf0");
USER_TEXT(user_ltr, ".byte 0x0f, 0x00, 0xd8");
USER_TEXT(user_lldt, ".byte 0x0f, 0x00, 0xd0");
USER_TEXT(user_wbinvd, "wbinvd");
USER_TEXT(user_in, "in al, 0x80");
USER_TEXT(user_in_81, "in al, 0x81");
USER_TEXT(user_in_word, "in ax, 0x80");
USER_TEXT(user_out, "out 0x80, al");
USER_TEXT(user_int, "int 0x40");
USER_TEXT(user_rdtsc, "rdtsc");
USER_TEXT(user_popf, "pushf\n\tor dword ptr [" SP "], 0x3200\n\tpopf");
USER_TEXT(user_load_ds, "mov eax, 0x10\n\tuser_load_ds_at: mov ds, eax");
extern u8 user_load_ds_at[];

static const struct text privileged[] = {
	{ user_cli, "CLI in ring 3 gives #GP(0)" },
	{ user_sti, "STI in ring 3 gives #GP(0)" },
	{ user_hlt, "HLT in ring 3 gives #GP(0)" },
	{ user_clts, "CLTS in ring 3 gives #GP(0)" },
	{ user_read_cr0, "reading CR0 in ring 3 gives #GP(0)" },
	{ user_write_cr3, "writing CR3 in ring 3 gives #GP(0)" },
	{ user_read_dr7, "reading DR7 in ring 3 gives #GP(0)" },
	{ user_rdmsr, "RDMSR in ring 3 gives #GP(0)" },
	{ user_wrmsr, "WRMSR in ring 3 gives #GP(0)" },
	{ user_lgdt, "LGDT in ring 3 gives #GP(0)" },
	{ user_lidt, "LIDT in ring 3 gives #GP(0)" },
	{ user_invlpg, "INVLPG in ring 3 gives #GP(0)" },
	{ user_lmsw, "LMSW in ring 3 gives #GP(0)" },
	{ user_ltr, "LTR in ring 3 gives #GP(0)" },
	{ user_lldt, "LLDT in ring 3 gives #GP(0)" },
	{ user_wbinvd, "WBINVD in ring 3 gives #GP(0)" },
	{ user_in, "IN in ring 3 without I/O bitmap gives #GP(0)" },
	{ user_out, "OUT in ring 3 without I/O bitmap gives #GP(0)" },
};

static void privileged_instructions(void)
{
	for (u32 i = 0; i < COUNT(privileged); i++) {
		call_user(privileged[i].code, USER_CODE);
		expect_in_user(13, 0, privileged[i].code, privileged[i].sentence);
	}
	call_user(user_load_ds, USER_CODE);
	expect_in_user(13, DATA32, user_load_ds_at, "ring 3 cannot load the kernel's data segment");
	call_user(user_int, USER_CODE);
	expect_in_user(13, IDT_ERROR(SPARE), user_int, "INT from ring 3 through a gate of ring 0 gives #GP");

	call_user_with(user_cli, USER_CODE, USER_DATA, 2 | FLAG_IOPL);
	check(caught.vector == USER_EXIT, "CLI in ring 3 with IOPL 3 is fine");
	call_user(user_popf, USER_CODE);
	check(caught.vector == USER_EXIT && !(caught.flags & (FLAG_IOPL | FLAG_IF)), "POPF in ring 3 keeps IF and IOPL");

	call_user(user_rdtsc, USER_CODE);
	check(caught.vector == USER_EXIT, "RDTSC in ring 3 is fine");
	write_cr4(read_cr4() | CR4_TSD);
	call_user(user_rdtsc, USER_CODE);
	expect_in_user(13, 0, user_rdtsc, "RDTSC in ring 3 with CR4.TSD gives #GP(0)");
	write_cr4(read_cr4() & ~(word)CR4_TSD);
}

static void io_bitmap(void)
{
	tss.bitmap = (u16)((word)tss.bits - (word)&tss);
	memset(tss.bits, 0xff, sizeof(tss.bits));
	tss.bits[0x80 / 8] = 0xfe;
	call_user(user_in, USER_CODE);
	check(caught.vector == USER_EXIT, "a clear bit in the I/O bitmap allows IN");
	call_user(user_in_81, USER_CODE);
	expect_in_user(13, 0, user_in_81, "a set bit in the I/O bitmap forbids IN");
	call_user(user_in_word, USER_CODE);
	expect_in_user(13, 0, user_in_word, "a wider IN needs the bits of all its ports");
	tss.bitmap = sizeof(tss);
}

static void stack_switch(void)
{
	word frame = (word)kernel_stack_top - 5 * sizeof(word);

	call_user(user_nothing, USER_CODE);
	check_equal(caught.stack, frame, "INT from ring 3 pushes its frame at the top of the TSS's ring 0 stack");
	check(caught.cs == USER_CODE && caught.ss == USER_DATA, "the frame has the selectors of ring 3");
	check(caught.sp == (word)user_stack_top, "the frame has the stack pointer of ring 3");
	call_user(user_cli, USER_CODE);
	check_equal(caught.stack, frame - sizeof(word), "an error code lies below the frame");
}

/* CS of the caller is 3 by its RPL: code that conforms keeps the caller's privilege. */
#define FAR_CALL(target) "call fword ptr [" target "]"
static struct {
	u32 offset;
	u16 selector;
} __attribute__((packed)) conforming_target __attribute__((used)), gate_target __attribute__((used));

USER_TEXT(user_conforming, FAR_CALL("conforming_target"));
extern u8 conforming_code[], conforming_cli[];
__asm__("conforming_code:\n	nop\nconforming_cli:\n	cli\n");

static void conforming(void)
{
	conforming_target.offset = (u32)(word)conforming_code;
	conforming_target.selector = CONFORMING_CODE;
	call_user(user_conforming, USER_CODE);
	expect_in_user(13, 0, conforming_cli, "conforming code runs with the privilege of its caller");
	check(caught.cs == (CONFORMING_CODE | 3), "CS has the caller's privilege");
}

static volatile word gate_cs __attribute__((used)), gate_stack __attribute__((used));
static volatile u32 gate_words[2] __attribute__((used));
extern u8 gate_code[];

#ifdef LONG_MODE
USER_TEXT(user_long_gate, FAR_CALL("gate_target"));
__asm__("gate_code:\n	mov	ax, cs\n	mov	[gate_cs], rax\n	mov	[gate_stack], rsp\n	rex.W retf");

static void call_gate(void)
{
	gate_target.selector = GATE | 3;
	gdt[GATE / 8] = gate_descriptor(CODE64, (u32)(u64)gate_code, PRESENT | RING3 | CALL_GATE, 0);
	gdt[GATE / 8 + 1] = 0;
	call_user(user_long_gate, USER_CODE);
	check(caught.count == 1 && caught.vector == USER_EXIT, "a call gate leads from ring 3 to ring 0 and back");
	check((gate_cs & 3) == 0, "behind the gate the privilege is 0");
	check_equal(gate_stack, (word)kernel_stack_top - 32, "the gate switches to the TSS's stack and pushes 4 words");
	gdt[GATE / 8] = gate_descriptor(CODE64, (u32)(u64)gate_code, RING3 | CALL_GATE, 0);
	call_user(user_long_gate, USER_CODE);
	check(caught.vector == 11 && caught.error == GATE, "an absent call gate gives #NP");
}
#else
USER_TEXT(user_gate, "push 0x1234\n\tpush 0x5678\n\t" FAR_CALL("gate_target"));
__asm__("gate_code:\n	mov	ax, cs\n	mov	[gate_cs], eax\n	mov	[gate_stack], esp\n"
	"	mov	eax, [esp + 8]\n	mov	[gate_words], eax\n"
	"	mov	eax, [esp + 12]\n	mov	[gate_words + 4], eax\n	retf	8");

static void call_gate(void)
{
	gate_target.selector = GATE | 3;
	gdt[GATE / 8] = gate_descriptor(CODE32, (u32)gate_code, PRESENT | RING3 | CALL_GATE, 2);
	call_user(user_gate, USER_CODE);
	check(caught.count == 1 && caught.vector == USER_EXIT, "a call gate leads from ring 3 to ring 0 and back");
	check((gate_cs & 3) == 0, "behind the gate the privilege is 0");
	check_equal(gate_stack, (word)kernel_stack_top - 24, "the gate switches stacks and pushes 6 words");
	check(gate_words[0] == 0x5678 && gate_words[1] == 0x1234, "the gate copies two parameters");
	check(caught.sp == (word)user_stack_top, "RETF 8 drops the parameters in ring 3, too");
	gdt[GATE / 8] = gate_descriptor(CODE32, (u32)gate_code, PRESENT | CALL_GATE, 2);
	call_user(user_gate, USER_CODE);
	check(caught.vector == 13 && caught.error == GATE, "a call gate of ring 0 gives #GP in ring 3");
}
#endif

static volatile word entry_cs __attribute__((used)), entry_ss __attribute__((used)), entry_sp __attribute__((used));
extern u8 sysenter_entry[];
USER_TEXT(user_sysenter, "mov " CX ", " SP "\n\tmov edx, offset 1f\n\tuser_sysenter_at: sysenter\n1:");
extern u8 user_sysenter_at[];
#ifdef LONG_MODE
__asm__("sysenter_entry:\n	mov	[entry_sp], rsp\n	mov	ax, cs\n	mov	[entry_cs], rax\n"
	"	mov	ax, ss\n	mov	[entry_ss], rax\n	rex.W sysexit");
#else
__asm__("sysenter_entry:\n	mov	[entry_sp], esp\n	mov	ax, cs\n	mov	[entry_cs], eax\n"
	"	mov	ax, ss\n	mov	[entry_ss], eax\n	sysexit");
#endif

static void sysenter(void)
{
	bool intel = cpuid(0, 0).b == 0x756e6547;
	u16 code = SYSENTER_CODE + (sizeof(word) == 8 ? 0x20 : 0x10) + 3;

#ifdef LONG_MODE
	if (!intel)
		return;		/* on others SYSENTER is no instruction in long mode */
#endif
	(void)intel;
	write_msr(MSR_SYSENTER_CS, 0);
	call_user(user_sysenter, USER_CODE);
	expect_in_user(13, 0, user_sysenter_at, "SYSENTER without a code segment gives #GP(0)");
	write_msr(MSR_SYSENTER_CS, SYSENTER_CODE);
	write_msr(MSR_SYSENTER_ESP, (word)kernel_stack_top - 16);
	write_msr(MSR_SYSENTER_EIP, (word)sysenter_entry);
	call_user(user_sysenter, USER_CODE);
	check(caught.count == 1 && caught.vector == USER_EXIT, "SYSENTER and SYSEXIT lead to ring 0 and back");
	check((entry_cs & 0xffff) == SYSENTER_CODE && (entry_ss & 0xffff) == SYSENTER_CODE + 8,
		"SYSENTER loads CS and SS from its register");
	check_equal(entry_sp, (word)kernel_stack_top - 16, "SYSENTER loads the stack pointer from its register");
	check_equal(caught.cs, code, "SYSEXIT loads CS of ring 3");
	check_equal(caught.ss, code + 8, "SYSEXIT loads SS of ring 3");
}

void user(void)
{
	privileged_instructions();
	io_bitmap();
	stack_switch();
	conforming();
	call_gate();
	sysenter();
}
