/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the BIOS offer each other. */
#pragma once

#include "bda.h"
#include "frame.h"
#include "memory.h"
#include "ports.h"
#include "types.h"

/* console.c: text to the debug port and the screen */
void print(const char *text);
void print_hex(u32 value, u32 digits);

/* video.c, video_mode.c */
void video_setup(void);
void vga_set_text_mode(void);
void vga_palette_service(Frame *frame);
void vga_set_border(u8 colour);
void video_information(Frame *frame);
u16 scaled_cursor(u16 shape, u16 height);

/* cmos.c */
u8 cmos_read(u8 index);
void cmos_write(u8 index, u8 value);
u16 cmos_read16(u8 index);

/* memory_map.c */
struct PACKED memory_range {
	u64 base, size;
	u32 kind;
};
enum memory_kind { MEMORY_RAM = 1, MEMORY_RESERVED = 2, MEMORY_ACPI_NVS = 4 };
void memory_setup(void);
u32 memory_ranges(void);
const struct memory_range *memory_range(u32 index);
u32 memory_below_4g(void);
u32 memory_take(u32 bytes, u32 align);

/* pci.c */
u32 pci_read(u16 function, u8 offset, u8 width);
void pci_write(u16 function, u8 offset, u8 width, u32 value);
void pci_setup(void);
u16 pci_next(u16 function);
#define PCI_NONE 0xFFFF

/* system.c */
void a20_set(int on);
int a20_is_on(void);

/* acpi.c */
void acpi_setup(void);

/* power.c */
void power_setup(u16 function);
int apm_service(Frame *frame);

/* keyboard.c, serial.c, time.c */
void keyboard_setup(void);
void serial_setup(void);
void time_setup(void);

/* clock.c: INT 15h AH=83h; whether it failed */
int clock_event(Frame *frame);

/* ide.c, ata.c, atapi.c: drives by number, disks from 0x80, CD drives from 0xE0 */
enum disk_status {
	DISK_OK = 0x00,
	DISK_BAD_REQUEST = 0x01,
	DISK_WRITE_PROTECTED = 0x03,
	DISK_SECTOR_NOT_FOUND = 0x04,
	DISK_CHANGED = 0x06,
	DISK_UNREADABLE = 0x10,
	DISK_CONTROLLER = 0x20,
	DISK_NO_MEDIUM = 0x31,
	DISK_TIMEOUT = 0x80,
	DISK_NOT_READY = 0xAA,
	DISK_NOT_LOCKED = 0xB0,
	DISK_LOCKED = 0xB1,
	DISK_NOT_REMOVABLE = 0xB2,
	DISK_LOCKED_TOO_OFTEN = 0xB4,
};
#define FIRST_DISK 0x80
#define FIRST_CD 0xE0
#define CD_SECTOR 2048

struct drive {
	u8 position; /* 0 primary master .. 3 secondary slave */
	u8 is_cd;
	u8 floppy_type; /* of an emulated floppy: what INT 13h AH=08h tells in BL */
	u8 heads, sectors_per_track;
	u16 cylinders;
	u16 physical_cylinders, physical_heads, physical_sectors_per_track; /* as the drive itself says */
	u32 image_sector; /* where on the CD an emulated disk begins; 0: it is a drive of its own */
	u64 sectors;
};
enum transfer { TRANSFER_READ, TRANSFER_WRITE, TRANSFER_VERIFY };

void drives_setup(void);
const struct drive *drive_find(u8 number);
const char *position_name(u8 position);
u32 disk_count(void);
u32 cd_count(void);
u8 disk_transfer(const struct drive *drive, enum transfer what, u64 sector, u32 count, u32 memory, u32 *done);
u8 cd_read(const struct drive *drive, u32 sector, u32 count, u32 memory, u32 *done);
u8 cd_lock(const struct drive *drive, int locked);
u8 cd_eject(const struct drive *drive);
u8 cd_changed(const struct drive *drive);
u16 drives_function(void);
u8 drive_reset(const struct drive *drive);
u8 drive_ready(const struct drive *drive);

/* el_torito.c: why a CD does not boot, or NULL once its image is in memory at *address, to be started with
   DL = *boot_drive */
const char *el_torito_load(u8 number, u32 *address, u8 *boot_drive);
/* emulation.c */
void emulation_end(void);

/* boot.c, entry.S */
void boot_first(void) NORETURN;
void boot_next(void) NORETURN;
void launch(u32 address, u32 drive) NORETURN;

/* option_roms.c: option ROMs, and what they offer to boot from */
struct boot_rom {
	u32 entry; /* segment:offset, called far; it comes back, or gives up by INT 18h */
	u32 name;  /* the address of a text that ends with 0, or 0 */
};
void option_roms_setup(void);
void boot_roms_again(void);
u32 boot_roms_left(void);
const struct boot_rom *boot_rom_next(void);
void call_option_rom(u32 address, u32 ax);

/* interrupts.S: what the interrupt table points to */
void iret_entry(void);
void int08_entry(void);
void int09_entry(void);
void int10_entry(void);
void int11_entry(void);
void int12_entry(void);
void int13_entry(void);
void int14_entry(void);
void int15_entry(void);
void int16_entry(void);
void int17_entry(void);
void int18_entry(void);
void int19_entry(void);
void int1a_entry(void);
void int70_entry(void);
void irq_master_entry(void);
void irq_slave_entry(void);

/* Wait for an interrupt, with interrupts enabled only meanwhile. */
static inline void wait_for_interrupt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void end_of_interrupt_master(void)
{
	outb(0x20, 0x20);
}
