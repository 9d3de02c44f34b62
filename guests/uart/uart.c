/* The hardware should be a 16550A at 3F8h: registers that hold what belongs to them and read 0 elsewhere, a divisor
 * behind DLAB, a loopback that joins transmitter to receiver and modem outputs to inputs, a FIFO of 16 characters with
 * four trigger levels and a timeout of four characters, errors that stand until they are read, five sources of
 * interrupts by priority, and IRQ 4 by way of OUT2. [16550] National PC16550D.
 */
#include "uart.h"

static void registers(void)
{
	bool scratch = true;

	for (u32 value = 0; value < 256; value += 51) {
		put(SCRATCH, (u8)value);
		scratch &= get(SCRATCH) == value;
	}
	note(scratch, true, "the scratch register keeps a byte");
	put(INTERRUPTS, 0xff);
	note(get(INTERRUPTS), 0x0f, "four bits enable interrupts, the others are 0");
	put(INTERRUPTS, 0);
	put(MODEM_CONTROL, 0xff);
	note(get(MODEM_CONTROL), 0x1f, "five bits control the modem, the others are 0");
	put(MODEM_CONTROL, LOOPBACK);
	put(LINE_CONTROL, 0x7f);
	note(get(LINE_CONTROL), 0x7f, "line control reads as written");
	put(LINE_CONTROL, WORD_8);

	set_divisor(0x1234);
	put(LINE_CONTROL, DIVISOR_LATCH | WORD_8);
	note(get(DIVISOR_LOW) | get(DIVISOR_HIGH) << 8, 0x1234, "DLAB shows the divisor");
	put(LINE_CONTROL, WORD_8);
	note(get(INTERRUPTS), 0, "and hides the interrupt enables, which the divisor leaves alone");
	put(INTERRUPTS, 5);
	set_divisor(1);
	note(get(INTERRUPTS), 5, "which stay");
	put(INTERRUPTS, 0);
	note(get(LINE_STATUS), HOLDING_EMPTY | TRANSMITTER_EMPTY, "an idle line has an empty transmitter and nothing else");
}

static void modem(void)
{
	static const u8 outputs[] = { 0, READY_TO_TALK, REQUEST_TO_SEND, OUT_1, OUT_2, 0xf };
	static const u8 inputs[] = { 0, 0x20, 0x10, 0x40, 0x80, 0xf0 };

	for (u32 i = 0; i < COUNT(outputs); i++) {
		put(MODEM_CONTROL, LOOPBACK | outputs[i]);
		note(get(MODEM_STATUS) & 0xf0, inputs[i], "in loopback DTR is DSR, RTS is CTS, OUT1 is RI, OUT2 is DCD");
	}
	put(MODEM_CONTROL, LOOPBACK);
	get(MODEM_STATUS);
	/* QEMU's MSR has no deltas in loopback. */
	put(MODEM_CONTROL, LOOPBACK | READY_TO_TALK | REQUEST_TO_SEND | OUT_2);
	note_but_not_on_tcg(get(MODEM_STATUS), 0xbb, "what has changed since the last reading is told");
	note_but_not_on_tcg(get(MODEM_STATUS), 0xb0, "once");
	put(MODEM_CONTROL, LOOPBACK | OUT_1);
	note_but_not_on_tcg(get(MODEM_STATUS), 0x4b, "RI is not told as it goes on");
	put(MODEM_CONTROL, LOOPBACK);
	note_but_not_on_tcg(get(MODEM_STATUS), 0x04, "but as it goes off");
	put(INTERRUPTS, ON_MODEM);
	put(MODEM_CONTROL, LOOPBACK | REQUEST_TO_SEND);
	note_but_not_on_tcg(get(IDENTITY), BY_MODEM, "a change interrupts");
	get(MODEM_STATUS);
	note_but_not_on_tcg(get(IDENTITY), BY_NONE, "until it is read");
	put(INTERRUPTS, 0);
}

/* Leaves loopback, where OUT2's pin is off: its line goes to the 8259A. */
static void wire(void)
{
	put(MODEM_CONTROL, OUT_2);
	irq_forget(IRQ);
	put(INTERRUPTS, ON_TRANSMITTED);
	note(irq_comes(IRQ), true, "an empty transmitter raises IRQ 4");
	note(irq_asserted(IRQ), false, "once, as the 8259A wants an edge");
	note(get(IDENTITY), BY_TRANSMITTED, "IIR names the source");
	put(INTERRUPTS, 0);
	put(INTERRUPTS, ON_TRANSMITTED);
	note(irq_comes(IRQ), true, "enabling it again raises it again");
	put(INTERRUPTS, 0);
	put(MODEM_CONTROL, READY_TO_TALK);
	put(INTERRUPTS, ON_TRANSMITTED);
	/* QEMU's IRQ 4 does not look at OUT2. */
	note_but_not_on_tcg(irq_comes(IRQ), false, "without OUT2 IRQ 4 does not come");
	put(INTERRUPTS, 0);
	irq_forget(IRQ);
	put(MODEM_CONTROL, LOOPBACK);
}

int main(void)
{
	printf("COM1 is the console and is tested, so there is silence now\n");
	while (!(get(LINE_STATUS) & TRANSMITTER_EMPTY))
		;
	interrupts_begin();
	settle();
	registers();
	settle();
	modem();
	settle();
	line();
	fifo();
	settle();
	wire();
	interrupts_end();
	tell_notes();
	printf("The 16550A was looped\n");
	return 0;
}
