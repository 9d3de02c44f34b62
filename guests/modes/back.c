/* Back in real mode, from long mode: the BIOS still works. */
#include "control.h"
#include "cpuid.h"
#include "memory.h"
#include "modes.h"

int main(void)
{
	u32 eax;

	check(shared->words[0] == MARK_LONG, "memory keeps its contents on the way back");
	check(!(machine_status() & 1) && !(read_cr0() & (word)CR0_PG), "protection and paging are off");
	check(!(read_msr(MSR_EFER) & (EFER_LME | EFER_LMA)), "long mode is off");
	__asm__ volatile("mov eax, 0x90901234\n\t.byte 0xb8, 0x78, 0x56, 0x90, 0x90" : "=a"(eax));
	check_equal(eax, 0x90905678, "code has operands of 16 bits again");
	check(bios_memory_kib() >= 512 && bios_memory_kib() <= 640, "INT 12h works again");
	write32(0x81230, 0x13572468);
	check(read16(0x81232) == 0x1357, "segments begin at 16 times their selector again");
	printf("Back in real mode\n");
	return 0;
}
