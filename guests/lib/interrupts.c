/* Vectors to C handlers; the entries are in vectors.S. */
#include "interrupts.h"
#include "guest.h"
#include "memory.h"

static handler handlers[256];

void on_interrupt(struct frame *frame);

static void unexpected(struct frame *frame)
{
#ifdef REAL_MODE
	printf("Unexpected vector %u at %x:%x\n", frame->vector, frame->cs, frame->ip);
#else
	word cr2;
	__asm__ volatile("mov %0, cr2" : "=r"(cr2));
	printf("Unexpected vector %lu, error code %lx, at %lx:%lx, CR2 %lx\n", (word)frame->vector,
		(word)frame->error, (word)frame->cs, (word)frame->ip, cr2);
#endif
	stop_with_error("an unexpected exception or interrupt");
}

void on_interrupt(struct frame *frame)
{
	handler wanted = handlers[frame->vector & 0xff];
	(wanted ? wanted : unexpected)(frame);
}

#ifdef REAL_MODE

extern u8 vector_entries[256][16];

void interrupts_init(void)
{
}

void set_handler(u8 vector, handler handler)
{
	handlers[vector] = handler;
	write32(vector * 4u, (u32)vector_entries[vector]);
}

#else

struct gate idt[256] __attribute__((aligned(16)));

void load_idt(const void *base, u16 limit)
{
	struct {
		u16 limit;
		word base;
	} __attribute__((packed)) pointer = { limit, (word)base };
	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

void set_gate(u8 vector, word target, u16 selector, enum gate_type type, u8 privilege, u8 stack)
{
	struct gate *gate = &idt[vector];
	gate->offset_low = (u16)target;
	gate->selector = selector;
	gate->stack = stack;
	gate->type = (u8)(0x80 | privilege << 5 | type);
	gate->offset_middle = (u16)(target >> 16);
#ifdef LONG_MODE
	gate->offset_high = (u32)(target >> 32);
	gate->zero = 0;
#endif
}

void reset_gate(u8 vector, u8 privilege)
{
#ifdef LONG_MODE
	set_gate(vector, (word)vector_entries[vector], CODE64, INTERRUPT_GATE, privilege, 0);
#else
	set_gate(vector, (word)vector_entries[vector], CODE32, INTERRUPT_GATE, privilege, 0);
#endif
}

void interrupts_init(void)
{
	for (int vector = 0; vector < 256; vector++)
		reset_gate((u8)vector, 0);
	load_idt(idt, sizeof(idt) - 1);
}

void set_handler(u8 vector, handler handler)
{
	handlers[vector] = handler;
}

#endif
