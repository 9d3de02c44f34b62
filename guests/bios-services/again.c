/* The last part on the disk: INT 19h boots again, what is in memory stays. */
#include "services.h"

int main(void)
{
	boot_again(0x19, FROM_DISK_AGAIN);
}
