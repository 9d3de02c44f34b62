/* Long mode alone: IST, alignment of the stack, canonical addresses, SYSCALL, IRET with NT. */
#include "exceptions.h"

static u8 special_stack[1024] __attribute__((aligned(16)));

static void interrupt_stacks(void)
{
	word top = (word)special_stack + sizeof(special_stack), before;

	tss.stacks[0] = top;
	catch_vector(SPARE);
	set_gate(SPARE, (word)vector_entries[SPARE], CODE64, INTERRUPT_GATE, 0, 1);
	TRY("mov rbx, rsp", "int 0x40", : "=b"(before) : : "memory");
	check_equal(caught.stack, top - 40, "a gate with IST 1 pushes its frame at the top of that stack");
	check_equal(caught.sp, before, "the frame has the old stack pointer, of ring 0, too");
	expect_trap(SPARE, "IRET comes back from it");
	tss.stacks[0] = top - 8;
	TRY("", "int 0x40", : : : "memory");
	check_equal(caught.stack, top - 16 - 40, "a stack of the IST is aligned to 16 bytes");
	reset_gate(SPARE, 0);

	tss.stacks[6] = top;
	set_gate(14, (word)vector_entries[14], CODE64, INTERRUPT_GATE, 0, 7);
	TRY("xor ebx, ebx\n\tdec rbx\n\tshr rbx, 18", "mov al, [rbx]", : : : "rax", "rbx", "memory", "cc");
	check(caught.count == 1 && caught.vector == 14 && caught.stack == top - 48, "#PF on IST 7 has its error code there");
	reset_gate(14, 0);

	TRY("push 0", "int 0x40", "add rsp, 8" : : : "memory", "cc");
	check((caught.stack + 40) % 16 == 0, "without a switch the frame is aligned, too");
	TRY("push 0\n\tpush 0", "int 0x40", "add rsp, 16" : : : "memory", "cc");
	check((caught.stack + 40) % 16 == 0, "whatever the stack pointer was");
	check(caught.ss == DATA32, "SS is always in the frame");
}

static void canonical(void)
{
	TRY("mov rbx, 0x800000000000", "mov al, [rbx]", : : : "rax", "rbx", "memory");
	expect_fault(13, 0, "a read at an address that is not canonical gives #GP(0)");
	TRY("mov rbx, 0x8000000000000000", "mov [rbx], al", : : : "rax", "rbx", "memory");
	expect_fault(13, 0, "a write there, too");
	/* TCG, and engines made from it, do not tell the stack from other data here. */
	TRY("push rbp\n\tmov rbp, 0x800000000000", "mov al, [rbp]", "pop rbp" : : : "rax", "memory");
	check(caught_at(12, 0, fault_at) || caught_at(13, 0, fault_at), "by way of the stack it gives #SS(0)");
	TRY("push rcx\n\tmov rbx, 0xffff800000000000", "mov al, [rbx]", "pop rcx" : : : "rax", "rbx", "memory");
	check(caught_at(14, 0, fault_at) && caught.cr2 == 0xffff800000000000, "the lowest of the upper half is canonical");
}

static void gates_and_iret(void)
{
	set_gate(SPARE, 0, TSS_SELECTOR, TASK_GATE, 0, 0);
	TRY("", "int 0x40", : : : "memory");
	expect_fault(13, IDT_ERROR(SPARE), "a task gate is no gate in long mode");
	set_gate(SPARE, (word)vector_entries[SPARE], CODE32, INTERRUPT_GATE, 0, 0);
	TRY("", "int 0x40", : : : "memory");
	expect_fault(13, CODE32, "a gate into code of 32 bits gives #GP of the selector");
	reset_gate(SPARE, 0);
	TRY("pushf\n\tor dword ptr [rsp], 0x4000\n\tpopf", "iretq", : : : "memory", "cc");
	expect_fault(13, 0, "IRET with NT gives #GP(0)");
}

static volatile u64 entry_rcx __attribute__((used)), entry_r11 __attribute__((used)), entry_cs __attribute__((used)),
	entry_ss __attribute__((used)), entry_flags __attribute__((used));
extern u8 syscall_entry[], user_syscall_behind[], user_syscall_at[];
USER_TEXT(user_syscall, "std\n\tuser_syscall_at: syscall\nuser_syscall_behind:");
__asm__("syscall_entry:\n"
	"	mov	[entry_rcx], rcx\n	mov	[entry_r11], r11\n"
	"	mov	ax, cs\n	mov	[entry_cs], rax\n	mov	ax, ss\n	mov	[entry_ss], rax\n"
	"	pushf\n	pop	[entry_flags]\n"
	"	rex.W sysret\n");

static void syscall(void)
{
	call_user(user_syscall, USER_CODE);
	expect_in_user(6, 0, user_syscall_at, "SYSCALL without EFER.SCE gives #UD");
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
	write_msr(MSR_STAR, (u64)(USER_CODE32) << 48 | (u64)CODE32 << 32);
	write_msr(MSR_LSTAR, (u64)syscall_entry);
	write_msr(MSR_SFMASK, FLAG_DF | FLAG_TF | FLAG_IF);
	call_user(user_syscall, USER_CODE);
	check(caught.count == 1 && caught.vector == USER_EXIT, "SYSCALL and SYSRET lead to ring 0 and back");
	check_equal(entry_rcx, (word)user_syscall_behind, "SYSCALL leaves the return address in RCX");
	check((entry_r11 & FLAG_DF) && !(entry_flags & FLAG_DF), "R11 has the flags, and SFMASK clears some");
	check((entry_cs & 0xffff) == CODE32 && (entry_ss & 0xffff) == DATA32, "SYSCALL loads CS and SS from STAR");
	check(caught.cs == USER_CODE64 && caught.ss == USER_DATA, "SYSRET loads CS and SS from STAR");
	check(caught.flags & FLAG_DF, "SYSRET takes the flags from R11");
	write_msr(MSR_EFER, read_msr(MSR_EFER) & ~(u64)EFER_SCE);
}

void long_mode(void)
{
	interrupt_stacks();
	canonical();
	gates_and_iret();
	syscall();
}
