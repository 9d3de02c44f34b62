/* The hardware should raise each exception at the right instruction, with the right vector and error code,
 * push exactly the frame that the manual shows, on the right stack, and set CR2 and DR6. Interrupt, trap and
 * task gates of both sizes, IST, call gates, conforming code, SYSCALL and SYSENTER go the same way.
 *
 * [SDM] is the Intel manual, volume 3, chapter 6, "Interrupt and exception handling". Segment limits and #AC
 * are left out: the engine does not check them.
 *
 * This is the part for protected and for long mode; real.c is the one for real mode.
 */
#include "chips.h"
#include "exceptions.h"

int main(void)
{
	u8 masks[2] = { in8(PIC1 + 1), in8(PIC2 + 1) };

	out8(PIC1 + 1, 0xff);		/* no interrupt may take part */
	out8(PIC2 + 1, 0xff);
	try_init();
	add_segments();
	instructions();
	segments();
	user();
	pages();
#ifdef LONG_MODE
	long_mode();
#else
	tasks();
#endif
	out8(PIC1 + 1, masks[0]);
	out8(PIC2 + 1, masks[1]);
	printf("Exceptions in %s mode\n", MODE_NAME);
	return 0;
}
