// SPDX-License-Identifier: GPL-2.0-or-later
// Power-on: chips and tables into the state that boot sectors expect. Nothing here waits.

#include "bios.h"

static void vector(u8 number, u16 segment, u16 offset)
{
	poke32(number * 4, (u32)segment << 16 | offset);
}

static void entry(u8 number, void (*handler)(void))
{
	vector(number, CODE_SEGMENT, (u32)handler);
}

static const struct {
	u8 number;
	void (*handler)(void);
} services[] = {
	{0x08, int08_entry}, {0x09, int09_entry}, {0x10, int10_entry}, {0x11, int11_entry},
	{0x12, int12_entry}, {0x13, int13_entry}, {0x14, int14_entry}, {0x15, int15_entry},
	{0x16, int16_entry}, {0x17, int17_entry}, {0x18, int18_entry}, {0x19, int19_entry},
	{0x1A, int1a_entry}, {0x70, int70_entry},
};

// INT 1Eh points to it: programs ask it even where there is no floppy drive.
static const u8 diskette_parameters[11] = {0xAF, 0x02, 0x25, 0x02, 0x12, 0x1B, 0xFF, 0x6C, 0xF6, 0x0F, 0x08};

static void setup_vectors(void)
{
	for (u32 number = 0; number < 0x78; number++)
		entry(number, iret_entry);
	for (u32 number = 0x78; number < 0x100; number++)
		vector(number, 0, 0);
	for (u32 line = 0; line < 8; line++) {
		entry(0x08 + line, irq_master_entry);
		entry(0x70 + line, irq_slave_entry);
	}
	for (u32 n = 0; n < COUNT_OF(services); n++)
		entry(services[n].number, services[n].handler);
	for (u32 number = 0x60; number < 0x68; number++) // free for programs: 0 says so
		vector(number, 0, 0);
	vector(0x1D, 0, 0);
	vector(0x1E, DATA_SEGMENT, (u32)diskette_parameters);
	vector(0x1F, 0, 0);
	vector(0x41, 0, 0);
	vector(0x43, 0, 0);
	vector(0x46, 0, 0);
}

static void setup_data_area(void)
{
	for (u32 offset = 0; offset < 0x100; offset += 4)
		poke32(linear(BDA_SEGMENT, offset), 0);
	bda()->ebda_segment = EBDA_SEGMENT;
	bda()->base_memory_kib = BASE_MEMORY_KIB;
	bda()->equipment = 0x0002; // a floating point unit; other parts add theirs
	poke8(linear(EBDA_SEGMENT, 0), 640 - BASE_MEMORY_KIB);
}

// [8259A] ICW1 to ICW4, then the masks: timer, keyboard and cascade only.
static void setup_interrupt_controllers(void)
{
	outb(0x20, 0x11);
	outb(0xA0, 0x11);
	outb(0x21, 0x08);
	outb(0xA1, 0x70);
	outb(0x21, 0x04);
	outb(0xA1, 0x02);
	outb(0x21, 0x01);
	outb(0xA1, 0x01);
	outb(0x21, 0xF8);
	outb(0xA1, 0xFF);
}

enum { LOCAL_APIC = 0xFEE00000, SPURIOUS_VECTOR = 0xF0, LVT_LINT0 = 0x350, LVT_LINT1 = 0x360, HAS_APIC = 1 << 9 };

static void apic_write(u32 offset, u32 value)
{
	move_extended(linear_of(&value), LOCAL_APIC + offset, sizeof(value));
}

// A processor with a local APIC hears the 8259A only through it: virtual wire mode. [SDM] 3A 10.5.1.
static void setup_local_apic(void)
{
	u32 eax = 1, ebx, ecx = 0, edx;
	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (!(edx & HAS_APIC))
		return;
	apic_write(SPURIOUS_VECTOR, 0x1FF); // software enable
	apic_write(LVT_LINT0, 0x700);	    // ExtINT
	apic_write(LVT_LINT1, 0x400);	    // NMI
}

void NORETURN post(void)
{
	setup_vectors();
	setup_data_area();
	setup_interrupt_controllers();
	a20_set(1);
	setup_local_apic();
	memory_setup();
	pci_setup();
	acpi_setup();
	time_setup();
	serial_setup();
	keyboard_setup();
	video_setup();
	option_roms_setup();
	drives_setup();
	call_interrupt(0x19, 0);
	__builtin_unreachable();
}
