/* INT 13h AH=45h and AH=46h: the CD's lock counts, and holds. */
#include "disks.h"

static struct registers lock(u8 cd, u8 what)
{
	return call(0x13, 0x4500 | what, 0, 0, cd);
}

void removable(u8 cd)
{
	struct registers all = call(0x13, 0x4100, 0x55aa, 0, cd);

	if (!(all.cx & 2)) {
		printf("The BIOS does not lock CDs\n");
		return;
	}
	all = lock(cd, 2);
	check(!failed(&all) && low(all.ax) == 0, "the CD is not locked");
	all = lock(cd, 1);
	check(failed(&all) && high(all.ax) == 0xb0, "what is not locked is not unlocked");
	all = lock(cd, 0);
	check(!failed(&all) && low(all.ax) == 1, "it is locked");
	all = lock(cd, 0);
	check(!failed(&all), "twice");
	all = call(0x13, 0x4600, 0, 0, cd);
	check(failed(&all) && high(all.ax) == 0xb1, "a locked CD is not ejected");
	all = lock(cd, 1);
	check(!failed(&all) && low(all.ax) == 1, "unlocked once it is still locked");
	all = lock(cd, 1);
	check(!failed(&all) && low(all.ax) == 0, "unlocked twice it is free");
}
