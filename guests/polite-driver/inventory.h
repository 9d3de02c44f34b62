/* What the machine has that a driver may take over: drives at the four IDE positions, and network cards. */
#pragma once
#include "ide.h"
#include "pci.h"

enum { POSITIONS = 4, MOST_NICS = 8 };

struct inventory {
	enum ide_kind drives[POSITIONS];
	pci_function nics[MOST_NICS];
	u32 nic_count;
};

void find_drives(struct inventory *inventory);
/* Looks at all of PCI. Not before unplugging: who has found a card may want to use it. */
void find_nics(struct inventory *inventory);
/* `title` and everything that was found. */
void print_inventory(const char *title, const struct inventory *inventory);

/* The position of the `index`th drive of a kind, or POSITIONS. */
ide_position position_of(const struct inventory *inventory, enum ide_kind kind, u32 index);

/* Each device does what it is for: a disk gives a sector, and interrupts; a CD gives a sector; a card has an address. */
void use_everything(const struct inventory *inventory);
