/* INT 1Ah AH=B1h: the PCI BIOS in real mode, held against configuration mechanism 1. [PCI BIOS] 2.1. */
#include "services.h"
#include "pci.h"

enum { OK = 0x00, NOT_SUPPORTED = 0x81, BAD_VENDOR = 0x83, NOT_FOUND = 0x86, BAD_REGISTER = 0x87, TOO_SMALL = 0x89 };
enum { IDE = 0x0009, ROM = 0xf0000, ROM_END = 0x100000, ROUTES = 0x80000 };

static struct registers ask(u8 function, u32 bx, u32 cx, u32 dx, u32 si, u32 di)
{
	struct registers all = { .ax = 0xb100 | function, .bx = bx, .cx = cx, .dx = dx, .si = si, .di = di,
		.flags = INTERRUPTS };

	bios(0x1a, &all);
	check((high(all.ax) == OK) == !failed(&all), "carry says whether AH is 0");
	return all;
}

static pci_function function_of(u32 bx)
{
	return PCI_FUNCTION(bx >> 8 & 0xff, bx >> 3 & 0x1f, bx & 7);
}

static void finding(void)
{
	struct registers all = ask(0x01, 0, 0, 0, 0, 0);
	pci_function same;

	check(high(all.ax) == OK && all.dx == 0x20494350, "there is a PCI BIOS");
	check((all.bx & 0xffff) >= 0x0200 && all.ax & 1, "of version 2, on mechanism 1");
	/* It tells of it in the service directory only. */
	check_but_not_on_seabios(all.di >= 0xe0000 && all.di < 0x100000, "it tells of an entry for 32-bit code");
	all = ask(0x02, 0xffff, 0x1237, 0x8086, 0, 0);
	check(high(all.ax) == OK && (all.bx & 0xffff) == 0, "the host bridge is 00.0");
	check_equal(high(ask(0x02, 0, 0x1237, 0x8086, 1, 0).ax), NOT_FOUND, "there is but one");
	check_equal(high(ask(0x02, 0, 0x1234, 0x5678, 0, 0).ax), NOT_FOUND, "what is absent is not found");
	/* It looks for it. */
	check_but_not_on_seabios(high(ask(0x02, 0, 0x1234, 0xffff, 0, 0).ax) == BAD_VENDOR, "vendor FFFF is none");
	all = ask(0x03, 0, 0x010180, 0, 0, 0);
	check(high(all.ax) == OK && (all.bx & 0xffff) == IDE, "the IDE function is found by its class");
	check_equal(high(ask(0x03, 0, 0x010180, 0, 1, 0).ax), NOT_FOUND, "there is but one of that class");
	all = ask(0x03, 0, 0x060100, 0, 0, 0);
	check(high(all.ax) == OK && (all.bx & 0xffff) == 0x0008, "the ISA bridge is found by its class");
	same = pci_find_class(0x0101, 0);
	check(same == function_of(IDE), "mechanism 1 finds the same");
}

