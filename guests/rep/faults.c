/* String instructions that fault in the middle: the handler maps the page, and they go on where they were. */
#include "control.h"
#include "ide.h"
#include "rep.h"
#include "try.h"

enum { PAGE = 0x1000, TABLES = FREE_MEMORY, TABLE = TABLES + 0x8000, FRAMES = FREE_MEMORY + 0x100000, WINDOW_PAGES = 8 };
#ifdef LONG_MODE
typedef u64 entry;
static const word window = 0x8000000000;
#else
typedef u32 entry;
static const word window = 0x40000000;
#endif

static struct {
	u32 count;
	word address, error, cx, si, di;
} fault;

static volatile entry *entry_of(word address)
{
	return (volatile entry *)TABLE + (address - window) / PAGE;
}

static void on_page_fault(struct frame *frame)
{
	word address = read_cr2();

	fault.count++;
	fault.address = address;
	fault.error = frame->error;
	fault.cx = frame->cx;
	fault.si = frame->si;
	fault.di = frame->di;
	if (address < window || address >= window + WINDOW_PAGES * PAGE)
		stop_with_error("a page fault outside the window");
	*entry_of(address) = (entry)(FRAMES + (address - window) / PAGE * PAGE) | 3;
}

static void make_absent(u32 from, u32 pages)
{
	fault.count = 0;
	for (; pages--; from++) {
		*entry_of(window + from * PAGE) = 0;
		invalidate_page(window + from * PAGE);
	}
}

static u8 *frame_of(word address)
{
	return (u8 *)(FRAMES + (address - window));
}

static void fill(void)
{
	word to = window + 0x10, count = 3 * PAGE;
	u32 wrong = 0;

	make_absent(0, WINDOW_PAGES);
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0x6b) : "memory", "cc");
	check(fault.count == 4, "REP STOSB over four absent pages faults four times");
	check(to == window + 0x10 + 3 * PAGE && count == 0, "and ends where it should");
	check(fault.error == 2 && fault.address == window + 3 * PAGE, "the last fault was the write to the last page");
	check(fault.di == window + 3 * PAGE && fault.cx == 0x10, "with DI and CX at the round that faulted");
	for (word at = window + 0x10; at < window + 0x10 + 3 * PAGE; at += 61)
		if (*frame_of(at) != 0x6b)
			wrong++;
	check(!wrong && *frame_of(to) != 0x6b && *frame_of(window + 0xf) != 0x6b, "all of it was stored, and no more");
}

static void copy(void)
{
	word from = window + PAGE - 6, to = window + 5 * PAGE - 3, count = 5;

	for (u32 i = 0; i < 32; i++)
		*frame_of(from + i) = (u8)(i + 1);
	make_absent(0, WINDOW_PAGES);
	__asm__ volatile("rep movsd" : "+S"(from), "+D"(to), "+c"(count) : : "memory", "cc");
	check(fault.count == 4, "REP MOVSD across two page ends faults four times");
	check(count == 0 && from == window + PAGE + 14 && to == window + 5 * PAGE + 17, "and ends where it should");
	bool right = true;
	for (u32 i = 0; i < 20; i++)
		right &= *frame_of(window + 5 * PAGE - 3 + i) == i + 1;
	check(right, "words that lie across the pages arrive whole");
	/* Round 1 writes across: DI still at its start. */
	make_absent(5, 1);
	from = window + PAGE - 6;
	to = window + 5 * PAGE - 3;
	count = 5;
	__asm__ volatile("rep movsd" : "+S"(from), "+D"(to), "+c"(count) : : "memory", "cc");
	check(fault.count == 1 && fault.cx == 5 && fault.di == window + 5 * PAGE - 3 && fault.si == window + PAGE - 6,
		"a round that faults leaves all registers as before it");
	check(fault.address == window + 5 * PAGE, "CR2 names the absent page of the two");
}

