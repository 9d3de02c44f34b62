/* The hardware should deliver page faults for ever: the handler's own page is absent, so each delivery succeeds,
 * on the stack of IST 1 which is always the same, and the first fetch of the handler faults again. That is no
 * double fault, as the delivery itself was complete. No instruction is executed any more; only the limit of
 * virtual time ends this guest, with ERROR. FAILURE means that it got past the fault.
 */
#include "guest.h"
#include "try.h"

enum { ABSENT = FREE_MEMORY };

static u8 fault_stack[256] __attribute__((aligned(16)));

int main(void)
{
	try_init();
	tss.stacks[0] = (word)fault_stack + sizeof(fault_stack);
	((u64 *)(PAGE_TABLES + 0x2000))[ABSENT >> 21] = 0;
	__asm__ volatile("invlpg [%0]" : : "r"((word)ABSENT) : "memory");
	set_gate(14, ABSENT, CODE64, INTERRUPT_GATE, 0, 1);
	printf("The page fault handler is absent\n");
	*(volatile u8 *)ABSENT = 1;
	check(false, "a page fault with an absent handler never ends");
	return 0;
}
