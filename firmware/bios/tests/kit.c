// SPDX-License-Identifier: GPL-2.0-or-later
// Ports, memory, COM1 and interrupts for the boot programs.

#include "kit.h"

u32 failures;
u16 buffer[1024];

void outb(u16 port, u8 value)
{
	asm volatile("out %0, %w1" : : "a"(value), "Nd"(port));
}

u8 inb(u16 port)
{
	u8 value;
	asm volatile("in %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

void say(const char *text)
{
	for (; *text; text++) {
		while (!(inb(COM1 + 5) & 0x20))
			;
		outb(COM1, *text);
	}
}

void say_hex(u32 value, u32 digits)
{
	char text[2] = {0, 0};
	while (digits--) {
		text[0] = "0123456789abcdef"[value >> 4 * digits & 15];
		say(text);
	}
}

void fact(const char *what, int holds)
{
	failures += !holds;
	say(holds ? "ok " : "NOT ok ");
	say(what);
	say("\n");
}

void poke(u16 segment, u32 offset, u16 value)
{
	asm volatile("mov %w0, %%gs; movw %w2, %%gs:(%k1)" : : "r"(segment), "r"(offset), "r"(value) : "memory");
}

u16 peek(u16 segment, u32 offset)
{
	u16 value;
	asm volatile("mov %w1, %%gs; movw %%gs:(%k2), %w0"
		     : "=&r"(value) : "r"(segment), "r"(offset) : "memory");
	return value;
}

struct registers call(u8 vector, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	struct registers all = {.eax = eax, .ebx = ebx, .ecx = ecx, .edx = edx, .flags = INTERRUPT};
	bios(vector, &all);
	return all;
}

int failed(const struct registers *all)
{
	return all->flags & CARRY;
}
