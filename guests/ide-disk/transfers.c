/* Sectors by every command that moves them, and the registers behind. */
#include "disk.h"

enum { SOME = 7, MANY = 256 };

static void clear(void)
{
	memset(other, 0, 16 * IDE_SECTOR);
}

static void same(u32 count, const char *sentence)
{
	check(!memcmp(buffer, other, count * IDE_SECTOR), sentence);
}

static void by_28(void)
{
	fill(buffer, SOME * IDE_SECTOR, 1);
	start(WRITE, free_lba(), SOME);
	check_equal(give(buffer, 1), SOME, "WRITE SECTORS takes them one by one");
	check_equal(get(IDE_COUNT), 0, "then none is left");
	set(FLUSH, 0, 0);
	check(done(), "the cache can be flushed");
	clear();
	start(READ, free_lba(), SOME);
	check_equal(take(other, 1), SOME, "READ SECTORS gives them");
	same(SOME, "as they were written");
	start(VERIFY, free_lba(), SOME);
	check(done(), "they can be verified");
	start(SEEK, free_lba(), 0);
	check(done(), "and sought");
	set(RECALIBRATE, 0, 0);
	check(done(), "there is no track 0 to look for, but nobody minds");
	start(READ, 0, 0);
	check_equal(take(buffer, 1), MANY, "a count of 0 means 256");
	check(buffer[510] == 0x55 && buffer[511] == 0xaa, "the first is the boot sector");
}

static void by_48(void)
{
	fill(buffer, SOME * IDE_SECTOR, 2);
	start_ext(WRITE_EXT, free_lba(), SOME);
	check_equal(give(buffer, 1), SOME, "WRITE SECTORS EXT takes them");
	set(FLUSH_EXT, 0, 0);
	check(done(), "FLUSH CACHE EXT flushes them");
	clear();
	start_ext(READ_EXT, free_lba(), SOME);
	check_equal(take(other, 1), SOME, "READ SECTORS EXT gives them");
	same(SOME, "as they were written");
	start_ext(VERIFY_EXT, free_lba(), SOME);
	check(done(), "they can be verified");
	start_ext(READ_EXT, 1, MANY);
	check_equal(take(other, 1), MANY, "a count of 16 bits can be 256");
	start(READ, 1, 0);
	check_equal(take(buffer, 1), MANY, "which by LBA28 is 0");
	same(MANY, "they are the same");
}

/* Each register of LBA48 holds two bytes; QEMU shows the later ones only. */
static void two_deep(void)
{
	if (on_tcg())
		return;
	for (u8 number = IDE_COUNT; number <= IDE_LBA_HIGH; number++) {
		put(number, (u8)(0x10 + number));
		put(number, (u8)(0x20 + number));
	}
	for (u8 number = IDE_COUNT; number <= IDE_LBA_HIGH; number++)
		check_equal(get(number), 0x20 + number, "a register shows what was written last");
	control(NO_INTERRUPTS | SHOW_PREVIOUS);
	for (u8 number = IDE_COUNT; number <= IDE_LBA_HIGH; number++)
		check_equal(get(number), 0x10 + number, "with HOB what was written before");
	put(IDE_COUNT, 1);
	check_equal(get(IDE_LBA_LOW), 0x20 + IDE_LBA_LOW, "a write clears HOB");
	control(NO_INTERRUPTS);
}

static void in_blocks(void)
{
	fill(buffer, 16 * IDE_SECTOR, 3);
	start(WRITE_MULTIPLE, free_lba(), 16);
	check_equal(give(buffer, 8), 16, "WRITE MULTIPLE takes two blocks of 8");
	clear();
	start(READ_MULTIPLE, free_lba(), 16);
	check_equal(take(other, 8), 16, "READ MULTIPLE gives them");
	same(16, "as they were written");
	clear();
	start_ext(READ_MULTIPLE_EXT, free_lba() + 8, 8);
	check_equal(take(other + 8 * IDE_SECTOR, 8), 8, "READ MULTIPLE EXT, too");
	check(!memcmp(buffer + 8 * IDE_SECTOR, other + 8 * IDE_SECTOR, 8 * IDE_SECTOR), "the same");
	fill(buffer, 11 * IDE_SECTOR, 4);
	start_ext(WRITE_MULTIPLE_EXT, free_lba(), 11);
	settled();
	out16_string(ide_port(MASTER, IDE_DATA), buffer, 8 * IDE_SECTOR / 2);
	check(settled() & IDE_REQUEST, "of 11 sectors the second block");
	out16_string(ide_port(MASTER, IDE_DATA), buffer + 8 * IDE_SECTOR, 3 * IDE_SECTOR / 2);
	check(done(), "is the rest, 3");
	clear();
	start(READ_MULTIPLE, free_lba(), 11);
	settled();
	in16_string(ide_port(MASTER, IDE_DATA), other, 8 * IDE_SECTOR / 2);
	check(settled() & IDE_REQUEST, "when they are read");
	in16_string(ide_port(MASTER, IDE_DATA), other + 8 * IDE_SECTOR, 3 * IDE_SECTOR / 2);
	check(done(), "too");
	same(11, "and all are there");
}

static void by_widths(void)
{
	fill(buffer, IDE_SECTOR, 5);
	start(WRITE, free_lba(), 1);
	settled();
	for (u32 i = 0; i < IDE_SECTOR; i += 4)
		out32(ide_port(MASTER, IDE_DATA), *(u32 *)(buffer + i));
	check(done(), "the data port takes double words");
	clear();
	start(READ, free_lba(), 1);
	settled();
	for (u32 i = 0; i < IDE_SECTOR; i += 4)
		*(u32 *)(other + i) = in32(ide_port(MASTER, IDE_DATA));
	check(done(), "and gives them");
	same(1, "which are two words each");
	start(READ, free_lba(), 1);
	settled();
	for (u32 i = 0; i < IDE_SECTOR; i += 2)
		*(u16 *)(other + i) = in16(ide_port(MASTER, IDE_DATA));
	check(done(), "words one by one do as well");
	same(1, "as in a string");
}

static void to_the_end(void)
{
	start(READ, sectors - 1, 1);
	check_equal(take(buffer, 1), 1, "the last sector can be read");
	start_ext(READ_EXT, sectors - 1, 1);
	check_equal(take(other, 1), 1, "by LBA48, too");
	same(1, "it is the same");
	start(SEEK, sectors - 1, 0);
	check(done(), "and sought");
}

void transfers(void)
{
	by_28();
	by_48();
	two_deep();
	in_blocks();
	by_widths();
	to_the_end();
}
