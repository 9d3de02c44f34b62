// SPDX-License-Identifier: GPL-2.0-or-later
// Option ROMs: those of PCI cards are copied below 1 MiB, those that are there already are found.
// Each is initialised once, the VGA's first. What can boot the machine is kept for INT 19h.
// [PCI] PCI Local Bus Specification 2.1, 6.3; [BBS] BIOS Boot Specification 1.01; [440FX] 3.2.18 (PAM).

#include "option_roms.h"
#include "bios.h"

enum {
	ROMS_BASE = 0xC0000,
	ROMS_END = DATA_BASE,
	UNIT = 0x800,  // ROMs begin on 2 KiB boundaries
	AREA = 0x4000, // what half a PAM register governs
	FIRST_AREAS = 0x5A,
	READ_ONLY = 1,
	READ_WRITE = 3,
	MOST = 8,
};

enum { HOST_BRIDGE = 0x12378086, COMMAND = 0x04, CLASS_DEVICE = 0x0A, ROM_BAR = 0x30, ROM_ENABLE = 1 };
enum { DECODE_MEMORY = 2, VGA_CLASS = 0x0300, NO_FUNCTION = 0 };

struct extent {
	u32 base, end;
};

static struct extent found[MOST], deployed[MOST]; // ROMs that were there, and those that cards brought
static u32 found_count, deployed_count;
static u32 next; // where the next ROM of a card goes
static struct boot_rom boot_roms[MOST];
static u32 boot_rom_used, boot_rom_tried;

static u32 align(u32 address, u32 unit)
{
	return (address + unit - 1) & ~(unit - 1);
}

// Where reads and writes of the areas from `base` to `end` go. Another chip set has its RAM open already.
static void set_access(u32 base, u32 end, u8 access)
{
	if (pci_read(0, 0, 4) != HOST_BRIDGE)
		return;
	for (u32 area = base & ~(AREA - 1u); area < end; area += AREA) {
		u32 number = (area - ROMS_BASE) / AREA;
		u8 shift = number & 1 ? 4 : 0, offset = FIRST_AREAS + number / 2;
		pci_write(0, offset, 1, (pci_read(0, offset, 1) & ~(READ_WRITE << shift)) | access << shift);
	}
}

// The size of a sound ROM at `base`, or 0.
static u32 rom_size(u32 base)
{
	u8 sum = 0;
	if (peek16(base) != ROM_SIGNATURE)
		return 0;
	u32 size = peek8(base + 2) * ROM_BLOCK;
	if (base + size > ROMS_END)
		return 0;
	for (u32 n = 0; n < size; n++)
		sum += peek8(base + n);
	return sum ? 0 : size;
}

static void find_roms(void)
{
	for (u32 base = ROMS_BASE; base < ROMS_END && found_count < MOST; base += UNIT) {
		u32 size = rom_size(base);
		if (size) {
			found[found_count++] = (struct extent){base, base + size};
			base = align(base + size, UNIT) - UNIT;
		}
	}
}

// A place for a card's ROM, clear of the areas of ROMs that were found; 0 if there is none.
static u32 place(u32 size)
{
	u32 base = next;
	for (u32 n = 0; n < found_count; n++)
		if ((base & ~(AREA - 1u)) < found[n].end && align(base + size, AREA) > (found[n].base & ~(AREA - 1u)))
			base = align(found[n].end, AREA);
	return base + size <= ROMS_END ? base : 0;
}

// Keep what the ROM's PnP headers offer to boot from.
static void keep_boot_entries(u32 base)
{
	u32 at = peek16(base + __builtin_offsetof(struct rom_header, pnp_header));
	for (u32 n = 0; at && n < MOST; n++) {
		const struct pnp_header FAR *header = far_pointer(base + at);
		if (header->signature != PNP_SIGNATURE)
			return;
		u16 boot = header->boot, product = header->product;
		at = header->next;
		if (boot && boot_rom_used < MOST)
			boot_roms[boot_rom_used++] = (struct boot_rom){(base >> 4) << 16 | boot, product ? base + product : 0};
	}
}

