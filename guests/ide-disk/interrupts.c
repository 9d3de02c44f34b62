/* INTRQ: when it comes, what clears it, and what keeps it away. */
#include "disk.h"

static bool comes(void)
{
	return irq_comes_within(DISK_IRQ, 1000);
}

static void reading(void)
{
	start(READ, 0, 3);
	for (u32 i = 0; i < 3; i++) {
		check(comes(), "each sector that is ready interrupts");
		check(alternate() & IDE_REQUEST, "and can be read");
		get(IDE_STATUS);
		in16_string(ide_port(MASTER, IDE_DATA), buffer, IDE_SECTOR / 2);
	}
	check(!irq_comes(DISK_IRQ), "after the last one there is no interrupt");
	set(SET_MULTIPLE, 0, 2);
	check(comes(), "the end of a command without data interrupts");
	get(IDE_STATUS);
	start(READ_MULTIPLE, 0, 4);
	for (u32 i = 0; i < 2; i++) {
		check(comes(), "of READ MULTIPLE each block interrupts");
		get(IDE_STATUS);
		in16_string(ide_port(MASTER, IDE_DATA), buffer, 2 * IDE_SECTOR / 2);
	}
	check(!irq_comes(DISK_IRQ), "and nothing else");
}

static void writing(void)
{
	start(WRITE, free_lba(), 2);
	check(!irq_comes(DISK_IRQ), "before the first sector is written there is no interrupt");
	for (u32 i = 0; i < 2; i++) {
		check(settled() & IDE_REQUEST, "the disk asks for a sector");
		get(IDE_STATUS);
		out16_string(ide_port(MASTER, IDE_DATA), buffer, IDE_SECTOR / 2);
		check(comes(), "each sector that was written interrupts");
	}
	get(IDE_STATUS);
}

/* IRQ 14 is an edge: the line falls when the status is read, or no second one would come. */
static void level(void)
{
	set(IDENTIFY, 0, 0);
	check(comes(), "the data of IDENTIFY DEVICE interrupts");
	alternate();
	in16_string(ide_port(MASTER, IDE_DATA), words, WORDS);
	set(FLUSH, 0, 0);
	check(comes(), "a new command clears the interrupt of the one before");
	get(IDE_STATUS);
	set(0xff, 0, 0);
	check(comes(), "a command that fails interrupts");
	check(get(IDE_STATUS) & IDE_FAILED, "as its status says");
}

static void disabled(void)
{
	control(NO_INTERRUPTS);
	set(FLUSH, 0, 0);
	check(done(), "with nIEN a command works");
	check(!irq_comes(DISK_IRQ), "but does not interrupt");
	get(IDE_STATUS);
	control(CONTROL);
	check(!irq_comes(DISK_IRQ), "nor later, when its status has been read");
}

static void diagnostics(void)
{
	put(IDE_DEVICE, 0xb0);
	put(IDE_COMMAND, DIAGNOSTIC);
	put(IDE_DEVICE, 0xa0);
	ide_wait(MASTER, 0);
	/* QEMU's channel ignores every command to an absent slave. */
	check_but_not_on_tcg(get(IDE_ERROR) == 1, "diagnostics run though the slave is selected, which there is not");
	set(DIAGNOSTIC, 0, 0);
	check(comes(), "their end interrupts");
	get(IDE_STATUS);
	control(4);
	pause_us(10);
	control(CONTROL);
	ide_wait(MASTER, 0);
	/* QEMU's reset is diagnostics. */
	check_but_not_on_tcg(!irq_comes(DISK_IRQ), "the end of a software reset does not");
}

void interrupts(void)
{
	get(IDE_STATUS);
	control(CONTROL);
	irq_forget(DISK_IRQ);
	reading();
	writing();
	level();
	disabled();
	diagnostics();
	control(NO_INTERRUPTS);
}
