/* Whether the machine still works. */
#include "hostile.h"

enum { DISK = 0, CLOCK_IRQ = 8, PERIODIC = 0x40, BYTES = 2 * IDE_SECTOR, FRAME = 100, SELF_TEST = 0xaa, PASSED = 0x55 };

static u8 written[BYTES], found[BYTES];
static u8 sent[FRAME], echo[NE2K_LONGEST + 1];

static void disk(const char *after)
{
	u16 words[256];
	u32 lba;

	check_equal(ide_probe(DISK, words), IDE_DISK, after);
	lba = (words[60] | (u32)words[61] << 16) - 4;
	for (u32 i = 0; i < BYTES; i++)
		written[i] = (u8)draw();
	check(ide_write(DISK, lba, 2, written), after);
	check(ide_flush(DISK), after);
	check(ide_read(DISK, lba, 2, found), after);
	check(!memcmp(written, found, BYTES), "the disk gives what was written to it");
}

/* At the other end of the cable is one who sends every frame back. */
static void network(const char *after)
{
	struct ne2k card;
	u32 length = 0;

	if (!ne2k_begin(&card, nic_ports)) {
		check(false, after);
		return;
	}
	memset(sent, 0xff, 6);
	memcpy(sent + 6, card.address, 6);
	sent[12] = 0x88;
	sent[13] = 0xb5;	/* for local experiments */
	for (u32 i = 14; i < FRAME; i++)
		sent[i] = (u8)draw();
	check(ne2k_send(&card, sent, FRAME), after);
	pause_us(100);
	for (u32 tries = 0; tries < 4 && ne2k_waiting(&card); tries++) {
		length = ne2k_receive(&card, echo, NE2K_LONGEST);
		if (length == FRAME && !memcmp(echo + 14, sent + 14, FRAME - 14))
			break;
	}
	check_equal(length, FRAME, "the frame comes back");
	check(!memcmp(echo, card.address, 6) && !memcmp(echo + 14, sent + 14, FRAME - 14), "as it was sent");
}

static void clocks(const char *after)
{
	u8 control = cmos_read(0x0b);

	pause_ms(2);
	cmos_write(0x0b, (u8)(control | PERIODIC));
	cmos_read(0x0c);
	irq_forget(CLOCK_IRQ);
	check(irq_comes(CLOCK_IRQ), after);
	cmos_write(0x0b, control);
	cmos_read(0x0c);
	out8(0x64, SELF_TEST);
	pause_us(1000);
	check_equal(in8(0x60), PASSED, after);
}

void check_alive(const char *after)
{
	disk(after);
	network(after);
	clocks(after);
}
