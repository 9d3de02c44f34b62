/* Segment descriptors, task state segments, and the registers that hold them. */
#pragma once
#include "types.h"

enum access {
	PRESENT = 0x80, RING3 = 0x60, SEGMENT = 0x10,
	CODE = SEGMENT | 0xa, CONFORMING = 4, DATA = SEGMENT | 2, READ_ONLY_DATA = SEGMENT, EXPAND_DOWN = 4,
	LDT = 2, TSS_16 = 1, TSS = 9, TSS_BUSY = 0xb, CALL_GATE_16 = 4, TASK_GATE_DESCRIPTOR = 5, CALL_GATE = 0xc,
};
enum granularity { PAGES = 8, BITS_32 = 4, BITS_64 = 2 };

static inline u64 descriptor(u32 base, u32 limit, u32 access, u32 granularity)
{
	u32 low = (limit & 0xffff) | base << 16;
	u32 high = (base >> 16 & 0xff) | access << 8 | (limit & 0xf0000) | granularity << 20 | (base & 0xff000000);
	return (u64)high << 32 | low;
}

static inline u64 gate_descriptor(u16 selector, u32 offset, u32 access, u32 words)
{
	u32 low = (offset & 0xffff) | (u32)selector << 16;
	u32 high = (offset & 0xffff0000) | access << 8 | words;
	return (u64)high << 32 | low;
}

#ifndef REAL_MODE
static inline void load_gdt(const void *base, u16 limit)
{
	struct {
		u16 limit;
		word base;
	} __attribute__((packed)) pointer = { limit, (word)base };
	__asm__ volatile("lgdt %0" : : "m"(pointer) : "memory");
}

static inline void load_task_register(u16 selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline void load_local_table(u16 selector)
{
	__asm__ volatile("lldt %0" : : "r"(selector) : "memory");
}
#endif

struct tss32 {
	u32 back_link, sp0, ss0, sp1, ss1, sp2, ss2, cr3, ip, flags, ax, cx, dx, bx, sp, bp, si, di;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, bitmap;
	u8 bits[0x20 + 1];
} __attribute__((packed));

struct tss64 {
	u32 reserved;
	u64 sp[3];
	u64 reserved2;
	u64 stacks[7];		/* stacks[0] is IST1 */
	u64 reserved3;
	u16 reserved4, bitmap;
	u8 bits[0x20 + 1];
} __attribute__((packed));
