/* Guest-physical (identity mapped) memory by linear address, in every mode; in real mode the first MiB. */
#pragma once
#include "types.h"

#ifdef REAL_MODE
#define FAR_READ(type, name) \
static inline type name(u32 address) \
{ \
	type value; \
	__asm__ volatile("mov fs, %w1\n\tmov %0, fs:[%2]\n\tmov fs, %w3" \
		: "=&q"(value) : "r"(address >> 4), "r"(address & 15), "r"(0) : "memory"); \
	return value; \
}
#define FAR_WRITE(type, name) \
static inline void name(u32 address, type value) \
{ \
	__asm__ volatile("mov fs, %w1\n\tmov fs:[%2], %0\n\tmov fs, %w3" \
		: : "q"(value), "r"(address >> 4), "r"(address & 15), "r"(0) : "memory"); \
}
#else
#define FAR_READ(type, name) \
static inline type name(word address) { return *(volatile type *)address; }
#define FAR_WRITE(type, name) \
static inline void name(word address, type value) { *(volatile type *)address = value; }
#endif

FAR_READ(u8, read8)
FAR_READ(u16, read16)
FAR_READ(u32, read32)
FAR_WRITE(u8, write8)
FAR_WRITE(u16, write16)
FAR_WRITE(u32, write32)
#undef FAR_READ
#undef FAR_WRITE
