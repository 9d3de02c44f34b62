/* The 32-bit service directory and the PCI BIOS that it leads to, called from a flat segment and from one that begins
 * where the BIOS says. [BIOS32] Standard BIOS 32-bit Service Directory 0.4; [PCI BIOS] 2.1.
 */
#include "descriptors.h"
#include "guest.h"
#include "memory.h"
#include "pci.h"
#include "seabios.h"

struct registers {
	u32 ax, bx, cx, dx, si, di, flags;
};

/* entry.S: a far call with these registers; they come back changed. */
void call_far(u32 offset, u32 selector, struct registers *registers);

enum { FIRST = 0xe0000, END = 0x100000, CARRY = 1, IDE = 0x0009, BIOS_CODE = 0x18 };

static u64 table[] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0 };

static u32 find_directory(void)
{
	for (u32 at = FIRST; at < END; at += 16)
		if (read32(at) == 0x5f32335f) {
			u8 sum = 0;

			for (u32 i = 0; i < read8(at + 9) * 16u; i++)
				sum += read8(at + i);
			if (sum == 0)
				return at;
		}
	return 0;
}

static void pci_bios(u32 entry, u32 selector)
{
	struct registers all = { .ax = 0xb101 };
	pci_function ide = PCI_FUNCTION(0, 1, 1);
	bool same = true;

	call_far(entry, selector, &all);
	check(!(all.flags & CARRY) && (all.ax >> 8 & 0xff) == 0 && all.dx == 0x20494350, "the PCI BIOS answers");
	all = (struct registers){ .ax = 0xb102, .cx = 0x7010, .dx = 0x8086, .si = 0 };
	call_far(entry, selector, &all);
	check(!(all.flags & CARRY) && (all.bx & 0xffff) == IDE, "it finds a device");
	all = (struct registers){ .ax = 0xb103, .cx = 0x060000 };
	call_far(entry, selector, &all);
	check(!(all.flags & CARRY) && (all.bx & 0xffff) == 0, "it finds a class");
	for (u32 offset = 0; offset < 0x40; offset += 4) {
		all = (struct registers){ .ax = 0xb10a, .bx = IDE, .di = offset };
		call_far(entry, selector, &all);
		same = same && !(all.flags & CARRY) && all.cx == pci_read32(ide, (u8)offset);
	}
	check(same, "it reads configuration registers");
	all = (struct registers){ .ax = 0xb10b, .bx = IDE, .cx = 0x0e, .di = 0x3c };
	call_far(entry, selector, &all);
	check(!(all.flags & CARRY) && pci_read8(ide, 0x3c) == 0x0e, "it writes them");
	all = (struct registers){ .ax = 0xb109, .bx = IDE, .di = 0x41 };
	call_far(entry, selector, &all);
	check_but_not_on_seabios(all.flags & CARRY && (all.ax >> 8 & 0xff) == 0x87, "it refuses an odd word");
}

static struct {
	u16 size;
	u32 offset;
	u16 selector;
} __attribute__((packed)) options;

static void routing(u32 entry, u32 selector)
{
	struct registers all = { .ax = 0xb10e, .di = (u32)&options };

	if (on_seabios())	/* It takes the pointer for one of 16 bits, and with it a bad selector. */
		return;
	options.size = 0x1000;
	options.offset = FREE_MEMORY;
	options.selector = DATA32;
	write8(FREE_MEMORY + 1, 0xff);
	call_far(entry, selector, &all);
	check(!(all.flags & CARRY) && options.size && options.size % 16 == 0, "it tells how interrupts are routed");
	check_equal(read8(FREE_MEMORY + 1) & 7, 0, "device by device");
	check_equal(read8(FREE_MEMORY + 2) & 0xfc, 0x60, "by a register of the router");
}

int main(void)
{
	u32 directory = find_directory(), entry;
	struct registers all = { .ax = 0x49435024 };	/* "$PCI" */

	load_gdt(table, sizeof(table) - 1);
	check(directory != 0, "there is a 32-bit service directory");
	if (!directory)
		return 0;
	entry = read32(directory + 4);
	call_far(entry, CODE32, &all);
	check_equal(all.ax & 0xff, 0, "it knows the PCI BIOS");
	check(all.bx + all.dx >= FIRST && all.bx + all.dx < END && all.dx < all.cx, "whose entry is in the ROM");
	pci_bios(all.bx + all.dx, CODE32);
	routing(all.bx + all.dx, CODE32);
	table[BIOS_CODE / 8] = descriptor(all.bx, (all.cx - 1) & 0xfffff, PRESENT | CODE, BITS_32);
	pci_bios(all.dx, BIOS_CODE);
	routing(all.dx, BIOS_CODE);

	all = (struct registers){ .ax = 0x49434d41 };
	call_far(entry, CODE32, &all);
	check_equal(all.ax & 0xff, 0x80, "it does not know other services");
	all = (struct registers){ .ax = 0x49435024, .bx = 1 };
	call_far(entry, CODE32, &all);
	/* It does not look at BL. */
	check_but_not_on_seabios((all.ax & 0xff) == 0x81, "it has one function");
	return 0;
}
