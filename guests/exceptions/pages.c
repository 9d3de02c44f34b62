/* Page faults: error codes, CR2, CR0.WP, reserved bits, NX, accessed and dirty bits. */
#include "exceptions.h"

/* The tested pages: a page table of their own at `first_page`. */
enum {
	ABSENT, USER_PAGE, USER_READ_ONLY, KERNEL_PAGE, KERNEL_READ_ONLY, RESERVED_BIT, NO_EXECUTE, BEFORE_ABSENT,
	STILL_ABSENT, PAGES_USED,
	PAGE = 0x1000,
};
enum { TABLES = FREE_MEMORY, TABLE = TABLES + 0x8000, FRAMES = FREE_MEMORY + 0x100000 };
#ifdef LONG_MODE
static const word first_page = 0x8000000000;
#else
static const word first_page = 0x40000000;
#endif

static bool wide_entries = true;	/* 8 bytes, with NX and reserved bits; else 4 */
static word user_address __attribute__((used));

#ifdef LONG_MODE
#define ADDRESS	"rbx"
#else
#define ADDRESS	"ebx"
#endif
USER_TEXT(user_read, "mov " ADDRESS ", [user_address]\n\tuser_read_at: mov al, [" ADDRESS "]");
USER_TEXT(user_write, "mov " ADDRESS ", [user_address]\n\tuser_write_at: mov byte ptr [" ADDRESS "], 1");
USER_TEXT(user_jump, "mov " ADDRESS ", [user_address]\n\tjmp " ADDRESS);
extern u8 user_read_at[], user_write_at[];

static word address_of(int page)
{
	return first_page + (word)page * PAGE;
}

static word frame_of(int page)
{
	return FRAMES + (word)page * PAGE;
}

static u64 get_entry(int page)
{
	return wide_entries ? ((volatile u64 *)TABLE)[page] : ((volatile u32 *)TABLE)[page];
}

static void set_entry(int page, u64 flags)
{
	if (wide_entries)
		((volatile u64 *)TABLE)[page] = flags ? flags | frame_of(page) : 0;
	else
		((volatile u32 *)TABLE)[page] = flags ? (u32)flags | (u32)frame_of(page) : 0;
	invalidate_page(address_of(page));
}

static void map(void)
{
	set_entry(ABSENT, 0);
	set_entry(USER_PAGE, 7);
	set_entry(USER_READ_ONLY, 5);
	set_entry(KERNEL_PAGE, 3);
	set_entry(KERNEL_READ_ONLY, 1);
	set_entry(BEFORE_ABSENT, 7);
	set_entry(STILL_ABSENT, 0);
	for (int page = 0; page < PAGES_USED; page++) {
		memset((void *)frame_of(page), 0, 16);
		*(u8 *)frame_of(page) = 0xc3;
	}
}

#define READ(address)	TRY("", "mov al, [%0]", : : "r"(address) : "eax", "memory")
#define WRITE(address)	TRY("", "mov byte ptr [%0], 0x77", : : "r"(address) : "memory")

/* A reserved bit comes with the present bit; QEMU 7.2's TCG forgets that one. */
static word reserved_error(void)
{
	return on_tcg() && !(caught.error & 1) ? 8 : 9;
}

static void expect_page_fault(word error, word address, const char *sentence, int line)
{
	expect_at(14, error, fault_at, sentence, line);
	check_equal_at(caught.cr2, address, "CR2 has the address that faulted", line);
}
#define PAGE_FAULT(error, address, sentence)	expect_page_fault(error, address, sentence, __LINE__)

static void kernel_faults(void)
{
	word address = address_of(ABSENT) + 0x123;

	READ(address);
	PAGE_FAULT(0, address, "reading an absent page gives #PF(0)");
	WRITE(address);
	PAGE_FAULT(2, address, "writing an absent page gives #PF(2)");
	READ(address_of(KERNEL_READ_ONLY));
	expect_nothing("a page that cannot be written can be read");
	READ(address_of(USER_PAGE));
	expect_nothing("the kernel reads a page of ring 3");

	write_cr0(read_cr0() | CR0_WP);
	address = address_of(KERNEL_READ_ONLY) + 8;
	WRITE(address);
	PAGE_FAULT(3, address, "with CR0.WP the kernel cannot write what is read-only");
	address = address_of(USER_READ_ONLY) + 8;
	WRITE(address);
	PAGE_FAULT(3, address, "nor what is read-only for ring 3");
	check(*(u8 *)(frame_of(USER_READ_ONLY) + 8) == 0, "the store did not happen");
	write_cr0(read_cr0() & ~(word)CR0_WP);
	WRITE(address);
	expect_nothing("without CR0.WP the kernel writes what is read-only");
	check(*(u8 *)(frame_of(USER_READ_ONLY) + 8) == 0x77, "the store happened");

	address = address_of(STILL_ABSENT) - 2;
	TRY("", "mov eax, [%0]", : : "r"(address) : "eax", "memory");
	PAGE_FAULT(0, address + 2, "of a read across pages CR2 names the absent one");
	TRY("", "mov dword ptr [%0], 0x11223344", : : "r"(address) : "memory");
	PAGE_FAULT(2, address + 2, "of a write across pages CR2 names the absent one");
	check(*(u16 *)(frame_of(BEFORE_ABSENT) + PAGE - 2) == 0, "the present page keeps its bytes then");
	TRY("", "jmp %0", : : "r"(address_of(ABSENT)) : "memory");
	check(caught_at(14, 0, address_of(ABSENT)) && caught.cr2 == address_of(ABSENT),
		"a jump into an absent page faults there");
}

