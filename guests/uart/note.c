/* Notes of checks; see uart.h. */
#include "uart.h"

enum { MOST = 24 };

static u32 notes, failed;
static struct {
	const char *sentence;
	u32 found, wanted;
	int line;
} failures[MOST];

void note_at(u32 found, u32 wanted, const char *sentence, int line)
{
	notes++;
	if (found == wanted)
		return;
	if (failed < MOST) {
		failures[failed].sentence = sentence;
		failures[failed].found = found;
		failures[failed].wanted = wanted;
		failures[failed].line = line;
	}
	failed++;
}

void note_but_not_on_tcg(u32 found, u32 wanted, const char *sentence)
{
	if (!on_tcg())
		note_at(found, wanted, sentence, 0);
}

void tell_notes(void)
{
	shared->console_ready = 0;
	shared->checks += notes - (failed < MOST ? failed : MOST);
	for (u32 i = 0; i < failed && i < MOST; i++)
		check_equal_at(failures[i].found, failures[i].wanted, failures[i].sentence, failures[i].line);
}
