/* Control and debug registers, in protected and long mode. */
#pragma once
#include "types.h"

#define CONTROL_REGISTER(name) \
static inline word read_##name(void) \
{ \
	word value; \
	__asm__ volatile("mov %0, " #name : "=r"(value) : : "memory"); \
	return value; \
} \
static inline void write_##name(word value) \
{ \
	__asm__ volatile("mov " #name ", %0" : : "r"(value) : "memory"); \
}
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
CONTROL_REGISTER(dr0)
CONTROL_REGISTER(dr1)
CONTROL_REGISTER(dr6)
CONTROL_REGISTER(dr7)
#undef CONTROL_REGISTER

enum {
	CR0_PE = 1, CR0_MP = 2, CR0_EM = 4, CR0_TS = 8, CR0_NE = 0x20, CR0_WP = 0x10000, CR0_AM = 0x40000,
	CR0_PG = (int)0x80000000,
	CR4_VME = 1, CR4_TSD = 4, CR4_DE = 8, CR4_PSE = 0x10, CR4_PAE = 0x20, CR4_PGE = 0x80,
	CR4_OSFXSR = 0x200, CR4_OSXMMEXCPT = 0x400,
	FLAG_CF = 1, FLAG_ZF = 0x40, FLAG_TF = 0x100, FLAG_IF = 0x200, FLAG_DF = 0x400, FLAG_OF = 0x800,
	FLAG_IOPL = 0x3000, FLAG_NT = 0x4000, FLAG_RF = 0x10000, FLAG_VM = 0x20000, FLAG_AC = 0x40000,
	PAGE_PRESENT = 1, PAGE_WRITE = 2, PAGE_USER = 4, PAGE_ACCESSED = 0x20, PAGE_DIRTY = 0x40, PAGE_LARGE = 0x80,
};
#define PAGE_NX (1ull << 63)

static inline word read_flags(void)
{
	word value;
	__asm__ volatile("pushf\n\tpop %0" : "=r"(value) : : "memory");
	return value;
}

static inline void invalidate_page(word address)
{
	__asm__ volatile("invlpg [%0]" : : "r"(address) : "memory");
}
