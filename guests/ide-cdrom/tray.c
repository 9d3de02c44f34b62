/* Opening, closing, locking, and what is told of it. */
#include "cd.h"

enum { EJECT = 2, LOAD = 3, MEDIA = 4 };

static int move(u8 what)
{
	make(START_STOP);
	packet[4] = what;
	return run();
}

static int lock(u8 on)
{
	make(PREVENT_ALLOW);
	packet[4] = on;
	return run();
}

static int media_status(void)
{
	make(GET_EVENT_STATUS);
	packet[1] = 1;
	packet[4] = 1 << MEDIA;
	packet[8] = 8;
	return run();
}

static bool ready(void)
{
	make(TEST_UNIT_READY);
	return run() == 0;
}

static void polled(void)
{
	check_equal(media_status(), 8, "the event of the medium can be polled");
	/* [MMC] 6.7.2.1: bytes behind the field; QEMU's are those of the event alone. */
	check_but_not_on_tcg(big(data, 2) == 6, "the length is that of what follows it");
	check_equal(data[2] & 0x87, MEDIA, "it is of the class asked for");
	check(data[3] & 1 << MEDIA, "which the drive has");
	check_equal(data[5], 2, "there is a disc, and the tray is closed");
	make(GET_EVENT_STATUS);
	packet[4] = 1 << MEDIA;
	packet[8] = 8;
	check(refused(ILLEGAL_REQUEST, INVALID_FIELD), "it does not wait for events");
	make(GET_EVENT_STATUS);
	packet[1] = 1;
	packet[8] = 8;
	check(run() >= 4, "if no class is asked for there is the header");
	check(data[2] & 0x80, "without an event");
}

static void opened(void)
{
	check_equal(move(EJECT), 0, "the tray opens");
	make(TEST_UNIT_READY);
	check(refused(NOT_READY, NO_MEDIUM), "then there is no disc");
	make_read(16, 1);
	check(refused(NOT_READY, NO_MEDIUM), "nor can it be read");
	make(INQUIRY);
	packet[4] = 36;
	check_equal(run(), 36, "INQUIRY works all the same");
	media_status();
	check_equal(data[5] & 3, 1, "the tray is told to be open");
	check_equal(move(EJECT), 0, "opening it again does no harm");
	check_equal(move(LOAD), 0, "it closes");
	/* QEMU's drive does not tell that its disc may be another. */
	make(TEST_UNIT_READY);
	check_but_not_on_tcg(refused(UNIT_ATTENTION, CHANGED), "the next command hears that the disc may be another");
	check(ready(), "the one after finds it ready");
	media_status();
	check_equal(data[5], 2, "and the tray closed");
	make_read(16, 1);
	check_equal(run(), BLOCK, "the disc can be read");
	check(!memcmp(data, "\1CD001\1", 7), "it is the same");
}

static void locked(void)
{
	check_equal(lock(1), 0, "the tray can be locked");
	check(move(EJECT) < 0, "then it does not open");
	check_equal(sense() & 0xff, LOCKED, "as it says");
	check(ready(), "the disc stays");
	check_equal(lock(0), 0, "it can be unlocked");
	check_equal(move(EJECT), 0, "and opens");
	check_equal(move(LOAD), 0, "and closes");
	ready();
	check(ready(), "with the disc");
}

void tray(void)
{
	polled();
	opened();
	locked();
}
