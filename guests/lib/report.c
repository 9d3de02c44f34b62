/* Checks, their count over all parts, and the report at the end. */
#include "guest.h"

enum { EXIT_PORT = 0xf4 };

void report(enum result result)
{
	printf("Test result: %s\n", result == SUCCESS ? "SUCCESS" : result == SKIP ? "SKIP"
		: result == ERROR ? "ERROR" : "FAILURE");
	out8(EXIT_PORT, (u8)result);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void __attribute__((noreturn)) finish_now(void)
{
	if (shared->checks)
		printf("%u checks, %u failures\n", shared->checks, shared->failures);
	report(shared->failures ? FAILURE : shared->skipped ? SKIP : SUCCESS);
}

void finish(void)
{
	if (shared->parts_left)
		leave_for(CHAIN_SEGMENT << 16 | CHAIN_NEXT, shared->boot_drive);
	finish_now();
}

void boot(u32 drive)
{
	if (shared->failures)
		finish_now();
	leave_for(CHAIN_SEGMENT << 16 | CHAIN_BOOT, drive);
}

void stop_with_error(const char *sentence)
{
	printf("%s: %s\n", MODE_NAME, sentence);
	report(ERROR);
}
