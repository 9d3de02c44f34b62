/* What the parts of this guest share: marks that one leaves for the next in memory. */
#pragma once
#include "guest.h"

enum { MARK_REAL = 0x11110001, MARK_PROTECTED = 0x22220002, MARK_LONG = 0x33330003 };

static inline u32 machine_status(void)
{
	u32 value;
	__asm__ volatile("smsw %0" : "=r"(value));
	return value;
}

#ifdef REAL_MODE
static inline u16 bios_memory_kib(void)
{
	u16 value;
	__asm__ volatile("int 0x12" : "=a"(value) : : "memory", "cc");
	return value;
}
#endif
