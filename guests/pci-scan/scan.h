/* What the files of this guest share. */
#pragma once
#include "chips.h"
#include "guest.h"
#include "irq.h"
#include "memory.h"
#include "pci.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
#define CONFIG_ENABLE	0x80000000u
#define HOST_BRIDGE	PCI_FUNCTION(0, 0, 0)
#define ISA_BRIDGE	PCI_FUNCTION(0, 1, 0)
#define IDE		PCI_FUNCTION(0, 1, 1)

/* Two RTL8029: their function, first port, and slot. */
struct card {
	pci_function function;
	u16 base;
	u8 slot;
};
extern struct card cards[2];
/* A register of a card, page 0. */
enum { CARD_COMMAND = 0, CARD_CAUSES = 7, CARD_COUNT_LOW = 10, CARD_COUNT_HIGH = 11, CARD_MASK = 15, CARD_DONE = 0x40 };
u8 card_get(const struct card *card, u16 number);
void card_put(const struct card *card, u16 number, u8 value);

void widths(void);
void regions(void);
void routing(void);
