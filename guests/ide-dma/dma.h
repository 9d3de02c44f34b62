/* What the files of this guest share: the primary master, and the bus master of its channel. */
#pragma once
#include "guest.h"
#include "ide.h"
#include "irq.h"
#include "pci.h"

enum { MASTER = 0, DISK_IRQ = 14, SECTOR = IDE_SECTOR, LARGEST = 0x10000 };
enum { READ = 0x20, READ_DMA = 0xc8, WRITE_DMA = 0xca, READ_DMA_EXT = 0x25, WRITE_DMA_EXT = 0x35, FLUSH = 0xe7 };
enum { BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4, BM_SECONDARY = 8 };
enum { BM_START = 1, BM_TO_MEMORY = 8 };
enum { BM_ACTIVE = 1, BM_ERROR = 2, BM_INTERRUPT = 4, BM_DRIVES = 0x60 };

struct descriptor {
	u32 address;
	u16 count, last;
};
enum { LAST = 0x8000 };

extern u16 bus_master;		/* its first port */
extern struct descriptor table[512];
extern u32 sectors;

static inline u8 bm_get(u16 number) { return in8((u16)(bus_master + number)); }
static inline void bm_put(u16 number, u8 value) { out8((u16)(bus_master + number), value); }

/* Where data goes to and comes from. */
#define ONE	((u8 *)0x400000)
#define OTHER	((u8 *)0x500000)

/* Puts a descriptor into the table. */
void describe(u32 index, const void *address, u32 count, bool last);
/* Clears the status, aims at `at`, sends the command and starts the bus master. */
void begin_at(const struct descriptor *at, u8 command, u32 lba, u32 count);
void begin(u8 command, u32 lba, u32 count);
/* Waits for the disk's interrupt; the bus master's status then, which is stopped and cleared afterwards. */
u8 end(void);
void send_command(u8 command, u32 lba, u32 count);
/* The same sectors by PIO. */
void by_pio(u8 *to, u32 lba, u32 count);
void fill(u8 *bytes, u32 count, u32 seed);
u32 free_lba(void);
void reset_channel(void);

void tables(void);
void endings(void);
