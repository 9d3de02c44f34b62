/* SeaBIOS differs from the specifications in known places; there a check is left out, and a comment says what it does. */
#pragma once
#include "guest.h"
#include "memory.h"

static inline bool on_seabios(void)
{
	static s8 known = -1;

	for (u32 at = 0xe0000; known < 0 && at < 0x100000; at++)
		if (read8(at) == 'S' && read8(at + 1) == 'e' && read8(at + 2) == 'a' && read32(at + 3) == 0x534f4942)
			known = true;
	if (known < 0)
		known = false;
	return known;
}

#define check_but_not_on_seabios(condition, sentence) \
	do { bool held_ = (condition); if (held_ || !on_seabios()) check(held_, sentence); } while (0)
