/* The memory routines that gcc may call; by words, as far as there are whole ones, wherever they lie. */
#include "guest.h"

typedef word __attribute__((may_alias, aligned(1))) unaligned;

/* Keeps gcc from making a call to the very routine of a loop. */
#define LOOP_BARRIER()	__asm__ volatile("" : : : "memory")

void *memset(void *to, int value, __SIZE_TYPE__ size)
{
	word pattern = (u8)value * (~(word)0 / 255);
	u8 *byte = to;

	for (; size >= sizeof(word); size -= sizeof(word), byte += sizeof(word)) {
		*(unaligned *)byte = pattern;
		LOOP_BARRIER();
	}
	while (size--) {
		*byte++ = (u8)value;
		LOOP_BARRIER();
	}
	return to;
}

void *memcpy(void *to, const void *from, __SIZE_TYPE__ size)
{
	u8 *target = to;
	const u8 *source = from;

	for (; size >= sizeof(word); size -= sizeof(word)) {
		*(unaligned *)target = *(const unaligned *)source;
		target += sizeof(word);
		source += sizeof(word);
		LOOP_BARRIER();
	}
	while (size--) {
		*target++ = *source++;
		LOOP_BARRIER();
	}
	return to;
}

int memcmp(const void *one, const void *other, __SIZE_TYPE__ size)
{
	const u8 *left = one, *right = other;

	while (size >= sizeof(word) && *(const unaligned *)left == *(const unaligned *)right) {
		size -= sizeof(word);
		left += sizeof(word);
		right += sizeof(word);
	}
	for (; size--; left++, right++)
		if (*left != *right)
			return *left < *right ? -1 : 1;
	return 0;
}
