/* Transfers that do not end with their table, and those that are stopped. [SFF8038] 3.1 tells them apart. */
#include "dma.h"

static u8 state(void)
{
	return bm_get(BM_STATUS) & (BM_ACTIVE | BM_ERROR | BM_INTERRUPT);
}

static void table_too_long(void)
{
	memset(OTHER, 0xee, 8 * SECTOR);
	by_pio(ONE, 1, 2);
	describe(0, OTHER, 2 * SECTOR, false);
	describe(1, OTHER + 2 * SECTOR, SECTOR, true);
	begin(READ_DMA, 1, 2);
	check_equal(end(), BM_ACTIVE | BM_INTERRUPT, "a table for more than is transferred: Interrupt, still Active");
	check(!memcmp(ONE, OTHER, 2 * SECTOR), "what was transferred is there");
	check_equal(OTHER[2 * SECTOR], 0xee, "the rest is untouched");
	check_equal(state(), 0, "stopping it clears Active");
	describe(0, OTHER, 3 * SECTOR, true);
	begin(READ_DMA, 1, 2);
	check_equal(end(), BM_ACTIVE | BM_INTERRUPT, "a piece for more is the same");
}

static void table_too_short(void)
{
	describe(0, OTHER, SECTOR, true);
	begin(READ_DMA, 1, 2);
	pause_ms(20);
	for (u32 i = 0; i < 50 && (state() & BM_ACTIVE); i++)
		pause_ms(10);
	check_equal(state(), 0, "a table for less than is transferred: neither Active nor Interrupt");
	check(!irq_comes(DISK_IRQ), "the disk waits and does not interrupt");
	reset_channel();
	describe(0, OTHER, 2 * SECTOR, true);
	begin(READ_DMA, 1, 2);
	/* On a busy host QEMU's bus master, which no reset of the disk reaches, is still Active then. */
	check_but_not_on_tcg(end() == BM_INTERRUPT, "after a reset all is well");
}

static void nothing_to_move(void)
{
	out32((u16)(bus_master + BM_TABLE), (u32)(word)table);
	bm_put(BM_COMMAND, BM_TO_MEMORY | BM_START);
	check_equal(state(), BM_ACTIVE, "started without a command the bus master waits");
	check_equal(bm_get(BM_COMMAND), BM_TO_MEMORY | BM_START, "the command register shows that it was started");
	bm_put(BM_STATUS, BM_ACTIVE);
	check_equal(state(), BM_ACTIVE, "Active cannot be written");
	bm_put(BM_COMMAND, BM_TO_MEMORY);
	check_equal(state(), 0, "stopped it forgets");
}

static void in_either_order(void)
{
	by_pio(ONE, 3, 1);
	memset(OTHER, 0xee, 8 * SECTOR);
	describe(0, OTHER, SECTOR, true);
	bm_put(BM_STATUS, BM_INTERRUPT);
	out32((u16)(bus_master + BM_TABLE), (u32)(word)table);
	bm_put(BM_COMMAND, BM_TO_MEMORY | BM_START);
	send_command(READ_DMA, 3, 1);
	check_equal(end(), BM_INTERRUPT, "a bus master that was started first moves data as soon as there are any");
	check(!memcmp(ONE, OTHER, SECTOR), "the same");
}

static void stopped(void)
{
	memset(OTHER, 0xee, 8 * SECTOR);
	send_command(READ_DMA, 1, 8);
	pause_ms(5);
	check_equal(OTHER[0], 0xee, "a disk that has data waits until the bus master is started");
	check(!irq_comes(DISK_IRQ), "without an interrupt");
	check_equal(state() & BM_INTERRUPT, 0, "to either");
	describe(0, OTHER, 8 * SECTOR, true);
	reset_channel();
	check_equal(OTHER[0], 0xee, "a reset ends the transfer before it began");
	bm_put(BM_COMMAND, BM_TO_MEMORY | BM_START);
	pause_ms(5);
	/* QEMU's transfer outlives a software reset. */
	check_but_not_on_tcg(OTHER[0] == 0xee, "a bus master that is started then has nothing to move");
	check_but_not_on_tcg(state() == BM_ACTIVE, "and waits");
	bm_put(BM_COMMAND, 0);
	begin(READ_DMA, 1, 8);
	check_equal(end(), BM_INTERRUPT, "the next transfer is as any");
	by_pio(ONE, 1, 8);
	check(!memcmp(ONE, OTHER, 8 * SECTOR), "and complete");
}

static void beyond_the_end(void)
{
	describe(0, OTHER, SECTOR, true);
	begin(READ_DMA, sectors, 1);
	check(irq_comes_within(DISK_IRQ, 1000), "a disk that refuses interrupts");
	check(bm_get(BM_STATUS) & BM_INTERRUPT, "which the bus master shows");
	check(in8(ide_port(MASTER, IDE_STATUS)) & IDE_FAILED, "the disk says why");
	reset_channel();
}

void endings(void)
{
	table_too_long();
	table_too_short();
	nothing_to_move();
	in_either_order();
	stopped();
	beyond_the_end();
}
