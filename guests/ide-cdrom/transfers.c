/* The packet protocol: phases, byte counts, interrupts. */
#include "cd.h"

static u8 wanted[4 * BLOCK];

static u32 chunk(void)
{
	return get(IDE_LBA_MIDDLE) | (u32)get(IDE_LBA_HIGH) << 8;
}

static u32 phase(void)
{
	return get(IDE_COUNT) & 3;
}

static void phases(void)
{
	make_read(16, 1);
	put(IDE_DEVICE, 0xa0);
	put(IDE_ERROR, 0);
	put(IDE_LBA_MIDDLE, (u8)BLOCK);
	put(IDE_LBA_HIGH, BLOCK >> 8);
	put(IDE_COMMAND, PACKET);
	check(settled() & IDE_REQUEST, "the drive asks for the packet");
	check_equal(phase(), COMMAND_PHASE, "by interrupt reason 1");
	out16_string(ide_port(CD, IDE_DATA), packet, 6);
	check(settled() & IDE_REQUEST, "then it offers data");
	check_equal(phase(), DATA_PHASE, "by interrupt reason 2");
	check_equal(chunk(), BLOCK, "and tells how many bytes");
	in16_string(ide_port(CD, IDE_DATA), wanted, BLOCK / 2);
	check_equal(settled() & (IDE_REQUEST | IDE_FAILED), 0, "then the command has ended");
	check_equal(phase(), STATUS_PHASE, "by interrupt reason 3");
	check(!memcmp(wanted, "\1CD001\1", 7), "the data are those of the block");
}

/* Reads two blocks in pieces of at most `limit` bytes. */
static void pieces(u16 limit, u32 largest)
{
	u32 moved = 0, irregular = 0;
	u8 status;

	make_read(16, 2);
	memset(data, 0, 2 * BLOCK);
	status = send(limit, 0);
	while (status & IDE_REQUEST) {
		u32 now = chunk();

		if (now > largest || ((now & 1) && moved + now != 2 * BLOCK) || !now)
			irregular++;
		if (moved + now > 2 * BLOCK)
			break;
		in16_string(ide_port(CD, IDE_DATA), data + moved, (now + 1) / 2);
		moved += now;
		status = settled();
	}
	check_equal(irregular, 0, "no piece is larger than was allowed, and but for the last they are even");
	check_equal(moved, 2 * BLOCK, "together they are all");
	check(!memcmp(data, wanted, 2 * BLOCK), "in their order");
}

static void byte_counts(void)
{
	make_read(16, 2);
	check_equal(run(), 2 * BLOCK, "two blocks can be read");
	memcpy(wanted, data, 2 * BLOCK);
	pieces(512, 512);
	pieces(BLOCK, BLOCK);
	pieces(3000, 3000);
	pieces(511, 510);
	pieces(0xffff, LONGEST);
	make_read(16, 1);
	check(send(0, 0) & IDE_FAILED, "a limit of 0 is refused where there are data");
	make(TEST_UNIT_READY);
	check_equal(send(0, 0) & (IDE_FAILED | IDE_REQUEST), 0, "but not where there are none");
	if (on_tcg())	/* whose odd transfers never end */
		return;
	make(INQUIRY);
	packet[4] = 13;
	check(send(LONGEST, 0) & IDE_REQUEST, "an odd number of bytes");
	check_equal(chunk(), 13, "is told");
	for (u32 i = 0; i < 7; i++)
		in16(ide_port(CD, IDE_DATA));
	check_equal(settled() & (IDE_REQUEST | IDE_FAILED), 0, "and read as one word more");
}

static void addresses(void)
{
	make_read(capacity - 1, 1);
	check_equal(run(), BLOCK, "the last block can be read");
	make_read(capacity, 1);
	check(refused(ILLEGAL_REQUEST, OUT_OF_RANGE), "behind it there is none");
	make_read(capacity - 1, 2);
	check(refused(ILLEGAL_REQUEST, OUT_OF_RANGE), "nor two from it on");
	make_read(0xffffffff, 1);
	check(refused(ILLEGAL_REQUEST, OUT_OF_RANGE), "nor very far behind");
	make_read(16, 0);
	check_equal(run(), 0, "reading no block succeeds");
	make(READ_12);
	packet[5] = 16;
	packet[9] = 2;
	check_equal(run(), 2 * BLOCK, "READ(12) reads, too");
	check(!memcmp(data, wanted, 2 * BLOCK), "the same");
}

static bool comes(void)
{
	return irq_comes_within(CD_IRQ, 1000);
}

static void interrupting(void)
{
	get(IDE_STATUS);
	control(0);
	irq_forget(CD_IRQ);
	make_read(16, 2);
	put(IDE_DEVICE, 0xa0);
	put(IDE_ERROR, 0);
	put(IDE_LBA_MIDDLE, (u8)BLOCK);
	put(IDE_LBA_HIGH, BLOCK >> 8);
	put(IDE_COMMAND, PACKET);
	check(!irq_comes(CD_IRQ), "a drive that asks for the packet at once does not interrupt for it");
	check(settled() & IDE_REQUEST, "it is ready");
	out16_string(ide_port(CD, IDE_DATA), packet, 6);
	for (u32 i = 0; i < 2; i++) {
		check(comes(), "each piece of data interrupts");
		check(get(IDE_STATUS) & IDE_REQUEST, "and can be read");
		check_equal(phase(), DATA_PHASE, "as the reason says");
		in16_string(ide_port(CD, IDE_DATA), data, BLOCK / 2);
	}
	check(comes(), "the end interrupts");
	check(!(get(IDE_STATUS) & IDE_REQUEST), "with nothing more to read");
	check_equal(phase(), STATUS_PHASE, "as the reason says");
	make(0xee);
	send(LONGEST, 0);
	check(comes(), "a command that fails interrupts");
	check(get(IDE_STATUS) & IDE_FAILED, "as its status says");
	control(NO_INTERRUPTS);
}

static void abandoned(void)
{
	make_read(16, 2);
	check(send(BLOCK, 0) & IDE_REQUEST, "in the middle of a command");
	put(IDE_COMMAND, DEVICE_RESET);
	check_equal(settled() & (IDE_REQUEST | IDE_FAILED), 0, "DEVICE RESET ends it");
	make(TEST_UNIT_READY);
	run();
	check_equal(run(), 0, "and the drive is ready for another");
}

void transfers(void)
{
	phases();
	byte_counts();
	addresses();
	interrupting();
	abandoned();
}
