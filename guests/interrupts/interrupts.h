/* What the files of this guest share. */
#pragma once
#include "chips.h"
#include "guest.h"
#include "interrupts.h"

enum { TIMER = 1 << 0, SERIAL = 1 << 4, CLOCK = 1 << 8 };
enum { TICK = 120 };	/* periods of 838 ns between two ticks: about 100 us */

extern volatile u32 ticks;
/* Counts IRQ 0, ends it, and then calls `on_tick` if there is one. */
void count_ticks(void (*on_tick)(struct frame *));
void end_interrupt(u32 irq);
/* With interrupts off and IRQ 0 masked or not: makes one IRQ 0 wait in the 8259A. */
void make_timer_wait(void);
/* No more ticks, and none that still waits. */
void stop_timer(void);
/* Asks for IRQ 4 at once (its transmitter is empty) and withdraws it. */
void raise_serial(void);
void lower_serial(void);

void windows(void);
void chips(void);
void ring3(void);
