/* What the files of this guest share: the primary master by its registers. */
#pragma once
#include "guest.h"
#include "ide.h"
#include "irq.h"

enum { MASTER = 0, SLAVE = 1, DISK_IRQ = 14, WORDS = 256 };
enum {
	NOP = 0x00, DEVICE_RESET = 0x08, RECALIBRATE = 0x10, READ = 0x20, READ_EXT = 0x24, READ_MULTIPLE_EXT = 0x29,
	WRITE = 0x30, WRITE_EXT = 0x34, WRITE_MULTIPLE_EXT = 0x39, VERIFY = 0x40, VERIFY_EXT = 0x42, SEEK = 0x70,
	DIAGNOSTIC = 0x90, INITIALIZE = 0x91, PACKET = 0xa0, IDENTIFY_PACKET = 0xa1, READ_MULTIPLE = 0xc4,
	WRITE_MULTIPLE = 0xc5, SET_MULTIPLE = 0xc6, STANDBY_NOW = 0xe0, IDLE_NOW = 0xe1, CHECK_POWER = 0xe5,
	FLUSH = 0xe7, FLUSH_EXT = 0xea, IDENTIFY = 0xec, SET_FEATURES = 0xef,
};
enum { ABORTED = 4, NOT_FOUND = 0x10, CONTROL = 0, NO_INTERRUPTS = 2, SHOW_PREVIOUS = 0x80, LBA = 0x40, SEEK_DONE = 0x10 };

static inline u8 get(u8 number) { return in8(ide_port(MASTER, number)); }
static inline void put(u8 number, u8 value) { out8(ide_port(MASTER, number), value); }
static inline u8 alternate(void) { return in8(ide_control_port(MASTER)); }
static inline void control(u8 value) { out8(ide_control_port(MASTER), value); }

/* Loads the registers by LBA28, LBA48 or CHS, and sends a command. */
void start(u8 command, u32 lba, u8 count);
void start_ext(u8 command, u64 lba, u16 count);
void start_chs(u8 command, u32 cylinder, u32 head, u32 sector, u8 count);
/* A command whose parameters are count and features. */
void set(u8 command, u8 features, u8 count);
/* Waits for the end of a command or of a block; the status. */
u8 settled(void);
/* Whether a command without data succeeds. */
bool done(void);
/* Whether it fails, with `error` as its reason. */
bool failed(u8 error);
/* Moves blocks of `block` sectors while the disk asks for them; how many sectors were moved. */
u32 take(void *to, u32 block);
u32 give(const void *from, u32 block);

extern u16 words[WORDS];
void identify(void);
extern u32 sectors;
extern u8 buffer[256 * IDE_SECTOR], other[256 * IDE_SECTOR];
/* The first of 16 sectors that are free. */
u32 free_lba(void);
void fill(u8 *bytes, u32 count, u32 seed);

void identity(void);
void settings(void);
void transfers(void);
void errors(void);
void interrupts(void);
