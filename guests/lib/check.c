/* Checks: what holds is counted, what does not is printed. */
#include "guest.h"

void check_at(bool condition, const char *sentence, int line)
{
	shared->checks++;
	if (!condition) {
		shared->failures++;
		printf("FAILED (%s mode, line %d): %s\n", MODE_NAME, line, sentence);
	}
}

void check_equal_at(word found, word wanted, const char *sentence, int line)
{
	check_at(found == wanted, sentence, line);
	if (found != wanted)
		printf("    found %lx, wanted %lx\n", found, wanted);
}
