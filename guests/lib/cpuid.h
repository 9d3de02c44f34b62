/* CPUID and model-specific registers. */
#pragma once
#include "types.h"

struct cpuid_result {
	u32 a, b, c, d;
};

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result result;
	__asm__ volatile("cpuid" : "=a"(result.a), "=b"(result.b), "=c"(result.c), "=d"(result.d)
		: "a"(leaf), "c"(subleaf));
	return result;
}

enum {
	MSR_TSC = 0x10, MSR_SYSENTER_CS = 0x174, MSR_SYSENTER_ESP = 0x175, MSR_SYSENTER_EIP = 0x176,
	MSR_EFER = (int)0xc0000080, MSR_STAR = (int)0xc0000081, MSR_LSTAR = (int)0xc0000082,
	MSR_SFMASK = (int)0xc0000084, MSR_FS_BASE = (int)0xc0000100, MSR_GS_BASE = (int)0xc0000101,
	MSR_KERNEL_GS_BASE = (int)0xc0000102,
};
enum { EFER_SCE = 1, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11 };

static inline u64 read_msr(u32 number)
{
	u32 low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
	return (u64)high << 32 | low;
}

static inline void write_msr(u32 number, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(number), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 read_tsc(void)
{
	u32 low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}
