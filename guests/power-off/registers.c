/* The hardware should show 8086:7113 with registers where its base says, count its timer at 3.579545 MHz, set the
 * timer's overflow status when bit 23 changes and raise IRQ 9 for it once SCI is enabled by port 0xb2, lower the
 * interrupt when the status is cleared, and switch the machine off when the BIOS is asked to by APM.
 */
#include "chips.h"
#include "guest.h"
#include "pci.h"

enum { STATUS = 0, ENABLE = 2, CONTROL = 4, TIMER = 8 };
enum { OVERFLOW = 1, SCI_ENABLE = 1 };
enum { SMI_COMMAND = 0xb2, ACPI_ENABLE = 0xf1, ACPI_DISABLE = 0xf0 };
enum { TICK_IRQ = 1 << 0, SCI_IRQ = 1 << 9, ELCR2 = 0x4d1 };
enum { TEN_MS = 11932 };	/* periods of the 8254 */

static u16 base;
static volatile u32 ticks, interrupts, seen_status;

static void on_tick(struct frame *frame)
{
	(void)frame;
	ticks++;
	out8(PIC1, EOI);
}

static void on_sci(struct frame *frame)
{
	(void)frame;
	interrupts++;
	seen_status = in16(base + STATUS);
	out16(base + STATUS, OVERFLOW);
	out8(PIC2, EOI);
	out8(PIC1, EOI);
}

static void timer_counts(void)
{
	u32 before, after;

	pic_allow(TICK_IRQ);
	pit_start(0, TEN_MS);
	before = in32(base + TIMER);
	while (!ticks)
		wait_for_interrupt();
	after = in32(base + TIMER);
	check(before < 1 << 24 && after < 1 << 24, "the timer has 24 bits");
	after = (after - before) & 0xffffff;
	/* 35795 a 10 ms; somebody else's machine may be late */
	check(after >= 35700 && after < 20 * 35795, "the timer counts at 3.58 MHz");
	pic_allow(0);
}

static void overflow_interrupts(void)
{
	pic_allow(SCI_IRQ);
	out16(base + STATUS, 0xffff);
	out16(base + ENABLE, OVERFLOW);
	while (!interrupts)
		wait_for_interrupt();
	check_equal(interrupts, 1, "clearing the status lowers the interrupt");
	check(seen_status & OVERFLOW, "it came for the timer's overflow");
	check_equal(in16(base + STATUS) & OVERFLOW, 0, "the status is cleared by writing 1");
	check((in32(base + TIMER) & 0x7fffff) < 100000, "it came when bit 23 changed");
	out16(base + ENABLE, 0);
	pic_allow(0);
}

int main(void)
{
	pci_function function = pci_find(0x8086, 0x7113, 0);

	if (function == PCI_NONE)
		stop_with_error("there is no power management function");
	check_equal(pci_read16(function, PCI_CLASS), 0x0680, "its class is 0680");
	check_equal(pci_read8(function, PCI_INTERRUPT_LINE), 9, "its interrupt line is 9");
	check(pci_read8(function, 0x80) & 1, "the BIOS has enabled its registers");
	base = pci_read16(function, 0x40) & 0xffc0;

	interrupts_init();
	set_handler(IRQ_BASE, on_tick);
	set_handler(IRQ_BASE + 9, on_sci);
	pic_init(IRQ_BASE);
	out8(ELCR2, in8(ELCR2) | 1 << (9 - 8));
	timer_counts();
	out8(SMI_COMMAND, ACPI_ENABLE);
	check_equal(in16(base + CONTROL) & SCI_ENABLE, SCI_ENABLE, "ACPI is enabled by port b2");
	overflow_interrupts();
	out8(SMI_COMMAND, ACPI_DISABLE);
	check_equal(in16(base + CONTROL) & SCI_ENABLE, 0, "and disabled");
	pic_init_as_bios();
	return 0;
}
