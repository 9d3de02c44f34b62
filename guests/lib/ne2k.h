/* The RTL8029 and other NE2000 cards on PCI: polled or by interrupt, word-wide transfers, in every mode. */
#pragma once
#include "types.h"

struct ne2k {
	u16 base;		/* first of its 32 ports */
	u8 address[6];		/* from its PROM */
	u8 next;		/* page of the ring where the next packet will lie */
};

enum {
	NE2K_RECEIVED = 1, NE2K_TRANSMITTED = 2, NE2K_OVERWRITTEN = 0x10, NE2K_REMOTE_DONE = 0x40, NE2K_RESET = 0x80,
	NE2K_PORTS = 32, NE2K_SHORTEST = 60, NE2K_LONGEST = 1514,
};

/* Resets the card at `base`, reads its address and starts it, its interrupts off; false: there is none. */
bool ne2k_begin(struct ne2k *card, u16 base);
/* Sends a frame of 60 to 1514 bytes and waits until it has left; false: it never does. */
bool ne2k_send(const struct ne2k *card, const void *frame, u32 length);
/* Whether a frame waits in the ring. */
bool ne2k_waiting(const struct ne2k *card);
/* Takes the next frame, at most `size` bytes and one to fill a word; its length, 0 if it is not sound. */
u32 ne2k_receive(struct ne2k *card, void *to, u32 size);
/* Which causes (NE2K_RECEIVED ...) interrupt; what has happened; that it was seen. */
void ne2k_interrupt_on(const struct ne2k *card, u8 causes);
u8 ne2k_causes(const struct ne2k *card);
void ne2k_acknowledge(const struct ne2k *card, u8 causes);
