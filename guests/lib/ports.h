/* Port I/O. */
#pragma once
#include "types.h"

static inline u8 in8(u16 port)
{
	u8 value;
	__asm__ volatile("in %0, %1" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 in16(u16 port)
{
	u16 value;
	__asm__ volatile("in %0, %1" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 in32(u16 port)
{
	u32 value;
	__asm__ volatile("in %0, %1" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void out8(u16 port, u8 value)
{
	__asm__ volatile("out %1, %0" : : "a"(value), "Nd"(port));
}

static inline void out16(u16 port, u16 value)
{
	__asm__ volatile("out %1, %0" : : "a"(value), "Nd"(port));
}

static inline void out32(u16 port, u32 value)
{
	__asm__ volatile("out %1, %0" : : "a"(value), "Nd"(port));
}

/* `count` elements at once. The register names of the string instructions are those of the mode's address size. */
static inline void in16_string(u16 port, void *to, word count)
{
	__asm__ volatile("cld\n\trep insw" : "+D"(to), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void out16_string(u16 port, const void *from, word count)
{
	__asm__ volatile("cld\n\trep outsw" : "+S"(from), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void out8_string(u16 port, const void *from, word count)
{
	__asm__ volatile("cld\n\trep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory", "cc");
}
