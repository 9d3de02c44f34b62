/* The FIFO: 16 characters, four trigger levels, a timeout, and what clears it. */
#include "uart.h"

enum { SIZE = 16, SLOW = 48, TIMEOUT_US = 4 * 87 };	/* at divisor 48 a character takes 4.2 ms */

static void begin(u8 trigger)
{
	settle();
	put(FIFO, (u8)(FIFO_ENABLE | FIFO_CLEAR | trigger * TRIGGER));
}

static void order(void)
{
	bool right = true;

	begin(0);
	note(get(IDENTITY), WITH_FIFO | BY_NONE, "with FIFOs IIR has both FIFO bits");
	for (u8 i = 0; i < SIZE; i++)
		send((u8)(i * 5 + 1));
	note(get(LINE_STATUS), DATA_READY | HOLDING_EMPTY | TRANSMITTER_EMPTY, "16 characters fit without an error");
	for (u8 i = 0; i < SIZE; i++) {
		right &= get(LINE_STATUS) & DATA_READY;
		right &= get(RECEIVED) == i * 5 + 1;
	}
	note(right, true, "they come out in their order");
	note(get(LINE_STATUS) & DATA_READY, 0, "then the FIFO is empty");
}

static void overrun(void)
{
	bool right = true;

	begin(0);
	for (u8 i = 0; i < SIZE; i++)
		send(i);
	put(TRANSMIT, 0xee);
	pause_us(200);
	note(get(LINE_STATUS) & OVERRUN, OVERRUN, "the 17th is an overrun");
	note(get(LINE_STATUS) & OVERRUN, 0, "told once");
	for (u8 i = 0; i < SIZE; i++)
		right &= get(RECEIVED) == i;
	note(right, true, "and leaves the 16 in the FIFO as they are");
	note(get(LINE_STATUS) & DATA_READY, 0, "it is not among them");
}

static void triggers(void)
{
	static const u8 levels[] = { 1, 4, 8, 14 };

	for (u8 i = 0; i < COUNT(levels); i++) {
		begin(i);
		set_divisor(SLOW);	/* the timeout must not come before we have looked */
		put(INTERRUPTS, ON_RECEIVED);
		for (u8 n = 0; n < levels[i]; n++)
			send(n);
		note(get(IDENTITY), WITH_FIFO | BY_RECEIVED, "received data interrupts at its trigger level");
		get(RECEIVED);
		note(get(IDENTITY) == (WITH_FIFO | BY_RECEIVED), false, "and no more below it");
	}
}

static void below_the_trigger(void)
{
	begin(3);
	put(INTERRUPTS, ON_RECEIVED);
	set_divisor(SLOW);
	put(TRANSMIT, 1);
	note(get(IDENTITY), WITH_FIFO | BY_NONE, "below the trigger level nothing interrupts");
}

/* The timeout, two times over; a machine that shares its host may be late. */
static u8 identity_after_silence(void)
{
	for (u32 tries = 0; tries < 20; tries++) {
		pause_us(2 * TIMEOUT_US);
		if ((get(IDENTITY) & SOURCE) == BY_TIMEOUT)
			break;
	}
	return get(IDENTITY);
}

static void timeout(void)
{
	begin(3);
	put(INTERRUPTS, ON_RECEIVED);
	send(1);
	send(2);
	send(3);
	note(identity_after_silence(), WITH_FIFO | BY_TIMEOUT, "after four characters' time of silence those that wait interrupt");
	note(get(IDENTITY), WITH_FIFO | BY_TIMEOUT, "until one of them is read");
	note(get(RECEIVED), 1, "the oldest");
	note(get(IDENTITY), WITH_FIFO | BY_NONE, "then the time begins again");
	note(identity_after_silence(), WITH_FIFO | BY_TIMEOUT, "for the rest");
	get(RECEIVED);
	get(RECEIVED);
	pause_us(2 * TIMEOUT_US);
	note(get(IDENTITY), WITH_FIFO | BY_NONE, "an empty FIFO has no timeout");
	put(INTERRUPTS, 0);
	send(4);
	pause_us(2 * TIMEOUT_US);
	note(get(IDENTITY), WITH_FIFO | BY_NONE, "nor does one that may not interrupt");
}

static void clearing(void)
{
	begin(0);
	send(1);
	send(2);
	put(FIFO, FIFO_ENABLE | FIFO_CLEAR_TRANSMITTER);
	note(get(LINE_STATUS) & DATA_READY, DATA_READY, "clearing the transmitter's FIFO leaves the receiver's");
	put(FIFO, FIFO_ENABLE | FIFO_CLEAR_RECEIVER);
	note(get(LINE_STATUS) & DATA_READY, 0, "which its own bit clears");
	send(3);
	note(get(RECEIVED), 3, "and which then receives as before");
	send(4);
	put(FIFO, 0);
	note(get(LINE_STATUS) & DATA_READY, 0, "switching FIFOs off clears them");
	note(get(IDENTITY), BY_NONE, "and the FIFO bits of IIR");
	put(FIFO, FIFO_ENABLE);
	note(get(LINE_STATUS) & DATA_READY, 0, "switching them on, too");
}

void fifo(void)
{
	order();
	overrun();
	triggers();
	below_the_trigger();
	timeout();
	clearing();
}
