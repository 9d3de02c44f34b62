/* The network card, as a driver uses it and as it finds it gone; see driver.h. Whoever is at the other end of the
 * wire sends every frame back, source and destination swapped.
 */
#include "driver.h"
#include "ne2k.h"

enum { REALTEK = 0x10ec, RTL8029 = 0x8029, ETHERNET = 0x0200, POLLS = 1000000, LARGE_FRAMES = 4 };
enum { HEADER = 14, LOCAL_EXPERIMENT = 0x88b5 };

static pci_function function;
static struct ne2k card;
static u8 irq;
static u8 sent[NE2K_LONGEST + 1], taken[NE2K_LONGEST + 1];
static const u8 peer[6] = { 2, 0, 0, 0, 0, 1 };

void find_nic(void)
{
	function = pci_find(REALTEK, RTL8029, 0);
	if (function == PCI_NONE)
		stop_with_error("there is no RTL8029 on PCI");
	check(pci_read16(function, PCI_CLASS) == ETHERNET, "the card is an Ethernet controller");
	pci_write16(function, PCI_COMMAND, pci_read16(function, PCI_COMMAND) | PCI_COMMAND_IO);
	irq = pci_read8(function, PCI_INTERRUPT_LINE);
	u32 base = pci_base(function, 0);
	if (!base || !ne2k_begin(&card, (u16)base))
		stop_with_error("the RTL8029 does not start");
	printf("NIC");
	for (u32 i = 0; i < 6; i++)
		printf("%c%02x", i ? ':' : ' ', card.address[i]);
	printf(" at %x with IRQ %u", base, irq);
}

static void send(u32 length)
{
	memcpy(sent, peer, 6);
	memcpy(sent + 6, card.address, 6);
	sent[12] = LOCAL_EXPERIMENT >> 8;
	sent[13] = (u8)LOCAL_EXPERIMENT;
	for (u32 i = HEADER; i < length; i++)
		sent[i] = (u8)(i * 5 + length + sizeof(word));
	check(ne2k_send(&card, sent, length), "the card sends a frame");
}

static bool arrives(void)
{
	for (u32 polls = 0; polls < POLLS; polls++)
		if (ne2k_causes(&card) & NE2K_RECEIVED)
			return true;
	return false;
}

static void take(u32 length)
{
	ne2k_acknowledge(&card, NE2K_RECEIVED);
	check(ne2k_waiting(&card), "a frame that has arrived waits in the ring");
	check_equal(ne2k_receive(&card, taken, NE2K_LONGEST), length, "the echo is as long as the frame");
	check(!memcmp(taken, card.address, 6) && !memcmp(taken + 6, peer, 6), "the echo comes from the peer to us");
	check(!memcmp(taken + 12, sent + 12, length - 12), "the echo holds what was sent");
	check(!ne2k_waiting(&card), "then no other frame waits");
}

static void by_polling(u32 length)
{
	send(length);
	check(arrives(), "the echo of a frame arrives");
	take(length);
}

static void by_interrupt(u32 length)
{
	send(length);
	ne2k_interrupt_on(&card, NE2K_RECEIVED);
	check(irq_comes(irq), "the echo of a frame interrupts");
	check(ne2k_causes(&card) & NE2K_RECEIVED, "because it has been received");
	check(irq_asserted(irq), "the interrupt is a level");
	ne2k_interrupt_on(&card, 0);
	check(!irq_asserted(irq), "which the card's mask lowers");
	take(length);
}

void use_nic(void)
{
	by_polling(NE2K_SHORTEST);
	by_polling(NE2K_SHORTEST + 1);
	for (u32 i = 0; i < LARGE_FRAMES; i++)		/* once around the ring */
		by_polling(NE2K_LONGEST - i);
	by_interrupt(100);
}

void leave_nic_interrupting(void)
{
	send(NE2K_SHORTEST);
	check(arrives(), "a frame arrives and is left in the ring");
	ne2k_interrupt_on(&card, NE2K_RECEIVED);
	check(irq_asserted(irq), "the card interrupts");
	send(NE2K_SHORTEST);
}

void nic_is_gone(void)
{
	bool ones = true;

	for (u32 offset = 0; offset < 0x100; offset += 4)
		ones &= pci_read32(function, (u8)offset) == 0xffffffff;
	pci_write32(function, PCI_BAR0, 0);
	ones &= pci_read8(function, PCI_BAR0 + 1) == 0xff && pci_read16(function, PCI_DEVICE) == 0xffff;
	check(ones, "the card's configuration space reads all ones");
	check(pci_find(REALTEK, RTL8029, 0) == PCI_NONE, "no RTL8029 is found on PCI");
	check(pci_find_class(ETHERNET, 0) == PCI_NONE, "nor any Ethernet controller");
	ones = true;
	for (u16 port = card.base; port < card.base + NE2K_PORTS; port++) {
		out8(port, 0x21);
		ones &= in8(port) == 0xff;
	}
	check(ones, "the card's ports float: bytes read all ones");
	check(in16((u16)(card.base + 0x10)) == 0xffff && in32((u16)(card.base + 0x10)) == 0xffffffff,
		"words and double words, too");
	check(!ne2k_begin(&card, card.base), "no card answers a driver there");
	check(!irq_asserted(irq), "the interrupt that the card asserted is gone");
	check(!irq_comes(irq), "nor does the frame on the way interrupt");
	printf("Gone: NIC\n");
}
