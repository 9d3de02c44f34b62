/* Interrupts that come in ring 3. */
#include "interrupts.h"
#include "try.h"

USER_TEXT(user_loop, "2:\t.rept 64\n\tinc eax\n\t.endr\n\tjmp 2b\nuser_loop_end:");
extern u8 user_loop_end[];
static volatile word frames_wrong, from_user;

static void leave_after_three(struct frame *frame)
{
	word top = (word)(&frame->ss + 1);

	from_user++;
	if (frame->cs != USER_CODE || frame->ss != USER_DATA || top != (word)kernel_stack_top
	    || frame->sp != (word)user_stack_top || frame->ip < (word)user_loop || !(frame->flags & 0x200))
		frames_wrong++;
	if (from_user == 3) {
		frame->ip = (word)user_loop_end;
		frame->flags &= ~(word)0x200;
	}
}

void ring3(void)
{
	try_init();
	count_ticks(leave_after_three);
	pic_allow(TIMER);
	pit_start(2, TICK);
	call_user_with(user_loop, USER_CODE, USER_DATA, 0x202);
	u32 seen = ticks;
	count_ticks(NULL);
	stop_timer();
	check(caught.count == 1 && caught.vector == USER_EXIT, "ring 3 goes on after an interrupt");
	check(seen >= 3 && from_user == 3, "three interrupts came in ring 3");
	check(frames_wrong == 0, "each switched to the TSS's stack and pushed what ring 3 was doing");
}