static void user_faults(void)
{
	user_address = address_of(ABSENT) + 5;
	call_user(user_read, USER_CODE);
	expect_in_user(14, 4, user_read_at, "ring 3 reading an absent page gives #PF(4)");
	call_user(user_write, USER_CODE);
	expect_in_user(14, 6, user_write_at, "ring 3 writing an absent page gives #PF(6)");
	check_equal(caught.cr2, user_address, "CR2 has the address");
	user_address = address_of(KERNEL_PAGE);
	call_user(user_read, USER_CODE);
	expect_in_user(14, 5, user_read_at, "ring 3 reading the kernel's page gives #PF(5)");
	user_address = address_of(USER_READ_ONLY);
	call_user(user_write, USER_CODE);
	expect_in_user(14, 7, user_write_at, "ring 3 writing what is read-only gives #PF(7)");
	call_user(user_read, USER_CODE);
	check(caught.vector == USER_EXIT, "ring 3 reads its read-only page");
	user_address = address_of(KERNEL_PAGE);
	call_user(user_jump, USER_CODE);
	check(caught_at(14, 5, user_address), "ring 3 jumping into the kernel's page gives #PF(5) there");
}

static void accessed_and_dirty(void)
{
	set_entry(USER_PAGE, 7);
	READ(address_of(USER_PAGE));
	check((get_entry(USER_PAGE) & 0x60) == PAGE_ACCESSED, "a read sets the accessed bit alone");
	WRITE(address_of(USER_PAGE));
	check((get_entry(USER_PAGE) & 0x60) == (PAGE_ACCESSED | PAGE_DIRTY), "a write sets the dirty bit");
	set_entry(USER_READ_ONLY, 5);
	write_cr0(read_cr0() | CR0_WP);
	WRITE(address_of(USER_READ_ONLY));
	check(!(get_entry(USER_READ_ONLY) & PAGE_DIRTY), "a write that faults does not set the dirty bit");
	write_cr0(read_cr0() & ~(word)CR0_WP);
}

static void wide_faults(void)
{
	word address = address_of(RESERVED_BIT);

	set_entry(RESERVED_BIT, 7 | 1ull << 51);
	READ(address);
	PAGE_FAULT(reserved_error(), address, "a reserved bit gives #PF with bit 3");

	address = address_of(NO_EXECUTE);
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
	set_entry(NO_EXECUTE, 7 | PAGE_NX);
	READ(address);
	expect_nothing("a page with NX can be read");
	TRY("", "jmp %0", : : "r"(address) : "memory");
	check(caught_at(14, 0x11, address) && caught.cr2 == address, "fetching from a page with NX gives #PF(0x11)");
	TRY("", "call %0", : : "r"(address_of(USER_PAGE)) : "memory");
	expect_nothing("fetching from a page without NX is fine");
	TRY("", "jmp %0", : : "r"(address_of(ABSENT)) : "memory");
	check(caught_at(14, 0x10, address_of(ABSENT)), "with NX in force a fetch is told by bit 4");
	user_address = address;
	call_user(user_jump, USER_CODE);
	check(caught_at(14, 0x15, address), "ring 3 fetching from a page with NX gives #PF(0x15)");
	write_msr(MSR_EFER, read_msr(MSR_EFER) & ~(u64)EFER_NXE);
	invalidate_page(address);
	READ(address);
	PAGE_FAULT(reserved_error(), address, "without EFER.NXE the NX bit is reserved");
}

static void double_fault(void)
{
	idt[14].type &= 0x7f;
	READ(address_of(ABSENT));
	check(caught.count == 1 && caught.vector == 8 && caught.error == 0, "#NP while delivering #PF gives #DF(0)");
	idt[14].type |= 0x80;
}

static void faults(void)
{
	map();
	kernel_faults();
	user_faults();
	accessed_and_dirty();
	if (wide_entries)
		wide_faults();
	double_fault();
}

#ifdef LONG_MODE

void pages(void)
{
	u64 *tables = (u64 *)TABLES;

	memset(tables, 0, 0x9000);
	((u64 *)PAGE_TABLES)[1] = TABLES | 7;
	tables[0] = (TABLES + 0x1000) | 7;
	tables[512] = TABLE | 7;
	write_cr3(PAGE_TABLES);
	faults();
}

#else

static void legacy_pages(void)
{
	u32 *directory = (u32 *)TABLES;

	memset(directory, 0, PAGE);
	memset((void *)TABLE, 0, PAGE);
	for (u32 i = 0; i < 16; i++)
		directory[i] = i << 22 | 0x87;
	directory[first_page >> 22] = TABLE | 7;
	wide_entries = false;
	write_cr4(read_cr4() | CR4_PSE);
	write_cr3(TABLES);
	write_cr0(read_cr0() | (word)CR0_PG);
	faults();
	write_cr0(read_cr0() & ~(word)CR0_PG);
	write_cr4(read_cr4() & ~(word)CR4_PSE);
}

static void extended_pages(void)
{
	u64 *pointers = (u64 *)TABLES, *directory = (u64 *)(TABLES + 0x1000), *second = (u64 *)(TABLES + 0x2000);

	memset(pointers, 0, 0x9000);
	pointers[0] = (TABLES + 0x1000) | 1;
	pointers[1] = (TABLES + 0x2000) | 1;
	for (u32 i = 0; i < 32; i++)
		directory[i] = i << 21 | 0x87;
	second[0] = TABLE | 7;
	wide_entries = true;
	write_cr4(read_cr4() | CR4_PAE);
	write_cr3(TABLES);
	write_cr0(read_cr0() | (word)CR0_PG);
	faults();
	write_cr0(read_cr0() & ~(word)CR0_PG);
	write_cr4(read_cr4() & ~(word)CR4_PAE);
}

void pages(void)
{
	legacy_pages();
	extended_pages();
}

#endif
