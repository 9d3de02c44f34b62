/* NE2000 on PCI; see ne2k.h. [DP8390] National Semiconductor DP8390D, 11 (initialisation) and 10 (registers). */
#include "ne2k.h"
#include "guest.h"

enum {
	COMMAND = 0, DATA = 0x10, RESET = 0x1f,
	/* page 0 */
	PAGE_START = 1, PAGE_STOP = 2, BOUNDARY = 3, TRANSMIT_PAGE = 4, TRANSMIT_COUNT = 5, CAUSES = 7,
	REMOTE_ADDRESS = 8, REMOTE_COUNT = 10, RECEIVE_CONFIGURATION = 12, TRANSMIT_CONFIGURATION = 13,
	DATA_CONFIGURATION = 14, MASK = 15,
	/* page 1 */
	ADDRESS = 1, CURRENT = 7, MULTICAST = 8,
};
enum { STOP = 1, START = 2, TRANSMIT = 4, REMOTE_READ = 8, REMOTE_WRITE = 0x10, NO_REMOTE = 0x20, PAGE_1 = 0x40 };
enum { WORDS = 1, NORMAL = 8, FIFO_8 = 0x40, ACCEPT_BROADCAST = 4, MONITOR = 0x20, LOOPBACK = 2, SOUND = 1 };
enum { PROM_SIZE = 32, PROM_MARK = 0x57, TRANSMIT_AT = 0x40, RING = 0x46, RING_END = 0x60, HEADER = 4 };
enum { POLLS = 1000000 };

static void put(const struct ne2k *card, u16 number, u8 value)
{
	out8((u16)(card->base + number), value);
}

static void put16(const struct ne2k *card, u16 number, u16 value)
{
	put(card, number, (u8)value);
	put(card, (u16)(number + 1), (u8)(value >> 8));
}

static bool happens(const struct ne2k *card, u8 cause)
{
	for (u32 polls = 0; polls < POLLS; polls++)
		if (ne2k_causes(card) & cause)
			return true;
	return false;
}

static void aim(const struct ne2k *card, u16 address, u32 bytes, u8 direction)
{
	ne2k_acknowledge(card, NE2K_REMOTE_DONE);
	put16(card, REMOTE_ADDRESS, address);
	put16(card, REMOTE_COUNT, (u16)((bytes + 1) & ~1u));
	put(card, COMMAND, direction | START);
}

static void fetch(const struct ne2k *card, u16 address, void *to, u32 bytes)
{
	aim(card, address, bytes, REMOTE_READ);
	in16_string((u16)(card->base + DATA), to, (bytes + 1) / 2);
	put(card, COMMAND, NO_REMOTE | START);
}

static bool read_address(struct ne2k *card)
{
	u8 prom[PROM_SIZE];

	fetch(card, 0, prom, PROM_SIZE);
	for (u32 i = 0; i < 6; i++)
		card->address[i] = prom[2 * i];		/* a word-wide card shows each byte twice */
	return prom[28] == PROM_MARK && prom[30] == PROM_MARK;
}

bool ne2k_begin(struct ne2k *card, u16 base)
{
	card->base = base;
	if (in8(base) == 0xff)
		return false;
	out8((u16)(base + RESET), in8((u16)(base + RESET)));
	if (!happens(card, NE2K_RESET))
		return false;
	put(card, COMMAND, NO_REMOTE | STOP);
	put(card, DATA_CONFIGURATION, FIFO_8 | NORMAL | WORDS);
	put16(card, REMOTE_COUNT, 0);
	put(card, RECEIVE_CONFIGURATION, MONITOR);
	put(card, TRANSMIT_CONFIGURATION, LOOPBACK);
	put(card, MASK, 0);
	if (!read_address(card))
		return false;
	put(card, COMMAND, NO_REMOTE | STOP);
	put(card, PAGE_START, RING);
	put(card, PAGE_STOP, RING_END);
	put(card, BOUNDARY, RING);
	ne2k_acknowledge(card, 0xff);
	put(card, COMMAND, PAGE_1 | NO_REMOTE | STOP);
	for (u16 i = 0; i < 6; i++)
		put(card, (u16)(ADDRESS + i), card->address[i]);
	for (u16 i = 0; i < 8; i++)
		put(card, (u16)(MULTICAST + i), 0);
	card->next = RING + 1;
	put(card, CURRENT, card->next);
	put(card, COMMAND, NO_REMOTE | START);
	put(card, TRANSMIT_CONFIGURATION, 0);
	put(card, RECEIVE_CONFIGURATION, ACCEPT_BROADCAST);
	return true;
}

bool ne2k_send(const struct ne2k *card, const void *frame, u32 length)
{
	aim(card, TRANSMIT_AT << 8, length, REMOTE_WRITE);
	out16_string((u16)(card->base + DATA), frame, (length + 1) / 2);
	if (!happens(card, NE2K_REMOTE_DONE))
		return false;
	ne2k_acknowledge(card, NE2K_TRANSMITTED);
	put(card, TRANSMIT_PAGE, TRANSMIT_AT);
	put16(card, TRANSMIT_COUNT, (u16)length);
	put(card, COMMAND, NO_REMOTE | TRANSMIT | START);
	return happens(card, NE2K_TRANSMITTED);
}

bool ne2k_waiting(const struct ne2k *card)
{
	put(card, COMMAND, PAGE_1 | NO_REMOTE | START);
	u8 current = in8((u16)(card->base + CURRENT));
	put(card, COMMAND, NO_REMOTE | START);
	return current != card->next;
}

u32 ne2k_receive(struct ne2k *card, void *to, u32 size)
{
	u8 header[HEADER];
	u16 start = (u16)(card->next << 8);

	fetch(card, start, header, HEADER);
	u32 length = header[2] | (u32)header[3] << 8;
	bool right = header[0] & SOUND && header[1] >= RING && header[1] < RING_END && length > HEADER
		&& length <= size + HEADER;
	if (right)
		fetch(card, (u16)(start + HEADER), to, length - HEADER);
	card->next = right ? header[1] : card->next;
	put(card, BOUNDARY, card->next == RING ? RING_END - 1 : (u8)(card->next - 1));
	return right ? length - HEADER : 0;
}

void ne2k_interrupt_on(const struct ne2k *card, u8 causes)
{
	put(card, MASK, causes);
}

u8 ne2k_causes(const struct ne2k *card)
{
	return in8((u16)(card->base + CAUSES));
}

void ne2k_acknowledge(const struct ne2k *card, u8 causes)
{
	put(card, CAUSES, causes);
}
