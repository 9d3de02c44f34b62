/* INTA# of a card to an IRQ, by way of the PIRQ registers. A card interrupts when a remote transfer of nothing is done. */
#include "scan.h"

enum { ROUTES = 0x60, OFF = 0x80, EDGE_OR_LEVEL = 0x4d0, START = 0x22, READ_NOTHING = 0x0a };

static const u8 targets[] = { 5, 10, 11 };

/* [PIIX3] leaves the wiring to the board: pin A of slot n is link n - 1 of four. */
static u8 route_of(const struct card *card)
{
	return (u8)(ROUTES + ((card->slot - 1) & 3));
}

static void assert_interrupt(const struct card *card)
{
	card_put(card, CARD_COMMAND, START);
	card_put(card, CARD_CAUSES, 0xff);
	card_put(card, CARD_MASK, CARD_DONE);
	card_put(card, CARD_COUNT_LOW, 0);
	card_put(card, CARD_COUNT_HIGH, 0);
	card_put(card, CARD_COMMAND, READ_NOTHING);
}

static void deassert_interrupt(const struct card *card)
{
	card_put(card, CARD_COMMAND, START);
	card_put(card, CARD_CAUSES, 0xff);
	card_put(card, CARD_MASK, 0);
}

static void only(u32 irq, const char *sentence)
{
	u32 found = 0, wanted = irq ? 1u << irq : 0;

	for (u32 i = 0; i < COUNT(targets); i++)
		found |= (u32)irq_asserted(targets[i]) << targets[i];
	check_equal(found, wanted, sentence);
}

static void alone(const struct card *card)
{
	u8 route = route_of(card);

	pci_write8(ISA_BRIDGE, route, OFF);
	assert_interrupt(card);
	check(card_get(card, CARD_CAUSES) & CARD_DONE, "a transfer of nothing is done at once");
	only(0, "a link that leads nowhere asserts no IRQ");
	for (u32 i = 0; i < COUNT(targets); i++) {
		pci_write8(ISA_BRIDGE, route, targets[i]);
		check_equal(pci_read8(ISA_BRIDGE, route), targets[i], "a route reads as written");
		only(targets[i], "the level appears where it leads, and leaves where it led");
		check(irq_comes(targets[i]), "as an interrupt");
	}
	pci_write8(ISA_BRIDGE, route, OFF | targets[0]);
	only(0, "bit 7 switches a route off");
	pci_write8(ISA_BRIDGE, route, targets[1]);
	only(targets[1], "the level stands while the card holds it");
	deassert_interrupt(card);
	only(0, "and falls when it lets go");
	check(!irq_comes(targets[1]), "then no interrupt comes");
}

static void together(const struct card *one, const struct card *other)
{
	pci_write8(ISA_BRIDGE, route_of(one), targets[2]);
	pci_write8(ISA_BRIDGE, route_of(other), targets[2]);
	assert_interrupt(one);
	assert_interrupt(other);
	only(targets[2], "two cards share an IRQ");
	deassert_interrupt(one);
	only(targets[2], "which stands until the second lets go");
	pci_write8(ISA_BRIDGE, route_of(other), targets[1]);
	only(targets[1], "and moves with it");
	deassert_interrupt(other);
	only(0, "then it falls");
}

void routing(void)
{
	u32 routes = pci_read32(ISA_BRIDGE, ROUTES);
	u8 low = in8(EDGE_OR_LEVEL), high = in8(EDGE_OR_LEVEL + 1);

	out8(EDGE_OR_LEVEL, low | 1 << 5);
	out8(EDGE_OR_LEVEL + 1, high | 1 << (10 - 8) | 1 << (11 - 8));
	pci_write32(ISA_BRIDGE, ROUTES, 0x80808080);
	alone(&cards[0]);
	alone(&cards[1]);
	together(&cards[0], &cards[1]);
	pci_write32(ISA_BRIDGE, ROUTES, routes);
	out8(EDGE_OR_LEVEL, low);
	out8(EDGE_OR_LEVEL + 1, high);
}
