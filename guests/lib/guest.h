/* What every guest uses: console, checks, the report, and how it hands on to real mode.
 *
 * One C source builds for 16-bit real, 32-bit protected and 64-bit long mode. In real mode all segments are 0
 * and pointers reach the first 64 KiB; what lies higher goes through memory.h.
 */
#pragma once
#include "layout.h"
#include "ports.h"
#include "types.h"

#if defined(REAL_MODE)
#define MODE_NAME	"real"
#elif defined(LONG_MODE)
#define MODE_NAME	"long"
#else
#define MODE_NAME	"protected"
#endif

/* What the parts of a guest hand on to each other; at SHARED, zeroed before the first part. */
struct shared {
	u8 boot_drive;		/* DL as the BIOS gave it */
	u8 parts_left;
	u8 skipped;
	u8 console_ready;
	u32 checks;
	u32 failures;
	u32 words[4];		/* for the guest's own use */
};
#define shared	((volatile struct shared *)SHARED)

enum result { SUCCESS = 0, SKIP = 3, ERROR = 4, FAILURE = 5 };

int main(void);

/* printf with %s %c %d %u %x %p %%, a width, a leading 0 and the lengths l and ll (ll: %x only). */
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void put_character(char character);

/* Counts `condition` as one check; when it is false prints the sentence that should have been true. */
#define check(condition, sentence)	check_at((condition) ? true : false, sentence, __LINE__)
void check_at(bool condition, const char *sentence, int line);
/* The same, and on failure prints what was found and what was wanted. */
#define check_equal(found, wanted, sentence)	check_equal_at((word)(found), (word)(wanted), sentence, __LINE__)
void check_equal_at(word found, word wanted, const char *sentence, int line);
/* A check that QEMU's TCG is known to fail: there a failure is only mentioned. Say in a comment what it does. */
#define check_but_not_on_tcg(condition, sentence) \
	do { bool held_ = (condition); if (held_ || !on_tcg()) check(held_, sentence); } while (0)
bool on_tcg(void);
/* A check that emu is known to fail (docs/deviations.md says why): there a failure is shown, but does not count. */
#define check_but_not_on_emu(condition, sentence) \
	do { \
		bool held_ = (condition); \
		if (held_ || !on_emu()) check(held_, sentence); else printf("Known deviation: not so that %s\n", sentence); \
	} while (0)
bool on_emu(void);

/* The end: prints `Test result: ...`, writes the exit port, halts. Returning from main() does it for you. */
void report(enum result result) __attribute__((noreturn));
void finish(void) __attribute__((noreturn));
void stop_with_error(const char *sentence) __attribute__((noreturn));

/* To real mode at `far_pointer` (segment << 16 | offset) for good, with DL = `drive` and interrupts off. */
void leave_for(u32 far_pointer, u32 drive) __attribute__((noreturn));

/* Starts what lies at BOOT_BUFFER (BOOT_SIZE bytes) as the BIOS would a boot sector: at 0000:7C00 in real mode with
 * DL = `drive`. What boots begins its own count, so if a check has failed this reports FAILURE instead.
 */
void boot(u32 drive) __attribute__((noreturn));

void *memset(void *to, int value, __SIZE_TYPE__ size);
void *memcpy(void *to, const void *from, __SIZE_TYPE__ size);
int memcmp(const void *one, const void *other, __SIZE_TYPE__ size);
