/* The memory routines that gcc may call. */
#include "guest.h"

void *memset(void *to, int value, __SIZE_TYPE__ size)
{
	for (u8 *byte = to; size--; byte++) {
		*byte = (u8)value;
		__asm__ volatile("" : : : "memory");
	}
	return to;
}

void *memcpy(void *to, const void *from, __SIZE_TYPE__ size)
{
	u8 *target = to;
	for (const u8 *source = from; size--;) {
		*target++ = *source++;
		__asm__ volatile("" : : : "memory");
	}
	return to;
}

int memcmp(const void *one, const void *other, __SIZE_TYPE__ size)
{
	const u8 *left = one, *right = other;
	for (; size--; left++, right++)
		if (*left != *right)
			return *left < *right ? -1 : 1;
	return 0;
}
