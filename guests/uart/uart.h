/* What the files of this guest share. The console is the very port under test, so what a check finds is noted,
 * and told when the port is the console's again.
 */
#pragma once
#include "guest.h"
#include "irq.h"

enum { COM1 = 0x3f8, IRQ = 4 };
enum {
	RECEIVED = 0, TRANSMIT = 0, DIVISOR_LOW = 0, INTERRUPTS = 1, DIVISOR_HIGH = 1, IDENTITY = 2, FIFO = 2,
	LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5, MODEM_STATUS = 6, SCRATCH = 7,
};
enum { ON_RECEIVED = 1, ON_TRANSMITTED = 2, ON_LINE = 4, ON_MODEM = 8 };
enum {
	BY_NONE = 1, BY_MODEM = 0, BY_TRANSMITTED = 2, BY_RECEIVED = 4, BY_LINE = 6, BY_TIMEOUT = 12,
	WITH_FIFO = 0xc0, SOURCE = 0x0f,
};
enum { FIFO_ENABLE = 1, FIFO_CLEAR_RECEIVER = 2, FIFO_CLEAR_TRANSMITTER = 4, FIFO_CLEAR = 6, TRIGGER = 0x40 };
enum { WORD_8 = 3, DIVISOR_LATCH = 0x80 };
enum { READY_TO_TALK = 1, REQUEST_TO_SEND = 2, OUT_1 = 4, OUT_2 = 8, LOOPBACK = 0x10 };
enum { DATA_READY = 1, OVERRUN = 2, HOLDING_EMPTY = 0x20, TRANSMITTER_EMPTY = 0x40 };

static inline u8 get(u16 number) { return in8((u16)(COM1 + number)); }
static inline void put(u16 number, u8 value) { out8((u16)(COM1 + number), value); }

/* Notes whether `found` is `wanted`; tell_notes makes it a check. */
#define note(found, wanted, sentence)	note_at((found), (wanted), sentence, __LINE__)
void note_at(u32 found, u32 wanted, const char *sentence, int line);
/* The same where QEMU is known to differ. */
void note_but_not_on_tcg(u32 found, u32 wanted, const char *sentence);
void tell_notes(void);

void set_divisor(u16 divisor);
/* Sends a character and waits until it has left the shift register: in loopback it has arrived. */
void send(u8 character);
/* Nothing waits, nothing interrupts, no FIFO; in loopback. */
void settle(void);

void line(void);
void fifo(void);
