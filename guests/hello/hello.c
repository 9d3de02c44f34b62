/* The hardware should boot the first sector of a disk, read the next sectors by INT 13h, send what real mode
 * code writes to COM1, and end when 0 is written to the exit port.
 */
#include "guest.h"

int main(void)
{
	printf("Hello from the guest\n");
	return 0;
}
