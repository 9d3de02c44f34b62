/* Catching exceptions; see try.h. */
#include "try.h"
#include "control.h"
#include "memory.h"

#ifndef REAL_MODE

volatile struct caught caught;
volatile word fault_at, resume_at;
u64 gdt[64] __attribute__((aligned(16)));

static u8 kernel_stack[2048] __attribute__((aligned(16), used));
static u8 user_stack[1024] __attribute__((aligned(16), used));
__asm__(".global kernel_stack_top, user_stack_top\n"
	".set kernel_stack_top, kernel_stack + 2048\n"
	".set user_stack_top, user_stack + 1024");

void enter_user(word code, word selector, word stack, word stack_selector, word flags);
extern volatile word home;

static void catch(struct frame *frame)
{
	caught.count++;
	caught.vector = frame->vector;
	caught.error = frame->error;
	caught.ip = frame->ip;
	caught.cs = frame->cs;
	caught.flags = frame->flags;
	caught.cr2 = read_cr2();
	caught.dr6 = read_dr6();
	caught.sp = frame->sp;
	caught.ss = frame->ss;
	bool has_error = frame->vector == 8 || (frame->vector >= 10 && frame->vector <= 14)
		|| frame->vector == 17 || frame->vector == 21;
	caught.stack = has_error ? (word)&frame->error : (word)&frame->ip;
	if (home)
		go_home();
	frame->ip = resume_at;
	frame->flags &= ~(word)(FLAG_TF | FLAG_NT);
}

bool caught_at(word vector, word error, word ip)
{
	return caught.count == 1 && caught.vector == vector && caught.error == error && caught.ip == ip;
}

void expect_at(word vector, word error, word ip, const char *sentence, int line)
{
	bool held = caught_at(vector, error, ip);
	check_at(held, sentence, line);
	if (!held)
		printf("    %lu exceptions, the last %lu, error %lx, ip %lx, cr2 %lx; wanted %lu, error %lx, ip %lx\n",
			caught.count, caught.vector, caught.error, caught.ip, caught.cr2, vector, error, ip);
}

void call_user_with(const void *code, u16 selector, u16 stack_selector, word flags)
{
	caught.count = 0;
	enter_user((word)code, selector, (word)user_stack_top, stack_selector, flags);
}

void call_user(const void *code, u16 selector)
{
	call_user_with(code, selector, USER_DATA, 2);
}

static void fill_gdt(void)
{
	gdt[CODE32 / 8] = descriptor(0, 0xfffff, PRESENT | CODE | 1, PAGES | BITS_32);
	gdt[DATA32 / 8] = descriptor(0, 0xfffff, PRESENT | DATA | 1, PAGES | BITS_32);
	gdt[CODE16 / 8] = descriptor(CHAIN, 0xffff, PRESENT | CODE | 1, 0);
	gdt[DATA16 / 8] = descriptor(0, 0xffff, PRESENT | DATA | 1, 0);
	gdt[CODE64 / 8] = descriptor(0, 0xfffff, PRESENT | CODE | 1, PAGES | BITS_64);
	gdt[USER_CODE32 / 8] = descriptor(0, 0xfffff, PRESENT | RING3 | CODE | 1, PAGES | BITS_32);
	gdt[USER_DATA / 8] = descriptor(0, 0xfffff, PRESENT | RING3 | DATA | 1, PAGES | BITS_32);
	gdt[USER_CODE64 / 8] = descriptor(0, 0xfffff, PRESENT | RING3 | CODE | 1, PAGES | BITS_64);
#ifdef LONG_MODE
	gdt[SYSENTER_CODE / 8] = gdt[CODE64 / 8];
#else
	gdt[SYSENTER_CODE / 8] = gdt[CODE32 / 8];
#endif
	gdt[SYSENTER_CODE / 8 + 1] = gdt[DATA32 / 8];
	gdt[SYSENTER_CODE / 8 + 2] = gdt[USER_CODE32 / 8];
	gdt[SYSENTER_CODE / 8 + 3] = gdt[USER_DATA / 8];
	gdt[SYSENTER_CODE / 8 + 4] = gdt[USER_CODE64 / 8];
	gdt[SYSENTER_CODE / 8 + 5] = gdt[USER_DATA / 8];
}

