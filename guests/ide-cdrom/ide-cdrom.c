/* The hardware should be an ATAPI CD-ROM drive with a data disc, the master of the secondary channel: it shows its
 * signature, takes packets of twelve bytes, tells by the interrupt reason which phase it is in, moves no more bytes at
 * once than it was allowed, says by sense data why it refuses, opens and closes its tray unless it is locked, and reads
 * by the bus master as by PIO. [ATA6] T13 1410D, [MMC] MMC-3, [SPC] SPC-2.
 */
#include "cd.h"

u8 packet[12], data[8 * BLOCK];
u32 capacity;

void make(u8 operation)
{
	memset(packet, 0, sizeof(packet));
	packet[0] = operation;
}

void make_read(u32 lba, u32 count)
{
	make(READ_10);
	for (int i = 0; i < 4; i++)
		packet[2 + i] = (u8)(lba >> (24 - 8 * i));
	packet[7] = (u8)(count >> 8);
	packet[8] = (u8)count;
}

u32 big(const u8 *bytes, u32 count)
{
	u32 value = 0;

	while (count--)
		value = value << 8 | *bytes++;
	return value;
}

u8 settled(void)
{
	while (alternate() & IDE_BUSY)
		;
	return alternate();
}

u8 send(u16 limit, u8 features)
{
	put(IDE_DEVICE, 0xa0);
	put(IDE_ERROR, features);
	put(IDE_LBA_MIDDLE, (u8)limit);
	put(IDE_LBA_HIGH, (u8)(limit >> 8));
	put(IDE_COMMAND, PACKET);
	if (settled() & IDE_REQUEST)
		out16_string(ide_port(CD, IDE_DATA), packet, 6);
	return features & BY_DMA ? alternate() : settled();	/* by DMA it is busy until the bus master has started */
}

int run(void)
{
	return ide_packet(CD, packet, data, sizeof(data));
}

u32 sense(void)
{
	u8 kept[12];
	u32 told = 0xffff;

	memcpy(kept, packet, sizeof(packet));
	make(REQUEST_SENSE);
	packet[4] = 18;
	if (run() == 18)
		told = (data[2] & 15u) << 8 | data[12];
	memcpy(packet, kept, sizeof(packet));
	return told;
}

bool refused(u8 key, u8 code)
{
	return run() < 0 && get(IDE_ERROR) >> 4 == key && sense() == (u32)(key << 8 | code);
}

static void signature(const char *sentence)
{
	check(get(IDE_COUNT) == 1 && get(IDE_LBA_LOW) == 1, sentence);
	check(get(IDE_LBA_MIDDLE) == 0x14 && get(IDE_LBA_HIGH) == 0xeb, "that of a packet device");
}

static bool aborts(u8 command)
{
	put(IDE_DEVICE, 0xa0);
	put(IDE_COMMAND, command);
	return (settled() & (IDE_REQUEST | IDE_FAILED)) == IDE_FAILED && (get(IDE_ERROR) & ABORTED);
}

static void identity(void)
{
	u16 words[256];

	ide_reset(CD);
	put(IDE_DEVICE, 0xa0);
	signature("a software reset leaves the signature");
	check(aborts(IDENTIFY), "IDENTIFY DEVICE is for disks");
	signature("and leaves the signature, too");
	check(aborts(READ_SECTORS), "so is READ SECTORS");
	check(aborts(0xff), "what there is not is aborted");
	check_equal(ide_probe(CD, words), IDE_CDROM, "IDENTIFY PACKET DEVICE is for it");
	check_equal(words[0] & 0xdf03, 0x8500, "it is a CD-ROM drive that takes packets of 12 bytes");
	check_equal(words[0] & 0x0080, 0x0080, "whose medium can be removed");
	check_equal(words[49] & 0x0300, 0x0300, "it has LBA and DMA");
	put(IDE_DEVICE, 0xa0);
	put(IDE_COMMAND, DEVICE_RESET);
	check_equal(settled() & (IDE_REQUEST | IDE_FAILED), 0, "DEVICE RESET ends");
	signature("and leaves the signature");
}

int main(void)
{
	interrupts_begin();
	if (ide_probe(CD, NULL) != IDE_CDROM)
		stop_with_error("there is no CD drive at the secondary master");
	identity();
	make(TEST_UNIT_READY);
	run();		/* the first command after a reset may hear of a unit attention */
	check_equal(run(), 0, "the disc is ready");
	answers();
	transfers();
	tray();
	dma();
	control(NO_INTERRUPTS);
	interrupts_end();
	printf("%u blocks\n", capacity);
	return 0;
}