static void downwards(void)
{
	word to = window + 2 * PAGE + 6, count = 8;

	*(volatile u8 *)(window + 2 * PAGE) = 0;
	make_absent(1, 1);
	__asm__ volatile("std\n\trep stosw\n\tcld" : "+D"(to), "+c"(count) : "a"(0x4d4d) : "memory", "cc");
	check(fault.count == 1 && fault.cx == 4 && fault.di == window + 2 * PAGE - 2, "with DF the fault comes going down");
	check(count == 0 && to == window + 2 * PAGE - 10 && *frame_of(window + 2 * PAGE - 7) == 0x4d, "and the rest follows");
}

static void comparing(void)
{
	word from = window + PAGE - 4, to = window + 3 * PAGE - 2, count = 100;
	u8 equal;

	memset(frame_of(window), 0x31, 6 * PAGE);
	*frame_of(window + PAGE + 9) = 0x32;
	make_absent(0, WINDOW_PAGES);
	__asm__ volatile("repe cmpsb\n\tsetz %3" : "+S"(from), "+D"(to), "+c"(count), "=q"(equal) : : "memory", "cc");
	check(fault.count == 4 && !equal, "REPE CMPSB faults on the way and finds the difference");
	check(from == window + PAGE + 10 && to == window + 3 * PAGE + 12 && count == 86, "at the right place");
	to = window + PAGE - 4;
	count = 100;
	make_absent(0, WINDOW_PAGES);
	__asm__ volatile("repne scasb\n\tsetz %2" : "+D"(to), "+c"(count), "=q"(equal) : "a"(0x32) : "memory", "cc");
	check(fault.count == 2 && fault.error == 0 && equal && to == window + PAGE + 10, "REPNE SCASB does likewise");
	from = window + PAGE - 2;
	count = 4;
	word loaded = 0;
	make_absent(1, 1);
	__asm__ volatile("rep lodsb" : "+S"(from), "+c"(count), "+a"(loaded) : : "memory", "cc");
	check(fault.count == 1 && fault.cx == 2 && loaded == 0x31 && from == window + PAGE + 2, "REP LODSB, too");
}

static void from_ports(void)
{
	static u16 single[256];
	word to = window + PAGE - 101, count = 256;

	if (ide_probe(0, single) != IDE_DISK)
		return;
	check(ide_begin(0, 0xec) && ide_wait(0, IDE_REQUEST), "the disk is ready to identify itself");
	make_absent(0, WINDOW_PAGES);
	__asm__ volatile("rep insw" : "+D"(to), "+c"(count) : "d"(ide_port(0, IDE_DATA)) : "memory", "cc");
	check(fault.count == 2 && count == 0, "REP INSW faults at its start and at the page's end");
	check(fault.cx == 256 - 50 && fault.di == window + PAGE - 1, "with DI and CX at the round that faulted");
	check(!memcmp(frame_of(window + PAGE - 101), single, 512), "no word is lost to a fault");

	word from = window + PAGE - 2;
	count = 4;
	make_absent(0, 2);
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"((u16)0x80) : "memory", "cc");
	check(fault.count == 2 && count == 0 && fault.cx == 2, "REP OUTSB goes on after faults, too");
}

#ifdef LONG_MODE

static void map_window(void)
{
	u64 *tables = (u64 *)TABLES;

	memset(tables, 0, 0x9000);
	((u64 *)PAGE_TABLES)[1] = TABLES | 3;
	tables[0] = (TABLES + 0x1000) | 3;
	tables[512] = TABLE | 3;
	write_cr3(PAGE_TABLES);
}

static void unmap_window(void)
{
}

#else

static void map_window(void)
{
	u32 *directory = (u32 *)TABLES;

	memset(directory, 0, 0x9000);
	for (u32 i = 0; i < 4; i++)
		directory[i] = i << 22 | PAGE_LARGE | 3;
	directory[window >> 22] = TABLE | 3;
	write_cr4(read_cr4() | CR4_PSE);
	write_cr3(TABLES);
	write_cr0(read_cr0() | (word)CR0_PG);
}

static void unmap_window(void)
{
	write_cr0(read_cr0() & ~(word)CR0_PG);
	write_cr4(read_cr4() & ~(word)CR4_PSE);
}

#endif

void faults(void)
{
	try_init();
	set_handler(14, on_page_fault);
	map_window();
	fill();
	copy();
	downwards();
	comparing();
	from_ports();
	unmap_window();
}
