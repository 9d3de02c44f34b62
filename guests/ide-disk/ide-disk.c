/* The hardware should be an ATA disk, alone on its channel: it identifies itself in words that agree with each other,
 * takes addresses by CHS, LBA28 and LBA48, moves blocks of one and of several sectors with an interrupt each, keeps its
 * settings, refuses what it does not know and what lies beyond its end, shows its signature after a reset and after
 * diagnostics; and where its slave would be nothing answers. [ATA6] ATA/ATAPI-6, T13 1410D.
 */
#include "disk.h"

u16 words[WORDS];
u32 sectors;
u8 buffer[256 * IDE_SECTOR], other[256 * IDE_SECTOR];

void start(u8 command, u32 lba, u8 count)
{
	put(IDE_DEVICE, (u8)(0xa0 | LBA | (lba >> 24 & 15)));
	put(IDE_ERROR, 0);
	put(IDE_COUNT, count);
	put(IDE_LBA_LOW, (u8)lba);
	put(IDE_LBA_MIDDLE, (u8)(lba >> 8));
	put(IDE_LBA_HIGH, (u8)(lba >> 16));
	put(IDE_COMMAND, command);
}

void start_ext(u8 command, u64 lba, u16 count)
{
	put(IDE_DEVICE, 0xa0 | LBA);
	for (int shift = 24; shift >= 0; shift -= 24) {
		put(IDE_COUNT, (u8)(count >> (shift ? 8 : 0)));
		put(IDE_LBA_LOW, (u8)(lba >> shift));
		put(IDE_LBA_MIDDLE, (u8)(lba >> (shift + 8)));
		put(IDE_LBA_HIGH, (u8)(lba >> (shift + 16)));
	}
	put(IDE_COMMAND, command);
}

void start_chs(u8 command, u32 cylinder, u32 head, u32 sector, u8 count)
{
	put(IDE_DEVICE, (u8)(0xa0 | head));
	put(IDE_COUNT, count);
	put(IDE_LBA_LOW, (u8)sector);
	put(IDE_LBA_MIDDLE, (u8)cylinder);
	put(IDE_LBA_HIGH, (u8)(cylinder >> 8));
	put(IDE_COMMAND, command);
}

void set(u8 command, u8 features, u8 count)
{
	put(IDE_DEVICE, 0xa0 | LBA);
	put(IDE_ERROR, features);
	put(IDE_COUNT, count);
	put(IDE_COMMAND, command);
}

u8 settled(void)
{
	ide_wait(MASTER, 0);
	return alternate();
}

bool done(void)
{
	return (settled() & ~SEEK_DONE) == IDE_READY;
}

bool failed(u8 error)
{
	u8 status = settled();

	return (status & (IDE_BUSY | IDE_READY | IDE_REQUEST | IDE_FAILED)) == (IDE_READY | IDE_FAILED)
		&& get(IDE_ERROR) == error;
}

u32 take(void *to, u32 block)
{
	u32 moved = 0;

	while (settled() & IDE_REQUEST) {
		in16_string(ide_port(MASTER, IDE_DATA), (u8 *)to + moved * IDE_SECTOR, block * IDE_SECTOR / 2);
		moved += block;
	}
	return moved;
}

u32 give(const void *from, u32 block)
{
	u32 moved = 0;

	while (settled() & IDE_REQUEST) {
		out16_string(ide_port(MASTER, IDE_DATA), (const u8 *)from + moved * IDE_SECTOR, block * IDE_SECTOR / 2);
		moved += block;
	}
	return moved;
}

void identify(void)
{
	set(IDENTIFY, 0, 0);
	check_equal(take(words, 1), 1, "IDENTIFY DEVICE has a sector of data");
}

u32 free_lba(void)
{
	return sectors - 16;
}

void fill(u8 *bytes, u32 count, u32 seed)
{
	for (u32 i = 0; i < count; i++)
		bytes[i] = (u8)(i * 7 + (i >> 9) * 31 + seed);
}

int main(void)
{
	interrupts_begin();
	if (ide_probe(MASTER, words) != IDE_DISK)
		stop_with_error("there is no disk");
	identity();
	settings();
	transfers();
	errors();
	interrupts();
	interrupts_end();
	printf("%u sectors\n", sectors);
	return 0;
}
