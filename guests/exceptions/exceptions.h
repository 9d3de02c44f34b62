/* What the files of this guest share: its selectors and its chapters. */
#pragma once
#include "control.h"
#include "cpuid.h"
#include "descriptors.h"
#include "guest.h"
#include "memory.h"
#include "try.h"

enum {
	ABSENT_DATA = FREE_SELECTOR,
	ABSENT_CODE = ABSENT_DATA + 8,
	EXECUTE_ONLY = ABSENT_DATA + 0x10,
	READ_ONLY = ABSENT_DATA + 0x18,
	CONFORMING_CODE = ABSENT_DATA + 0x20,
	GATE = ABSENT_DATA + 0x28,		/* two entries in long mode */
	SECOND_TSS = ABSENT_DATA + 0x38,	/* two entries in long mode */
	ABSENT_TSS = ABSENT_DATA + 0x48,
	LOCAL_TABLE = ABSENT_DATA + 0x58,	/* two entries in long mode */
	BODY_16 = ABSENT_DATA + 0x68,
	HANDLER_16 = ABSENT_DATA + 0x70,
	BEYOND = 0x200,				/* the first selector past the GDT */
};

#ifdef LONG_MODE
#define SP	"rsp"
#define IRET	"iretq"
#else
#define SP	"esp"
#define IRET	"iretd"
#endif

/* IDT vectors that nothing else uses. */
enum { SPARE = 0x40, LAST = 0x5f, BEYOND_IDT = 0x60 };
/* The error code for a vector: in long mode, too, the index is the vector; TCG counts entries of 8 bytes there. */
#define IDT_ERROR(vector)	((vector) * (sizeof(word) == 8 && on_tcg() ? 16 : 8) + 2)

void add_segments(void);
void instructions(void);
void segments(void);
void user(void);
void pages(void);
void tasks(void);
void long_mode(void);
