/* What the files of this guest share. */
#pragma once
#include "guest.h"
#include "interrupts.h"

/* Buffers that addresses of 16 bits reach in every mode; the part in real mode lies below. */
enum { SOURCE = 0x8000, TARGET = 0x9000, BUFFER = 128, MIDDLE = 64 };

enum { CF = 1, ZF = 0x40, DF = 0x400 };
enum kind { MOVS, STOS, LODS, SCAS, CMPS };
enum prefix { NO_PREFIX, REPEAT, REPEAT_NOT };

/* A routine of routines.S: one string instruction and RET. */
struct routine {
	word code;
	u8 kind, width, prefix, narrow;	/* narrow: with the prefix 67h */
} __attribute__((packed));
extern const struct routine routines[], routines_end[];

struct registers {
	word si, di, cx, ax, flags;
};

static inline void run_routine(word code, struct registers *registers)
{
	__asm__ volatile("push %4\n\tpopf\n\tcall %5\n\tpushf\n\tpop %4\n\tcld"
		: "+S"(registers->si), "+D"(registers->di), "+c"(registers->cx), "+a"(registers->ax),
		  "+b"(registers->flags) : "d"(code) : "memory", "cc");
}

void ticks_and_shadows(void);
void ports(void);
void faults(void);
