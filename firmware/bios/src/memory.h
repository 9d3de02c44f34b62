/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory outside our data segment.

   GS selects it, and FAR pointers go through GS. There is one GS: use a FAR pointer before the next call
   that may select another segment, and never keep one. Longer-lived places are linear addresses. */
#pragma once

#include "segments.h"
#include "types.h"

#define FAR __seg_gs

static inline void select_segment(u16 segment)
{
	asm volatile("mov %w0, %%gs" : : "r"((u32)segment) : "memory");
}

/* The segment and offset by which real mode reaches a linear address; the offset is small below 1 MiB. */
static inline u16 segment_of(u32 linear)
{
	return linear < 0x100000 ? linear >> 4 : 0xFFFF;
}

static inline u16 offset_of(u32 linear)
{
	return linear - ((u32)segment_of(linear) << 4);
}

static inline u32 linear(u16 segment, u16 offset)
{
	return ((u32)segment << 4) + offset;
}

/* The linear address of something in our data segment. */
static inline u32 linear_of(const void *object)
{
	u32 offset = (u32)object;
	asm("" : "+r"(offset)); /* or the compiler folds the sum into a 16-bit address */
	return DATA_BASE + offset;
}

static inline void FAR *far_pointer(u32 address)
{
	select_segment(segment_of(address));
	return (void FAR *)(u32)offset_of(address);
}

static inline u8 peek8(u32 address)
{
	return *(u8 FAR *)far_pointer(address);
}

static inline u16 peek16(u32 address)
{
	return *(u16 FAR *)far_pointer(address);
}

static inline u32 peek32(u32 address)
{
	return *(u32 FAR *)far_pointer(address);
}

static inline void poke8(u32 address, u8 value)
{
	*(u8 FAR *)far_pointer(address) = value;
}

static inline void poke16(u32 address, u16 value)
{
	*(u16 FAR *)far_pointer(address) = value;
}

static inline void poke32(u32 address, u32 value)
{
	*(u32 FAR *)far_pointer(address) = value;
}

/* Store `count` words (at most 32 KiB) from `at` on. Compiled code wants ES = DS back. */
static inline void fill_words(u32 at, u16 value, u32 count)
{
	u32 offset = offset_of(at), segment = segment_of(at);
	asm volatile("mov %w[segment], %%es; rep stosw; mov %%ds, %w[segment]; mov %w[segment], %%es"
		     : "+D"(offset), "+c"(count), [segment] "+r"(segment)
		     : "a"((u32)value)
		     : "memory");
}

/* Copy from our data segment to anywhere below 1 MiB. */
static inline void copy_out(u32 to, const void *from, u32 bytes)
{
	for (const u8 *byte = from; bytes--; byte++)
		poke8(to++, *byte);
}

/* Move memory anywhere below 4 GiB through protected mode (move.S). A20 must be on. */
void move_extended(u32 from, u32 to, u32 bytes);