static void initialise(u32 base, u16 function)
{
	call_option_rom((base >> 4) << 16 | ROM_INITIALISATION, function);
	keep_boot_entries(base);
}

// Where in a ROM of `size` bytes at `base` the card's image for a PC begins, or 0.
static u32 find_image(u32 base, u32 size, u32 identity, struct rom_header *header)
{
	u32 at = base;
	while (at - base < size) {
		struct pci_structure structure;
		move_extended(at, linear_of(header), sizeof(*header));
		if (header->signature != ROM_SIGNATURE)
			break;
		move_extended(at + header->pci_structure, linear_of(&structure), sizeof(structure));
		if (structure.signature != PCI_SIGNATURE)
			break;
		if (structure.identity == identity && structure.code_type == PCI_PC_COMPATIBLE)
			return at;
		if (structure.indicator & PCI_LAST_IMAGE || !structure.blocks)
			break;
		at += structure.blocks * ROM_BLOCK;
	}
	return 0;
}

// Copy the image for a PC out of the ROM that `function` shows at `base`; where it is now, or 0.
static u32 copy_image(u16 function, u32 base, u32 size)
{
	struct rom_header header;
	u32 image = find_image(base, size, pci_read(function, 0, 4), &header);
	if (!image)
		return 0;
	u32 bytes = header.blocks * ROM_BLOCK, to = place(bytes);
	if (!to)
		return 0;
	set_access(to, to + bytes, READ_WRITE);
	move_extended(image, to, bytes);
	return rom_size(to) ? to : 0;
}

static u32 deploy(u16 function)
{
	u32 base = pci_read(function, ROM_BAR, 4) & ~(UNIT - 1u);
	if (!base)
		return 0;
	u16 command = pci_read(function, COMMAND, 2);
	pci_write(function, ROM_BAR, 4, ~ROM_ENABLE);
	u32 size = -(pci_read(function, ROM_BAR, 4) & ~(UNIT - 1u));
	pci_write(function, COMMAND, 2, command | DECODE_MEMORY);
	pci_write(function, ROM_BAR, 4, base | ROM_ENABLE);
	u32 at = copy_image(function, base, size);
	pci_write(function, ROM_BAR, 4, base);
	pci_write(function, COMMAND, 2, command);
	return at;
}

// Deploy and run the ROMs of cards that are a VGA, or of those that are not; how many there were.
static u32 run_cards(int vga)
{
	u32 before = deployed_count;
	for (u16 function = pci_next(PCI_NONE); function != PCI_NONE; function = pci_next(function)) {
		if (deployed_count == MOST)
			break;
		if ((pci_read(function, 0x0E, 1) & 0x7F) || (pci_read(function, CLASS_DEVICE, 2) == VGA_CLASS) != vga)
			continue;
		u32 base = deploy(function);
		if (!base)
			continue;
		initialise(base, function);
		next = align(base + peek8(base + 2) * ROM_BLOCK, UNIT); // it may have made itself shorter
		deployed[deployed_count++] = (struct extent){base, next};
	}
	return deployed_count - before;
}

void option_roms_setup(void)
{
	next = ROMS_BASE;
	find_roms();
	if (run_cards(1))
		call_interrupt(0x10, 0x0003);
	for (u32 n = 0; n < found_count; n++)
		initialise(found[n].base, NO_FUNCTION);
	run_cards(0);
	for (u32 n = 0; n < deployed_count; n++)
		set_access(deployed[n].base, deployed[n].end, READ_ONLY);
}

void boot_roms_again(void)
{
	boot_rom_tried = 0;
}

u32 boot_roms_left(void)
{
	return boot_rom_used - boot_rom_tried;
}

const struct boot_rom *boot_rom_next(void)
{
	return boot_rom_tried < boot_rom_used ? &boot_roms[boot_rom_tried++] : 0;
}