static void registers(void)
{
	pci_function ide = function_of(IDE);
	struct registers all;
	u8 kept = pci_read8(ide, 0x3c);
	bool same = true;

	for (u32 offset = 0; offset < 0x100; offset += 4) {
		same = same && ask(0x0a, IDE, 0, 0, 0, offset).cx == pci_read32(ide, (u8)offset);
		same = same && (u16)ask(0x09, IDE, 0, 0, 0, offset + 2).cx == pci_read16(ide, (u8)(offset + 2));
		same = same && low(ask(0x08, IDE, 0, 0, 0, offset + 1).cx) == pci_read8(ide, (u8)(offset + 1));
	}
	check(same, "bytes, words and dwords are what mechanism 1 reads");
	/* It reads what is there. */
	check_but_not_on_seabios(high(ask(0x09, IDE, 0, 0, 0, 0x41).ax) == BAD_REGISTER, "an odd word is refused");
	check_but_not_on_seabios(high(ask(0x0a, IDE, 0, 0, 0, 0x42).ax) == BAD_REGISTER, "and so is an odd dword");
	check_equal(ask(0x0a, 0x00f8, 0, 0, 0, 0).cx, 0xffffffff, "an absent function reads all ones");
	all = ask(0x0b, IDE, 0x5a, 0, 0, 0x3c);
	check(high(all.ax) == OK && pci_read8(ide, 0x3c) == 0x5a, "a byte is written");
	all = ask(0x0c, IDE, 0x3c00 | 0x0b, 0, 0, 0x3c);
	check(high(all.ax) == OK && pci_read8(ide, 0x3c) == 0x0b, "a word is written");
	all = ask(0x0d, IDE, 0x000000a5, 0, 0, 0x3c);
	check(high(all.ax) == OK && pci_read8(ide, 0x3c) == 0xa5, "a dword is written");
	pci_write8(ide, 0x3c, kept);
	all = ask(0x06, 0, 0, 0x12345678, 0, 0);
	check(high(all.ax) == OK || high(all.ax) == NOT_SUPPORTED, "a special cycle is made or refused");
	check_equal(high(ask(0x70, 0, 0, 0, 0, 0).ax), NOT_SUPPORTED, "an unknown function is refused");
}

/* Where the table lies, 0 if it is not there. [PIR] */
static u32 find_routing_table(void)
{
	for (u32 at = ROM; at < ROM_END; at += 16)
		if (read32(at) == 0x52495024) {
			u8 sum = 0;

			for (u32 i = 0; i < read16(at + 6); i++)
				sum += read8(at + i);
			if (sum == 0)
				return at;
		}
	return 0;
}

static struct {
	u16 size, offset, segment;
} __attribute__((packed)) options;

static void routing(void)
{
	u32 table = find_routing_table(), size;
	struct registers all;
	bool same = true;

	check(table != 0, "there is a table of how interrupts are routed");
	check_equal(read16(table + 8), 0x0800, "the router is 01.0");
	check(read32(table + 12) == 0x70008086 || read32(table + 12) == 0x122e8086, "a PIIX");
	size = read16(table + 6) - 32u;
	check(size && size % 16 == 0, "the table has whole entries");
	options.size = 0;
	all = ask(0x0e, 0, 0, 0, 0, (u32)&options);
	check(high(all.ax) == TOO_SMALL && options.size == size, "AL=0Eh says how much room it needs");
	options.size = 0x1000;
	options.segment = ROUTES / 16;
	all = ask(0x0e, 0, 0, 0, 0, (u32)&options);
	check(high(all.ax) == OK && options.size == size, "AL=0Eh tells the options");
	for (u32 i = 0; i < size; i += 4)
		same = same && read32(ROUTES + i) == read32(table + 32 + i);
	check(same, "they are those of the table");
}

static void set_interrupt(void)
{
	pci_function router = function_of(0x0008);
	u8 kept = pci_read8(router, 0x60), levels = in8(0x4d1);
	struct registers all = ask(0x0f, 0x0008, 0x050a, 0, 0, 0);

	if (high(all.ax) == NOT_SUPPORTED) {
		printf("The BIOS does not route interrupts\n");
		return;
	}
	check(high(all.ax) == OK && pci_read8(router, 0x60) == 5, "AL=0Fh routes pin A of device 1 by the first link");
	check(in8(0x4d0) & 0x20, "as a level");
	check(high(ask(0x0f, 0x0008, 0x080a, 0, 0, 0).ax) == 0x88, "an interrupt that is the chipset's is refused");
	check(high(ask(0x0f, 0x0008, 0x0500, 0, 0, 0).ax) == 0x88, "and a pin that is none");
	ask(0x0f, 0x0008, (u32)kept << 8 | 0x0a, 0, 0, 0);
	check(pci_read8(router, 0x60) == kept && (in8(0x4d1) & levels) == levels, "the route is put back");
	out8(0x4d0, in8(0x4d0) & ~0x20);
}

int main(void)
{
	finding();
	registers();
	routing();
	set_interrupt();
	return 0;
}
