/* Handlers in C for exceptions, INT n and hardware interrupts, in every mode. */
#pragma once
#include "types.h"

/* What lies on the stack when a handler runs; the handler may change it. */
#if defined(REAL_MODE)
struct frame {
	u16 es, ds;
	u32 di, si, bp, saved_sp, bx, dx, cx, ax;
	u16 vector;
	u16 ip, cs, flags;
} __attribute__((packed));
#elif defined(LONG_MODE)
struct frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, di, si, bp, bx, dx, cx, ax;
	u64 vector, error;
	u64 ip, cs, flags, sp, ss;
};
#else
struct frame {
	u32 es, ds;
	u32 di, si, bp, saved_sp, bx, dx, cx, ax;
	u32 vector, error;
	u32 ip, cs, flags;
	u32 sp, ss;		/* only when the privilege changed */
	u32 vm_es, vm_ds, vm_fs, vm_gs;		/* only from virtual 8086 mode */
};
#endif

typedef void (*handler)(struct frame *);

/* Points every vector at its entry (in real mode only those given a handler) and loads the IDT. */
void interrupts_init(void);
/* Who handles `vector`; NULL: it is unexpected, which ends the guest with ERROR. */
void set_handler(u8 vector, handler handler);

#ifndef REAL_MODE
enum gate_type { TASK_GATE = 5, INTERRUPT_GATE_16 = 6, TRAP_GATE_16 = 7, INTERRUPT_GATE = 14, TRAP_GATE = 15 };
struct gate {
	u16 offset_low, selector;
	u8 stack, type;		/* stack: number in the interrupt stack table; type: present, privilege, type */
	u16 offset_middle;
#ifdef LONG_MODE
	u32 offset_high, zero;
#endif
} __attribute__((packed));
extern struct gate idt[256];
extern u8 vector_entries[256][16];
void set_gate(u8 vector, word target, u16 selector, enum gate_type type, u8 privilege, u8 stack);
/* Back to what interrupts_init made of `vector`, but for callers of this privilege. */
void reset_gate(u8 vector, u8 privilege);
void load_idt(const void *base, u16 limit);
#endif

/* The vectors of the 8259A pair once they are remapped. */
enum { IRQ_BASE = 0x20 };

static inline void enable_interrupts(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void disable_interrupts(void) { __asm__ volatile("cli" : : : "memory"); }
/* Waits for one interrupt; the shadow of STI leaves no gap before HLT. Returns with interrupts off. */
static inline void wait_for_interrupt(void) { __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory"); }
