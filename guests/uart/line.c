/* The receiver without FIFO, and which source of interrupts comes first. */
#include "uart.h"

void set_divisor(u16 divisor)
{
	put(LINE_CONTROL, DIVISOR_LATCH | WORD_8);
	put(DIVISOR_LOW, (u8)divisor);
	put(DIVISOR_HIGH, (u8)(divisor >> 8));
	put(LINE_CONTROL, WORD_8);
}

void send(u8 character)
{
	put(TRANSMIT, character);
	while (!(get(LINE_STATUS) & TRANSMITTER_EMPTY))
		;
}

void settle(void)
{
	put(INTERRUPTS, 0);
	put(MODEM_CONTROL, LOOPBACK);
	put(FIFO, FIFO_ENABLE | FIFO_CLEAR);
	put(FIFO, 0);
	set_divisor(1);
	get(RECEIVED);
	get(LINE_STATUS);
	get(MODEM_STATUS);
	get(IDENTITY);
}

static void loop(void)
{
	bool right = true;

	for (u32 value = 0; value < 256; value += 17) {
		send((u8)value);
		right &= (get(LINE_STATUS) & DATA_READY) && get(RECEIVED) == value;
	}
	note(right, true, "in loopback what is sent is received");
	note(get(LINE_STATUS) & DATA_READY, 0, "and is gone once it was read");
	note(get(IDENTITY), BY_NONE, "without FIFO IIR has no FIFO bits");
	put(TRANSMIT, 'A');
	while (!(get(LINE_STATUS) & TRANSMITTER_EMPTY))
		;
	note(get(RECEIVED), 'A', "a character arrives by the time the transmitter is empty");
}

/* Reading LSR clears the error, so this sends without looking. */
static void send_blindly(u8 character)
{
	put(TRANSMIT, character);
	pause_us(200);		/* two characters at 115200 */
}

static void overrun(void)
{
	send_blindly('A');
	send_blindly('B');
	note(get(LINE_STATUS), OVERRUN | DATA_READY | HOLDING_EMPTY | TRANSMITTER_EMPTY,
		"a character that comes before the last one was read is an overrun");
	note(get(LINE_STATUS) & OVERRUN, 0, "reading LSR clears it");
	note(get(RECEIVED), 'B', "and the newer one takes the older one's place");
	note(get(LINE_STATUS) & DATA_READY, 0, "which is all there is");
}

static void priorities(void)
{
	put(INTERRUPTS, ON_RECEIVED | ON_TRANSMITTED | ON_LINE);
	send_blindly('A');
	send_blindly('B');
	note(get(IDENTITY), BY_LINE, "an error comes first");
	note(get(IDENTITY), BY_LINE, "as long as it stands");
	get(LINE_STATUS);
	note(get(IDENTITY), BY_RECEIVED, "then received data");
	get(RECEIVED);
	note(get(IDENTITY), BY_TRANSMITTED, "then the transmitter");
	note(get(IDENTITY), BY_NONE, "which reading IIR satisfies");
	put(TRANSMIT, 'C');
	pause_us(200);
	note(get(IDENTITY), BY_RECEIVED, "what is read of IIR is the highest source");
	get(RECEIVED);
	note(get(IDENTITY), BY_TRANSMITTED, "and leaves the lower ones alone");
	put(INTERRUPTS, 0);
	note(get(IDENTITY), BY_NONE, "sources that are not enabled do not show");
	send_blindly('D');
	send_blindly('E');
	note(get(IDENTITY), BY_NONE, "whatever happens");
	put(INTERRUPTS, ON_LINE);
	note(get(IDENTITY), BY_LINE, "until they are enabled");
	get(LINE_STATUS);
	put(INTERRUPTS, ON_RECEIVED);
	note(get(IDENTITY), BY_RECEIVED, "data that waits interrupts as soon as it may");
	get(RECEIVED);
	note(get(IDENTITY), BY_NONE, "and no more once it was read");
	put(INTERRUPTS, ON_TRANSMITTED);
	note(get(IDENTITY), BY_TRANSMITTED, "so does an empty transmitter");
	put(INTERRUPTS, 0);
}

void line(void)
{
	loop();
	overrun();
	settle();
	priorities();
	settle();
}