#ifdef LONG_MODE

struct tss64 tss;

__asm__(".global enter_user, go_home, home\n"
	"enter_user:\n"
	"	push	rbx\n	push	rbp\n	push	r12\n	push	r13\n	push	r14\n	push	r15\n"
	"	mov	[home], rsp\n"
	"	push	rcx\n	push	rdx\n	push	r8\n	push	rsi\n	push	rdi\n"
	"	iretq\n"
	"go_home:\n"
	"	mov	rsp, [home]\n"
	"	mov	qword ptr [home], 0\n"
	"	mov	eax, 0x10\n	mov	ss, eax\n	mov	ds, eax\n	mov	es, eax\n"
	"	push	2\n	popfq\n"
	"	pop	r15\n	pop	r14\n	pop	r13\n	pop	r12\n	pop	rbp\n	pop	rbx\n"
	"	ret\n"
	"	.pushsection .data\n	.balign	8\nhome:	.quad	0\n	.popsection");

static void allow_user_pages(void)
{
	/* The tables that chain.S made are for the supervisor alone. */
	for (u64 *entry = (u64 *)PAGE_TABLES; entry < (u64 *)(PAGE_TABLES + 0x6000); entry++)
		if (*entry & PAGE_PRESENT)
			*entry |= PAGE_USER;
	write_cr3(read_cr3());
}

static void fill_tss(void)
{
	tss.sp[0] = (u64)kernel_stack_top;
	tss.bitmap = sizeof(tss);	/* past the limit: no I/O bitmap */
	gdt[TSS_SELECTOR / 8] = descriptor((u32)(u64)&tss, sizeof(tss) - 1, PRESENT | TSS, 0);
	gdt[TSS_SELECTOR / 8 + 1] = 0;
	allow_user_pages();
}

#else

struct tss32 tss;

__asm__(".global enter_user, go_home, home\n"
	"enter_user:\n"
	"	mov	eax, esp\n"
	"	push	ebx\n	push	ebp\n	push	esi\n	push	edi\n"
	"	mov	[home], esp\n"
	"	push	[eax + 16]\n	push	[eax + 12]\n	push	[eax + 20]\n	push	[eax + 8]\n	push	[eax + 4]\n"
	"	test	dword ptr [eax + 8], 3\n"
	"	jz	1f\n"
	"	mov	eax, 0x3b\n	mov	ds, eax\n	mov	es, eax\n"
	"1:	iretd\n"
	"go_home:\n"
	"	mov	eax, 0x10\n	mov	ds, eax\n	mov	es, eax\n	mov	ss, eax\n"
	"	mov	esp, [home]\n"
	"	mov	dword ptr [home], 0\n"
	"	push	2\n	popfd\n"
	"	pop	edi\n	pop	esi\n	pop	ebp\n	pop	ebx\n"
	"	ret\n"
	"	.pushsection .data\n	.balign	4\nhome:	.long	0\n	.popsection");

static void fill_tss(void)
{
	tss.ss0 = DATA32;
	tss.sp0 = (u32)kernel_stack_top;
	tss.bitmap = sizeof(tss);	/* past the limit: no I/O bitmap */
	gdt[TSS_SELECTOR / 8] = descriptor((u32)&tss, sizeof(tss) - 1, PRESENT | TSS, 0);
}

#endif

void catch_vector(u8 vector)
{
	set_handler(vector, catch);
}

void try_init(void)
{
	fill_gdt();
	fill_tss();
	load_gdt(gdt, sizeof(gdt) - 1);
	load_task_register(TSS_SELECTOR);
	interrupts_init();
	for (u8 vector = 0; vector < 32; vector++)
		catch_vector(vector);
	catch_vector(USER_EXIT);
	reset_gate(USER_EXIT, 3);
}

#endif
