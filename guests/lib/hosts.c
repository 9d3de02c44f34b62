/* Whether QEMU's TCG runs us, which differs from the manual in known places. */
#include "cpuid.h"
#include "guest.h"

bool on_tcg(void)
{
	struct cpuid_result leaf = cpuid(0x40000000, 0);
	return leaf.b == 0x54474354 && leaf.c == 0x43544743 && leaf.d == 0x47435447;	/* "TCGTCGTCGTCG" */
}

bool on_emu(void)
{
	struct cpuid_result leaf;

	if (cpuid(0x80000000, 0).a < 0x80000004)
		return false;
	leaf = cpuid(0x80000002, 0);
	return leaf.a == 0x20756d65 && leaf.b == 0x74726976;	/* "emu virt" */
}
