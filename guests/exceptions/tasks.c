/* Protected mode alone: task gates, #TS, gates of 16 bits. */
#include "exceptions.h"

static struct tss32 second __attribute__((used));
static u8 second_stack[512] __attribute__((aligned(16)));
static volatile u32 task_flags __attribute__((used)), task_cr0 __attribute__((used)),
	task_back_link __attribute__((used)), task_runs __attribute__((used)), task_error __attribute__((used)),
	task_stack __attribute__((used)), task_tr __attribute__((used));
extern u8 task_entry[], task_fault_entry[];

/* A task that notes how it was begun and returns; begun again, it goes on behind its IRET. */
__asm__("task_entry:\n"
	"	mov	[task_stack], esp\n"
	"	pushf\n	pop	dword ptr [task_flags]\n"
	"	mov	eax, cr0\n	mov	[task_cr0], eax\n"
	"	movzx	eax, word ptr [second]\n	mov	[task_back_link], eax\n"
	"	str	eax\n	mov	[task_tr], eax\n"
	"	inc	dword ptr [task_runs]\n"
	"	iretd\n"
	"	jmp	task_entry\n");
/* The same for a fault with an error code: it lets the interrupted task go on elsewhere. */
__asm__("task_fault_entry:\n"
	"	pop	dword ptr [task_error]\n"
	"	inc	dword ptr [task_runs]\n"
	"	mov	eax, [resume_at]\n	mov	[tss + 32], eax\n"
	"	mov	word ptr [tss + 8], 0x10\n"
	"	iretd\n"
	"	jmp	task_fault_entry\n");

static void prepare(const void *entry)
{
	memset(&second, 0, sizeof(second));
	second.ip = (u32)entry;
	second.flags = 2;
	second.sp = (u32)second_stack + sizeof(second_stack);
	second.cs = CODE32;
	second.ds = second.es = second.ss = second.fs = second.gs = DATA32;
	second.bitmap = sizeof(second);
	second.cr3 = tss.cr3 = read_cr3();
	gdt[SECOND_TSS / 8] = descriptor((u32)&second, sizeof(second) - 1, PRESENT | TSS, 0);
	task_runs = 0;
}

static u8 type_of(u16 selector)
{
	return (u8)(gdt[selector / 8] >> 40 & 0xf);
}

static void task_gates(void)
{
	u32 kept = 0x12345678, stack_before, stack_after;

	prepare(task_entry);
	set_gate(SPARE, 0, SECOND_TSS, TASK_GATE, 0, 0);
	__asm__ volatile("mov %1, esp\n\tint 0x40\n\tmov %2, esp"
		: "+b"(kept), "=&r"(stack_before), "=r"(stack_after) : : "memory");
	check(task_runs == 1, "INT through a task gate runs the task, and IRET comes back");
	check(kept == 0x12345678 && stack_before == stack_after, "the interrupted task finds its registers again");
	check(task_flags & FLAG_NT, "the new task has NT");
	check(task_cr0 & CR0_TS, "a task switch sets CR0.TS");
	check_equal(task_back_link, TSS_SELECTOR, "the back link names the old task");
	check_equal(task_tr, SECOND_TSS, "TR names the new task");
	check_equal(task_stack, (u32)second_stack + sizeof(second_stack), "INT n pushes nothing on its stack");
	check(type_of(SECOND_TSS) == TSS && type_of(TSS_SELECTOR) == TSS_BUSY, "after IRET only the old task is busy");
	check(!(read_flags() & FLAG_NT), "after IRET NT is clear");
	__asm__ volatile("int 0x40" : : : "memory");
	check(task_runs == 2, "the second time the task goes on behind its IRET");
	__asm__ volatile("clts");
	gdt[SECOND_TSS / 8] |= (u64)2 << 40;
	TRY("", "int 0x40", : : : "memory");
	check(caught.count == 1 && caught.vector == 13 && (caught.error & ~1u) == SECOND_TSS,
		"a task gate to a busy task gives #GP of its TSS");
	reset_gate(SPARE, 0);
}

