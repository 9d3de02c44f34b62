/* The 16 interrupt requests of the two 8259A for guests that wait for one at a time, and pauses, in every mode. */
#pragma once
#include "types.h"

/* Remaps both 8259A to IRQ_BASE; each IRQ is let in once when somebody waits for it. */
void interrupts_begin(void);
/* Puts everything back as the BIOS needs it. */
void interrupts_end(void);
/* Whether `irq` comes within some milliseconds. */
bool irq_comes(u32 irq);
/* The same with more patience, for what takes its time. */
bool irq_comes_within(u32 irq, u32 milliseconds);
/* Whether the 8259A see `irq` asserted, let in or not. */
bool irq_asserted(u32 irq);
/* Forgets a request that an edge has left. */
void irq_forget(u32 irq);
/* Waits by IRQ 0, halted. */
void pause_ms(u32 milliseconds);
/* Waits by the 8254's channel 2, polling, at most 50000. */
void pause_us(u32 microseconds);
