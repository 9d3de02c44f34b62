/* How the parts in real mode call the BIOS. */
#pragma once
#include "guest.h"
#include "memory.h"

/* As call.S has them. */
struct registers {
	u32 ax, bx, cx, dx, si, di, bp;
	u16 ds, es, flags, fs, gs;
} __attribute__((packed));

enum { CARRY = 1, ZERO = 0x40, INTERRUPTS = 0x200 };

void bios(u32 vector, struct registers *registers);
/* The same for services that need no more than these; interrupts are on, segments 0. */
struct registers call(u8 vector, u32 ax, u32 bx, u32 cx, u32 dx);
struct registers call_at(u8 vector, u32 ax, u32 dx, const void *si, void *di);

static inline bool failed(const struct registers *after) { return after->flags & CARRY; }
static inline u8 low(u32 value) { return (u8)value; }
static inline u8 high(u32 value) { return (u8)(value >> 8); }

#include "seabios.h"

void on_tick(void);
void on_alarm(void);
extern volatile u16 ticks_counted, alarms_counted;

/* What survives a boot, far from where anything is loaded: how often we booted, and what was checked so far. */
enum { KEPT = 0x8f000, KEPT_MAGIC = 0x6b657074 };
enum { KEPT_STAGE = KEPT + 4, KEPT_CHECKS = KEPT + 8, KEPT_FAILURES = KEPT + 12, KEPT_DRIVE = KEPT + 16 };
enum stage { FROM_DISK, FROM_DISK_AGAIN, FROM_CD };
/* Goes to the BIOS by INT `vector` (18h or 19h), to be booted once more as `stage`. */
void boot_again(u8 vector, enum stage stage) __attribute__((noreturn));
/* What this boot is. */
enum stage stage(void);
