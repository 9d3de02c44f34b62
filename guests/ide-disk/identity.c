/* The words of IDENTIFY DEVICE, and what other ways there are to know a disk. */
#include "disk.h"

static bool printable(u32 first, u32 count)
{
	bool spaces = true, right = true;

	for (u32 i = 0; i < 2 * count; i++) {
		u8 character = (u8)(words[first + i / 2] >> (i & 1 ? 0 : 8));

		right &= character >= ' ' && character < 0x7f;
		spaces &= character == ' ';
	}
	return right && !spaces;
}

static u32 pair(u32 first)
{
	return words[first] | (u32)words[first + 1] << 16;
}

static void described(void)
{
	check(!(words[0] & 0x8000), "word 0 says that it is an ATA device");
	check(printable(10, 10), "the serial number is text, two characters a word, the first one above");
	check(printable(23, 4), "so is the firmware's revision");
	check(printable(27, 20), "so is the model");
	check_equal(words[49] & 0x0300, 0x0300, "it has LBA and DMA");
	check(words[47] & 0xff, "it moves several sectors a block");
	check_equal(words[53] & 3, 3, "words 54 to 58 and 64 to 70 are valid");
	check_equal(pair(57), (u32)words[54] * words[55] * words[56], "the capacity by CHS is the product of its geometry");
	sectors = pair(60);
	/* QEMU's disk has two cylinders at least. */
	check_but_not_on_tcg(sectors >= pair(57), "LBA reaches at least as far");
	check(words[80] & 0x40, "it follows ATA/ATAPI-6");
	check_equal(words[83] & 0xc000, 0x4000, "word 83 is valid");
	check_equal(words[83] & 0x3400, 0x3400, "it has LBA48 and both FLUSH CACHE");
	check(!(words[86] & ~words[83] & 0x3400), "what is enabled is supported");
	check_equal(pair(100), sectors, "the capacity by LBA48 is that by LBA28");
	check_equal(pair(102), 0, "of a small disk");
	check((words[63] & 7) == 7, "it has multiword DMA up to mode 2");
	check((words[64] & 3) == 3, "and PIO up to mode 4");
}

static void signature(const char *sentence)
{
	check(get(IDE_COUNT) == 1 && get(IDE_LBA_LOW) == 1, sentence);
	check(get(IDE_LBA_MIDDLE) == 0 && get(IDE_LBA_HIGH) == 0, "that of a disk");
	check_equal(get(IDE_ERROR), 1, "error 1 says that it is sound");
	check_equal(settled() & (IDE_READY | IDE_REQUEST | IDE_FAILED), IDE_READY, "it is ready");
}

static void after_reset(void)
{
	control(NO_INTERRUPTS | 4);
	pause_us(10);
	/* QEMU's reset is over before SRST is cleared. */
	check_but_not_on_tcg(alternate() & IDE_BUSY, "while SRST is set the disk is busy");
	control(NO_INTERRUPTS);
	ide_wait(MASTER, 0);
	signature("a software reset leaves the signature");
	put(IDE_DEVICE, 0xa0);
	put(IDE_COMMAND, DIAGNOSTIC);
	ide_wait(MASTER, 0);
	signature("diagnostics leave the signature");
}

/* ATAPI has commands of its own. */
static void no_cd(void)
{
	set(IDENTIFY_PACKET, 0, 0);
	check(failed(ABORTED), "a disk is no packet device");
	set(PACKET, 0, 0);
	check(failed(ABORTED), "and takes no packets");
	set(DEVICE_RESET, 0, 0);
	check(failed(ABORTED), "nor does it know DEVICE RESET");
}

static void slave(void)
{
	put(IDE_DEVICE, 0xb0);
	check_equal(get(IDE_STATUS), 0, "where there is no slave the status is 0");
	check_equal(alternate(), 0, "the alternate status, too");
	control(CONTROL);
	put(IDE_COMMAND, IDENTIFY);
	check_equal(get(IDE_STATUS), 0, "and a command changes nothing");
	check(!irq_comes(DISK_IRQ), "nor does it interrupt");
	control(NO_INTERRUPTS);
	check_equal(get(IDE_DEVICE) & 0x10, 0x10, "it stays selected");
	put(IDE_DEVICE, 0xa0);
	check(settled() & IDE_READY, "the master is there when selected again");
}

void identity(void)
{
	described();
	after_reset();
	no_cd();
	slave();
}