static void double_fault_task(void)
{
	prepare(task_fault_entry);
	set_gate(8, 0, SECOND_TSS, TASK_GATE, 0, 0);
	idt[0].type &= 0x7f;
	task_error = 0xff;
	TRY("xor ecx, ecx", "div ecx", : : : "eax", "ecx", "edx", "memory", "cc");
	check(task_runs == 1 && task_error == 0, "#DF through a task gate pushes error code 0 on the new stack");
	check(caught.count == 0, "no other exception comes");
	idt[0].type |= 0x80;
	reset_gate(8, 0);
	__asm__ volatile("clts");
}

static volatile u32 jumps __attribute__((used));
extern u8 jump_task[];
__asm__("jump_task:\n"
	"	inc	dword ptr [jumps]\n"
	"	pushf\n	pop	dword ptr [task_flags]\n"
	"	.byte	0xea\n	.long	0\n	.word	0x48\n");

static void jump_to_task(void)
{
	prepare(jump_task);
	jumps = 0;
	__asm__ volatile(".byte 0xea\n\t.long 0\n\t.word %c0" : : "i"(SECOND_TSS) : "memory");
	check(jumps == 1, "a far JMP to a TSS runs the task, and JMP to the first comes back");
	check(!(task_flags & FLAG_NT), "JMP does not nest");
	check(type_of(SECOND_TSS) == TSS && type_of(TSS_SELECTOR) == TSS_BUSY, "JMP leaves only the new task busy");
	__asm__ volatile("clts");
}

static void invalid_tss(void)
{
	tss.back_link = DATA32;
	TRY("pushf\n\tor dword ptr [esp], 0x4000\n\tpopf", "iretd", : : : "memory", "cc");
	expect_fault(10, DATA32, "IRET with NT and a back link to data gives #TS");
	prepare(task_entry);
	tss.back_link = SECOND_TSS;
	TRY("pushf\n\tor dword ptr [esp], 0x4000\n\tpopf", "iretd", : : : "memory", "cc");
	expect_fault(10, SECOND_TSS, "IRET with NT to a task that is not busy gives #TS");

	/* A stack for ring 0 with another privilege: the fault needs a stack of its own, so a task. */
	extern u8 user_exit_now[];
	prepare(task_fault_entry);
	set_gate(10, 0, SECOND_TSS, TASK_GATE, 0, 0);
	tss.ss0 = USER_DATA;
	resume_at = (word)user_exit_now;
	call_user(user_exit_now, USER_CODE);
	check(task_runs == 1 && (task_error & ~1u) == (USER_DATA & ~3), "a bad SS0 in the TSS gives #TS of the selector");
	check(caught.count == 1 && caught.vector == USER_EXIT, "once SS0 is mended ring 3 goes on");
	reset_gate(10, 0);
	__asm__ volatile("clts");
}
USER_TEXT(user_exit_now, "int 0x81");

static volatile u16 frame_16[4] __attribute__((used));
static volatile u32 stack_16 __attribute__((used)), stack_before_16 __attribute__((used));
extern u8 body_16[], body_16_back[], handler_16[];
__asm__("body_16:\n	mov	[stack_before_16], esp\n	int	0x40\nbody_16_back:\n	retf\n"
	"handler_16:\n"
	"	mov	[stack_16], esp\n"
	"	mov	eax, [esp]\n	mov	dword ptr [frame_16], eax\n"
	"	mov	eax, [esp + 4]\n	mov	word ptr [frame_16 + 4], ax\n"
	"	iretw\n");

static void gates_16(void)
{
	static struct {
		u32 offset;
		u16 selector;
	} __attribute__((packed)) target;

	gdt[BODY_16 / 8] = descriptor((u32)body_16, 0xffff, PRESENT | CODE, BITS_32);
	gdt[HANDLER_16 / 8] = descriptor((u32)handler_16, 0xffff, PRESENT | CODE, BITS_32);
	set_gate(SPARE, 0, HANDLER_16, INTERRUPT_GATE_16, 0, 0);
	target.selector = BODY_16;
	__asm__ volatile("call fword ptr [%0]" : : "r"(&target) : "eax", "memory", "cc");
	check_equal(stack_16, stack_before_16 - 6, "a gate of 16 bits pushes three words of 16 bits");
	check(frame_16[0] == body_16_back - body_16 && frame_16[1] == BODY_16, "they are IP and CS");
	check((frame_16[2] & 0x7002) == 2, "and the low half of the flags");
	reset_gate(SPARE, 0);
}

void tasks(void)
{
	task_gates();
	double_fault_task();
	jump_to_task();
	invalid_tss();
	gates_16();
}
