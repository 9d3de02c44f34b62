/* 600 SSE instructions in a row, more than an engine translates at once, one of which is patched on the way. */
#include "control.h"
#include "guest.h"
#include "smc.h"

#ifdef LONG_MODE
#define ADDRESS	"rcx"
#else
#define ADDRESS	"ecx"
#endif

extern u8 patch_early[], patch_middle[], patch_late[];
static u32 patches __attribute__((used));

/* xmm0 = 600 ones added, but for the patched ones, which subtract (PADDD is 66 0f fe, PSUBD 66 0f fa). */
static u32 run(word at, u32 opcode)
{
	u32 result;

	__asm__ volatile(
		"mov eax, 1\n\tmovd xmm1, eax\n\tpxor xmm0, xmm0\n"
		"\t.rept 100\n\tpaddd xmm0, xmm1\n\t.endr\n"
		"\tmov byte ptr [" ADDRESS " + 2], dl\n"
		"\t.rept 100\n\tpaddd xmm0, xmm1\n\t.endr\n"
		"patch_early:\n\tpaddd xmm0, xmm1\n"
		"\t.rept 99\n\tpaddd xmm0, xmm1\n\t.endr\n"
		"patch_middle:\n\tpaddd xmm0, xmm1\n"
		"\t.rept 200\n\tpaddd xmm0, xmm1\n\t.endr\n"
		"patch_late:\n\tpaddd xmm0, xmm1\n"
		"\t.rept 98\n\tpaddd xmm0, xmm1\n\t.endr\n"
		"\tmovd eax, xmm0" : "=&a"(result) : "c"(at), "d"(opcode) : "memory", "cc");
	return result;
}

void straight(void)
{
	u8 *const places[] = { patch_early, patch_middle, patch_late };
	bool right = true;

	write_cr0(read_cr0() & ~(word)(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR);
	check_equal(run((word)&patches, 0), 600, "600 additions in a row give 600");
	for (u32 i = 0; i < COUNT(places); i++) {
		if (run((word)places[i], 0xfa) != 598)
			right = false;
		if (run((word)&patches, 0) != 598)
			right = false;
		if (run((word)places[i], 0xfe) != 600)
			right = false;
	}
	check(right, "an instruction that is patched a hundred instructions ahead takes effect in the same run");
}
