/* Virtual 8086 mode: entered by IRET, watched by a monitor behind #GP, left at its HLT. */
#include "control.h"
#include "memory.h"
#include "modes.h"
#include "try.h"

enum { CODE_SEGMENT = 0x8000, DATA_SEGMENT = 0x8100, STACK_SEGMENT = 0x8200, DATA_AT = DATA_SEGMENT * 16 };

extern u8 vm86_code[], vm86_code_end[];
__asm__("	.code16\n"
	"vm86_code:\n"
	"	mov	ax, 0x8100\n"
	"	mov	ds, ax\n"
	"	mov	bx, 0x20\n"
	"	mov	word ptr [bx], 0xbeef\n"
	"	mov	[bx + 2], cs\n"
	"	mov	eax, 0x99999999\n"
	"	.byte	0xb8, 0x34, 0x12, 0x90, 0x90\n"
	"	mov	[bx + 4], eax\n"
	"	push	ax\n"
	"	int	0x21\n"
	"	mov	[bx + 8], sp\n"
	"	cli\n"
	"	mov	[bx + 10], dx\n"
	"	hlt\n"
	"vm86_code_end:\n"
	"	.code32\n");

/* enter_vm86(flags): runs CODE_SEGMENT:0; go_home() returns from it. */
void enter_vm86(u32 flags);
__asm__("enter_vm86:\n"
	"	mov	eax, [esp + 4]\n"
	"	push	ebx\n	push	ebp\n	push	esi\n	push	edi\n"
	"	mov	[home], esp\n"
	"	push	0x8400\n	push	0x8300\n	push	0\n	push	0x8180\n"	/* GS FS DS ES */
	"	push	0x8200\n	push	0x1000\n"
	"	push	eax\n"
	"	push	0x8000\n	push	0\n"
	"	xor	edx, edx\n"
	"	iretd\n");

static struct {
	u32 interrupts, clis, halts, others, errors;
	u32 vm, cs, ip, ss, sp, ds, es, fs, gs;
	u32 stack_top;
} seen;

static void note_frame(struct frame *frame)
{
	seen.vm = frame->flags & FLAG_VM;
	seen.cs = frame->cs;
	seen.ip = frame->ip;
	seen.ss = frame->ss;
	seen.sp = frame->sp;
	seen.ds = frame->vm_ds;
	seen.es = frame->vm_es;
	seen.fs = frame->vm_fs;
	seen.gs = frame->vm_gs;
	seen.stack_top = (u32)(&frame->vm_gs + 1);
}

static void monitor(struct frame *frame)
{
	u32 at = frame->cs * 16 + frame->ip;

	if (frame->error)
		seen.errors++;
	switch (read8(at)) {
	case 0xcd:
		seen.interrupts++;
		note_frame(frame);
		frame->ip += 2;
		frame->dx = 0x1986;
		return;
	case 0xfa:
		seen.clis++;
		frame->ip++;
		return;
	case 0xf4:
		seen.halts++;
		go_home();
	default:
		seen.others++;
		go_home();
	}
}

static void on_dos(struct frame *frame)
{
	seen.interrupts++;
	note_frame(frame);
	frame->dx = 0x1987;
}

static void run(u32 flags)
{
	memset(&seen, 0, sizeof(seen));
	memset((void *)DATA_AT, 0, 64);
	enter_vm86(flags);
}

static void check_frame(void)
{
	check(seen.vm && seen.cs == CODE_SEGMENT, "the frame has VM and the segment of 8086 code");
	check(seen.ss == STACK_SEGMENT && seen.sp == 0x1000 - 2, "it has the 8086 stack, which pushed 2 bytes");
	check(seen.ds == DATA_SEGMENT && seen.es == 0x8180 && seen.fs == 0x8300 && seen.gs == 0x8400,
		"it has the 8086 data segments");
	check(seen.stack_top == (u32)kernel_stack_top, "it lies at the top of the TSS's stack");
}

void virtual_8086(void)
{
	memcpy((void *)(CODE_SEGMENT * 16), vm86_code, (u32)(vm86_code_end - vm86_code));
	set_handler(13, monitor);

	run(2 | FLAG_VM);
	check(seen.interrupts == 1 && seen.clis == 1 && seen.halts == 1 && !seen.others,
		"with IOPL 0 the monitor sees INT, CLI and HLT by #GP");
	check(!seen.errors, "with error code 0");
	check_frame();
	check(read16(DATA_AT + 0x20) == 0xbeef, "8086 code reaches memory at 16 times its segment");
	check(read16(DATA_AT + 0x22) == CODE_SEGMENT, "CS is the 8086 segment");
	check(read32(DATA_AT + 0x24) == 0x99991234, "operands have 16 bits");
	check(read16(DATA_AT + 0x28) == 0x1000 - 2, "the stack pointer is kept");
	check(read16(DATA_AT + 0x2a) == 0x1986, "what the monitor changes in the frame arrives");

	set_handler(0x21, on_dos);
	reset_gate(0x21, 3);
	run(2 | FLAG_VM | FLAG_IOPL);
	check(seen.interrupts == 1 && seen.clis == 0 && seen.halts == 1, "with IOPL 3 INT goes through the IDT, CLI is free");
	check_frame();
	check(read16(DATA_AT + 0x2a) == 0x1987, "and IRET goes back into virtual 8086 mode");
	reset_gate(0x21, 0);
	run(2 | FLAG_VM | FLAG_IOPL);
	check(seen.interrupts == 1 && seen.errors == 1, "a gate of ring 0 gives #GP with its vector");
	catch_vector(13);
}
