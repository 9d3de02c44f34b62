/* SET FEATURES, SET MULTIPLE MODE, the geometry, and power. */
#include "disk.h"

enum {
	CACHE_ON = 0x02, TRANSFER_MODE = 0x03, LOOK_AHEAD_OFF = 0x55, CACHE_OFF = 0x82, LOOK_AHEAD_ON = 0xaa,
	PIO_4 = 0x0c, MULTIWORD_1 = 0x21, MULTIWORD_2 = 0x22, CACHE = 0x20, ACTIVE = 0xff,
};

static void modes(void)
{
	set(SET_FEATURES, TRANSFER_MODE, MULTIWORD_1);
	check(done(), "a multiword DMA mode can be set");
	identify();
	check_equal(words[63] & 0x0700, 0x0200, "word 63 shows which");
	set(SET_FEATURES, TRANSFER_MODE, MULTIWORD_2);
	check(done(), "another one, too");
	identify();
	check_equal(words[63] & 0x0700, 0x0400, "in the other's place");
	set(SET_FEATURES, TRANSFER_MODE, PIO_4);
	check(done(), "so can a PIO mode");
	set(SET_FEATURES, TRANSFER_MODE, 0x1f);
	check(failed(ABORTED), "a mode that there is not is refused");
}

static void caches(void)
{
	set(SET_FEATURES, CACHE_OFF, 0);
	check(done(), "the write cache can be switched off");
	identify();
	check_equal(words[85] & CACHE, 0, "word 85 shows it");
	set(SET_FEATURES, CACHE_ON, 0);
	check(done(), "and on");
	identify();
	check_equal(words[85] & CACHE, CACHE, "and shows that");
	set(SET_FEATURES, LOOK_AHEAD_OFF, 0);
	check(done(), "looking ahead can be switched off");
	set(SET_FEATURES, LOOK_AHEAD_ON, 0);
	check(done(), "and on");
	set(SET_FEATURES, 0x99, 0);
	check(failed(ABORTED), "a feature that there is not is refused");
}

static void multiple(void)
{
	set(SET_MULTIPLE, 0, 8);
	check(done(), "8 sectors a block can be set");
	identify();
	/* QEMU's word 59 does not follow. */
	check_but_not_on_tcg((words[59] & 0x1ff) == 0x108, "word 59 shows them");
	set(SET_MULTIPLE, 0, 3);
	check(failed(ABORTED), "3 are no power of two");
	set(SET_MULTIPLE, 0, 128);
	check(failed(ABORTED), "128 are too many");
	set(SET_MULTIPLE, 0, 0);
	check(done(), "0 switches blocks off");
	start(READ_MULTIPLE, 0, 1);
	check(failed(ABORTED), "then READ MULTIPLE is refused");
	start(WRITE_MULTIPLE, free_lba(), 1);
	check(failed(ABORTED), "and WRITE MULTIPLE");
	set(SET_MULTIPLE, 0, 8);
	check(done(), "until they are set again");
}

static void geometry(void)
{
	u32 heads = words[3], per_track = words[6], lba = (1 * heads + 2) * per_track + 4;

	put(IDE_COUNT, (u8)per_track);
	put(IDE_DEVICE, (u8)(0xa0 | (heads - 1)));
	put(IDE_COMMAND, INITIALIZE);
	check(done(), "the geometry can be set");
	start(READ, lba % sectors, 1);
	check_equal(take(buffer, 1), 1, "a sector by LBA");
	lba %= sectors;
	start_chs(READ, lba / per_track / heads, lba / per_track % heads, lba % per_track + 1, 1);
	check_equal(take(other, 1), 1, "and by CHS");
	check(!memcmp(buffer, other, IDE_SECTOR), "is the same");
	put(IDE_COUNT, 17);
	put(IDE_DEVICE, 0xa3);
	put(IDE_COMMAND, INITIALIZE);
	check(done(), "another geometry can be set");
	start_chs(READ, 0, 1, 1, 1);
	check_equal(take(other, 1), 1, "a sector by its CHS");
	start(READ, 17, 1);
	check_equal(take(buffer, 1), 1, "and by LBA");
	check(!memcmp(buffer, other, IDE_SECTOR), "is the same by the new one");
	identify();
	/* QEMU's words do not follow. */
	check_but_not_on_tcg(words[55] == 4 && words[56] == 17, "which words 55 and 56 show");
	put(IDE_COUNT, (u8)per_track);
	put(IDE_DEVICE, (u8)(0xa0 | (heads - 1)));
	put(IDE_COMMAND, INITIALIZE);
	check(done(), "and back");
}

static void power(void)
{
	set(CHECK_POWER, 0, 0);
	check(done() && get(IDE_COUNT) == ACTIVE, "the disk is active");
	set(STANDBY_NOW, 0, 0);
	check(done(), "it stands by");
	set(CHECK_POWER, 0, 0);
	check_but_not_on_tcg(done() && get(IDE_COUNT) == 0, "and says so; QEMU's never sleeps");
	start(READ, 0, 1);
	check_equal(take(buffer, 1), 1, "reading wakes it");
	set(CHECK_POWER, 0, 0);
	check(done() && get(IDE_COUNT) == ACTIVE, "then it is active again");
	set(IDLE_NOW, 0, 0);
	check(done(), "it idles");
}

void settings(void)
{
	modes();
	caches();
	multiple();
	geometry();
	power();
}
