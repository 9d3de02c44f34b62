/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot programs that try the BIOS share. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct __attribute__((packed)) registers {
	u32 eax, ebx, ecx, edx, esi, edi, ebp;
	u16 ds, es, flags, fs, gs;
	u32 esp;
};
enum { CARRY = 1, ZERO = 0x40, INTERRUPT = 0x200, SUCCESS = 0, FAILURE = 5, EXIT_PORT = 0xF4, COM1 = 0x3F8 };

void bios(u32 vector, struct registers *all);
void count_tick(void);
extern volatile u16 ticks_counted;

extern u32 failures;
extern u16 buffer[1024];

void outb(u16 port, u8 value);
u8 inb(u16 port);
void say(const char *text);
void say_hex(u32 value, u32 digits);
/* Say whether a fact holds, and remember where one does not. */
void fact(const char *what, int holds);
u16 peek(u16 segment, u32 offset);
void poke(u16 segment, u32 offset, u16 value);
/* INT with these registers; what came back. */
struct registers call(u8 vector, u32 eax, u32 ebx, u32 ecx, u32 edx);
int failed(const struct registers *all);

/* services.c: a block move by INT 15h AH=87h; whether it is done */
int move(u32 from, u32 to, u16 words);

/* acpi.c */
void try_acpi(void);

/* disk.c */
void try_disk(u8 drive);
void try_cd(u8 drive);
