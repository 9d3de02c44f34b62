/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port instructions. */
#pragma once

#include "memory.h"
#include "types.h"

static inline u8 inb(u16 port)
{
	u8 value;
	asm volatile("in %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 inl(u16 port)
{
	u32 value;
	asm volatile("in %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 inw(u16 port)
{
	u16 value;
	asm volatile("in %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(u16 port, u8 value)
{
	asm volatile("out %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void outw(u16 port, u16 value)
{
	asm volatile("out %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void outl(u16 port, u32 value)
{
	asm volatile("out %0, %w1" : : "a"(value), "Nd"(port));
}

/* Move `words` words (at most 32 KiB) from `port` to segment:offset. Compiled code wants ES = DS back. */
static inline void insw_far(u16 port, u16 segment, u32 offset, u32 words)
{
	asm volatile("mov %w[segment], %%es; rep insw; mov %%ds, %w[segment]; mov %w[segment], %%es"
		     : "+D"(offset), "+c"(words), [segment] "+a"((u32){segment})
		     : "d"(port)
		     : "memory");
}

/* Move `bytes` bytes (at most 32 KiB) from `port` to segment:offset. */
static inline void insb_far(u16 port, u16 segment, u32 offset, u32 bytes)
{
	asm volatile("mov %w[segment], %%es; rep insb; mov %%ds, %w[segment]; mov %w[segment], %%es"
		     : "+D"(offset), "+c"(bytes), [segment] "+a"((u32){segment})
		     : "d"(port)
		     : "memory");
}

/* Move `words` words (at most 32 KiB) from segment:offset to `port`. */
static inline void outsw_far(u16 port, u16 segment, u32 offset, u32 words)
{
	select_segment(segment);
	asm volatile("rep outsw %%gs:(%%si), %%dx" : "+S"(offset), "+c"(words) : "d"(port) : "memory");
}
