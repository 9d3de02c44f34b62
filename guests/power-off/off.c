/* The second part: the report, and then the machine goes off. */
#include "guest.h"

static u32 apm(u16 function, u16 device, u16 state)
{
	u32 value = 0x5300 | function;
	__asm__ volatile("int 0x15" : "+a"(value) : "b"(device), "c"(state) : "memory", "cc");
	return value;
}

int main(void)
{
	apm(0x00, 0, 0);
	apm(0x01, 0, 0);
	if (shared->failures)
		return 0;
	printf("Test result: SUCCESS\n");
	apm(0x0e, 0, 0x0102);
	apm(0x07, 1, 3);
	stop_with_error("the machine is still on");
}
