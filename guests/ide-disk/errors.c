/* What a disk refuses. For a sector beyond its end QEMU's says "aborted", hardware "not found"; QEMU's verifies nothing. */
#include "disk.h"

static bool refused(void)
{
	return failed(on_tcg() ? ABORTED : NOT_FOUND);
}

static void beyond_the_end(void)
{
	static const u8 commands[] = { READ, VERIFY, READ_MULTIPLE };
	static const u8 extended[] = { READ_EXT, VERIFY_EXT, READ_MULTIPLE_EXT };

	for (u32 i = 0; i < COUNT(commands); i++) {
		if (commands[i] == VERIFY && on_tcg())
			continue;
		start(commands[i], sectors, 1);
		check(refused(), "behind the last sector there is none");
	}
	for (u32 i = 0; i < COUNT(extended); i++) {
		if (extended[i] == VERIFY_EXT && on_tcg())
			continue;
		start_ext(extended[i], sectors, 1);
		check(refused(), "by LBA48, neither");
		start_ext(extended[i], 1ull << 40, 1);
		check(refused(), "however far");
	}
	start(VERIFY, sectors - 1, 2);
	check(on_tcg() || refused(), "not the second of two from the last one on");
	start(WRITE, sectors, 1);
	if (settled() & IDE_REQUEST)	/* a disk may refuse before or after the data */
		give(buffer, 1);
	check(refused(), "nor can it be written");
	start(READ, 0xfffffff, 1);
	check(refused(), "the highest address of LBA28 is beyond the end");
	start_chs(READ, 0, 0, 0, 1);
	check(refused(), "tracks begin with sector 1");
	start(READ, 0, 1);
	check_equal(take(buffer, 1), 1, "after all that the disk works");
	check_equal(get(IDE_ERROR), 0, "and a command that succeeds clears the error");
}

static void unknown(void)
{
	static const u8 commands[] = { NOP, 0x02, 0x0f, 0x80, 0x9f, 0xd0, 0xf0, 0xff };

	for (u32 i = 0; i < COUNT(commands); i++) {
		set(commands[i], 0, 0);
		check(failed(ABORTED), "a command that there is not is aborted");
	}
	set(IDENTIFY, 0, 0);
	check_equal(take(words, 1), 1, "the next one is not");
}

void errors(void)
{
	beyond_the_end();
	unknown();
}
