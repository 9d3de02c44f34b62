/* Numbers by xorshift. [Marsaglia] Xorshift RNGs, 2003: the triple 13, 17, 5. */
#include "hostile.h"

static u32 state = 1;

void begin_draws(u32 seed)
{
	state = seed;
}

u32 draw(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

u32 draw_below(u32 limit)
{
	return draw() % limit;
}
