/* Commands whose answers are short. */
#include "cd.h"

static bool printable(const u8 *text, u32 count)
{
	bool right = true;

	while (count--)
		right &= *text >= ' ' && *text++ < 0x7f;
	return right;
}

static void inquiry(void)
{
	make(INQUIRY);
	packet[4] = 36;
	check_equal(run(), 36, "INQUIRY has 36 bytes");
	check_equal(data[0], 5, "of a CD-ROM device");
	check_equal(data[1], 0x80, "whose medium can be removed");
	check_equal(data[3] & 15, 1, "in the format of SCSI-2 or ATAPI");
	check_equal(data[4], 31, "31 more after the fifth");
	check(printable(data + 8, 28), "vendor, product and revision are text");
	packet[4] = 6;
	check_equal(run(), 6, "no more come than were allowed for");
	packet[4] = 0;
	check_equal(run(), 0, "nor if that is nothing");
}

static void sense_data(void)
{
	make(0xee);
	check(run() < 0, "an operation that there is not is refused");
	check_equal(get(IDE_ERROR) >> 4, ILLEGAL_REQUEST, "the error register has the sense key");
	check_equal(get(IDE_COUNT) & 3, STATUS_PHASE, "the command has ended");
	make(INQUIRY);
	packet[4] = 6;
	check_equal(run(), 6, "another command works");
	make(REQUEST_SENSE);
	packet[4] = 18;
	check_equal(run(), 18, "sense data have 18 bytes");
	check_equal(data[0] & 0x7f, 0x70, "of the current command");
	check_equal(data[7], 10, "10 more after the eighth");
	make(0xee);
	check(refused(ILLEGAL_REQUEST, INVALID_COMMAND), "they say why: there is no such operation");
	/* QEMU's stand until a command succeeds. */
	check_but_not_on_tcg(sense() == NO_SENSE << 8, "once");
}

static void capacities(void)
{
	make(READ_CAPACITY);
	check_equal(run(), 8, "READ CAPACITY has 8 bytes");
	check_equal(big(data + 4, 4), BLOCK, "blocks have 2048 bytes");
	capacity = big(data, 4) + 1;
	make_read(16, 1);
	check_equal(run(), BLOCK, "block 16 can be read");
	check(!memcmp(data, "\1CD001\1", 7), "it is a volume descriptor");
	u32 volume = data[80] | (u32)data[81] << 8 | (u32)data[82] << 16;
	check(volume <= capacity, "the volume is on the disc");
}

static void make_toc(u8 format, u8 track, bool by_time, u32 room)
{
	make(READ_TOC);
	packet[1] = by_time ? 2 : 0;
	packet[2] = format;
	packet[9] = (u8)(format << 6);		/* where SFF-8020i had it */
	packet[6] = track;
	packet[7] = (u8)(room >> 8);
	packet[8] = (u8)room;
}

static void contents(void)
{
	u32 frames;

	make_toc(0, 0, false, 64);
	check_equal(run(), 20, "the table of contents has one track and the lead-out");
	check_equal(big(data, 2), 18, "as its length says");
	check(data[2] == 1 && data[3] == 1, "the first track is 1, and the last");
	check(data[6] == 1 && data[5] == 0x14 && big(data + 8, 4) == 0, "a data track from block 0 on");
	check(data[14] == 0xaa && big(data + 16, 4) == capacity, "the lead-out follows the last block");
	make_toc(0, 0, true, 64);
	check_equal(run(), 20, "the same by time");
	frames = (data[17] * 60u + data[18]) * 75 + data[19];
	check_equal(big(data + 8, 4), 0x000200, "the first block is at 00:02.00");
	check_equal(frames, capacity + 150, "the lead-out as many frames later as there are blocks");
	make_toc(0, 0xaa, false, 64);
	check_equal(run(), 12, "from the lead-out on there is the lead-out");
	make_toc(0, 2, false, 64);
	check(refused(ILLEGAL_REQUEST, INVALID_FIELD), "there is no track 2");
	make_toc(1, 0, false, 64);
	check_equal(run(), 12, "there is one session");
	check(data[2] == 1 && data[3] == 1, "the first, and the last");
	make_toc(0, 0, false, 4);
	check_equal(run(), 4, "the header can be read alone");
	check_equal(big(data, 2), 18, "its length is that of the whole");
}

static void make_sense(u8 page, u32 room)
{
	make(MODE_SENSE_10);
	packet[2] = page;
	packet[7] = (u8)(room >> 8);
	packet[8] = (u8)room;
}

static void modes(void)
{
	int length;

	make_sense(0x2a, 256);
	length = run();
	check(length >= 8 + 20, "the page of capabilities can be read");
	check_equal(big(data, 2), length - 2, "the length is that of what follows it");
	check_equal(big(data + 6, 2), 0, "there is no block descriptor");
	check_equal(data[8] & 0x3f, 0x2a, "the page is the one asked for");
	check_equal(data[9], length - 10, "and as long as it says");
	check(data[8 + 6] & 8, "it can eject");
	check_equal(data[8 + 6] >> 5, 1, "it has a tray");
	make_sense(0x01, 256);
	check(run() >= 8 + 8, "so can the page of error recovery");
	check_equal(data[8] & 0x3f, 0x01, "the other one");
	make_sense(0x15, 256);
	check(refused(ILLEGAL_REQUEST, INVALID_FIELD), "a page that there is not is refused");
	make_sense(0xc0 | 0x2a, 256);
	check(refused(ILLEGAL_REQUEST, NO_SAVING), "nothing is saved");
	make_sense(0x2a, 8);
	check_equal(run(), 8, "the header can be read alone");
}

void answers(void)
{
	inquiry();
	sense_data();
	capacities();
	contents();
	modes();
}
