/* Runs one instruction that should fault or trap, and tells what came of it. Protected and long mode.
 *
 *	TRY("xor ecx, ecx", "div ecx", : : : "eax", "ecx", "edx");
 *	expect_fault(0, 0, "dividing by zero gives #DE");
 */
#pragma once
#include "descriptors.h"
#include "guest.h"
#include "interrupts.h"

/* What the last exception or INT n left; `count` says how many came since the last TRY. */
struct caught {
	word count, vector, error, ip, cs, flags, cr2, dr6;
	word stack;		/* where the frame that the CPU pushed begins: address of its lowest word */
	word sp, ss;		/* as pushed; in protected mode only if the privilege changed */
};
extern volatile struct caught caught;
extern volatile word fault_at, resume_at;

#ifdef LONG_MODE
#define WORD_POINTER	"qword ptr "
#else
#define WORD_POINTER	"dword ptr "
#endif
#define TRY(setup, instruction, ...) \
	do { \
		caught.count = 0; \
		__asm__ volatile(setup "\n" \
			"\tmov " WORD_POINTER "[fault_at], offset 771f\n" \
			"\tmov " WORD_POINTER "[resume_at], offset 772f\n" \
			"771:\t" instruction "\n772:" __VA_ARGS__); \
	} while (0)

/* The instruction faulted, once: the pushed address is its own. / It trapped: the address is the next one's. */
#define expect_fault(vector, error, sentence)	expect_at(vector, error, fault_at, sentence, __LINE__)
#define expect_trap(vector, sentence)		expect_at(vector, 0, resume_at, sentence, __LINE__)
#define expect_nothing(sentence)		check_equal_at(caught.count, 0, sentence, __LINE__)
/* A fault in code run by call_user. */
#define expect_in_user(vector, error, address, sentence) \
	expect_at(vector, error, (word)(address), sentence, __LINE__)
void expect_at(word vector, word error, word ip, const char *sentence, int line);
bool caught_at(word vector, word error, word ip);

/* Loads a GDT with the selectors below, a TSS, an IDT whose exceptions are caught; user code may INT 0x81. */
void try_init(void);
/* Catches a vector beyond the exceptions, too. */
void catch_vector(u8 vector);

enum {
	USER_CODE32 = 0x33, USER_DATA = 0x3b, USER_CODE64 = 0x43, TSS_SELECTOR = 0x48,
	SYSENTER_CODE = 0x60,	/* and the five that SYSENTER and SYSEXIT want behind it */
	FREE_SELECTOR = 0x90,	/* the guest's own, up to 0x1f8 */
};
extern u64 gdt[64];
#ifdef LONG_MODE
extern struct tss64 tss;
#define USER_CODE	USER_CODE64
#else
extern struct tss32 tss;
#define USER_CODE	USER_CODE32
#endif
extern u8 kernel_stack_top[];	/* where sp0 of the TSS points */
extern u8 user_stack_top[];

/* Runs `code` at `selector` until it faults or executes INT 0x81, whatever privilege; then returns. */
void call_user(const void *code, u16 selector);
void call_user_with(const void *code, u16 selector, u16 stack_selector, word flags);
enum { USER_EXIT = 0x81 };
/* From a handler: abandons what call_user runs and returns from it. */
void go_home(void) __attribute__((noreturn));

/* A piece of code for call_user; afterwards it executes INT 0x81. */
#define USER_TEXT(name, text) \
	__asm__(".pushsection .text\n\t.global " #name "\n" #name ":\n\t" text "\n\tint 0x81\n\t.popsection"); \
	extern u8 name[]
