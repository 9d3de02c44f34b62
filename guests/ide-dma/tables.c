/* Tables of every shape, whose end is the transfer's. */
#include "dma.h"

enum { FIRST = 1, MANY = 128 };

static void clear(u32 count)
{
	memset(OTHER, 0xee, (count + 1) * SECTOR);
}

static void normal(const char *sentence)
{
	check_equal(end(), BM_INTERRUPT, sentence);
	check_equal(in8(ide_port(MASTER, IDE_STATUS)) & (IDE_BUSY | IDE_REQUEST | IDE_FAILED), 0, "and the disk is idle");
}

static void same(u32 count, const char *sentence)
{
	check(!memcmp(ONE, OTHER, count), sentence);
}

static void one_piece(void)
{
	by_pio(ONE, FIRST, 8);
	clear(8);
	describe(0, OTHER, 8 * SECTOR, true);
	begin(READ_DMA, FIRST, 8);
	normal("table and transfer end together: Interrupt without Active");
	same(8 * SECTOR, "READ DMA reads what PIO reads");
	check_equal(OTHER[8 * SECTOR], 0xee, "and no more");
	clear(8);
	begin(READ_DMA_EXT, FIRST, 8);
	normal("READ DMA EXT ends as well");
	same(8 * SECTOR, "with the same");
}

static void many_pieces(void)
{
	static const u16 lengths[] = { 2, 510, 4, 1000, 20, 512, 2048 };
	u32 at = 0, to = 0, index = 0;

	by_pio(ONE, FIRST, 8);
	clear(8);
	for (; index < COUNT(lengths); index++) {
		describe(index, OTHER + to, lengths[index], at + lengths[index] == 8 * SECTOR);
		at += lengths[index];
		to += lengths[index] + 2 * index;	/* with gaps */
	}
	check_equal(at, 8 * SECTOR, "the pieces make up 8 sectors");
	begin(READ_DMA, FIRST, 8);
	normal("pieces of any even length are moved");
	for (at = to = index = 0; index < COUNT(lengths); index++) {
		check(!memcmp(ONE + at, OTHER + to, lengths[index]), "each to its place");
		at += lengths[index];
		to += lengths[index];
		for (u32 gap = 0; gap < 2 * index; gap++)
			check_equal(OTHER[to + gap], 0xee, "and not between");
		to += 2 * index;
	}
}

/* A count of 0 is 64 KiB, and the piece ends with the 64 KiB that it lies in, as it must. */
static void largest(void)
{
	by_pio(ONE, FIRST, MANY);
	clear(MANY);
	describe(0, OTHER, 0, true);
	begin(READ_DMA, FIRST, MANY);
	normal("a count of 0 is 64 KiB");
	same(MANY * SECTOR, "all of them");
	check_equal(OTHER[MANY * SECTOR], 0xee, "and no more");
	clear(MANY);
	describe(0, OTHER + LARGEST - 3 * SECTOR, 3 * SECTOR, false);
	describe(1, OTHER + LARGEST, (MANY - 3) * SECTOR, true);
	begin(READ_DMA, FIRST, MANY);
	normal("what would cross 64 KiB takes two pieces");
	check(!memcmp(ONE, OTHER + LARGEST - 3 * SECTOR, MANY * SECTOR), "that join");
}

static void long_table(void)
{
	by_pio(ONE, FIRST, MANY);
	clear(MANY);
	for (u32 i = 0; i < COUNT(table); i++)
		describe(i, OTHER + i * SECTOR / 4, SECTOR / 4, i == COUNT(table) - 1);
	begin(READ_DMA, FIRST, MANY);
	normal("512 pieces are no trouble");
	same(MANY * SECTOR, "they are all there");
	clear(1);
	describe(101, OTHER, SECTOR, true);
	begin_at(&table[101], READ_DMA, FIRST, 1);
	normal("a table may begin anywhere");
	same(SECTOR, "as its pointer says");
	check_equal(in32((u16)(bus_master + BM_TABLE)), (u32)(word)&table[101], "which stays where it was");
}

static void writing(void)
{
	fill(ONE, 16 * SECTOR, 1);
	describe(0, ONE, 5 * SECTOR + 6, false);
	describe(1, ONE + 5 * SECTOR + 6, 11 * SECTOR - 6, true);
	begin(WRITE_DMA, free_lba(), 16);
	normal("WRITE DMA ends as reading does");
	by_pio(OTHER, free_lba(), 16);
	same(16 * SECTOR, "the disk has what lay in memory");
	fill(ONE, 4 * SECTOR, 2);
	describe(0, ONE, 4 * SECTOR, true);
	begin(WRITE_DMA_EXT, free_lba() + 4, 4);
	normal("so does WRITE DMA EXT");
	by_pio(OTHER, free_lba() + 4, 4);
	same(4 * SECTOR, "with the same outcome");
	send_command(FLUSH, 0, 0);
	check(irq_comes_within(DISK_IRQ, 1000), "the disk flushes its cache");
	in8(ide_port(MASTER, IDE_STATUS));
	check_equal(bm_get(BM_STATUS) & BM_INTERRUPT, BM_INTERRUPT, "every interrupt of the disk shows in the bus master");
	bm_put(BM_STATUS, BM_INTERRUPT);
	check_equal(bm_get(BM_STATUS) & BM_INTERRUPT, 0, "until it is cleared");
}

void tables(void)
{
	one_piece();
	many_pieces();
	largest();
	long_table();
	writing();
}
