/* Calling the BIOS, and what is kept while it boots again. */
#include "services.h"

struct registers call(u8 vector, u32 ax, u32 bx, u32 cx, u32 dx)
{
	struct registers registers = { .ax = ax, .bx = bx, .cx = cx, .dx = dx, .flags = INTERRUPTS };

	bios(vector, &registers);
	return registers;
}

struct registers call_at(u8 vector, u32 ax, u32 dx, const void *si, void *di)
{
	struct registers registers = { .ax = ax, .dx = dx, .si = (u32)si, .di = (u32)di, .flags = INTERRUPTS };

	bios(vector, &registers);
	return registers;
}

enum stage stage(void)
{
	return read32(KEPT) == KEPT_MAGIC ? (enum stage)read32(KEPT_STAGE) : FROM_DISK;
}

void boot_again(u8 vector, enum stage next)
{
	write32(KEPT, KEPT_MAGIC);
	write32(KEPT_STAGE, next);
	write32(KEPT_CHECKS, shared->checks);
	write32(KEPT_FAILURES, shared->failures);
	write32(KEPT_DRIVE, shared->boot_drive);
	if (vector == 0x18)
		__asm__ volatile("sti\n\tint 0x18");
	__asm__ volatile("sti\n\tint 0x19");
	stop_with_error("the BIOS came back from booting");
}
