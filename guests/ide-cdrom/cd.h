/* What the files of this guest share: the CD drive at the secondary master. */
#pragma once
#include "guest.h"
#include "ide.h"
#include "irq.h"

enum { CD = 2, CD_IRQ = 15, BLOCK = CDROM_SECTOR };
enum {
	DEVICE_RESET = 0x08, READ_SECTORS = 0x20, PACKET = 0xa0, IDENTIFY_PACKET = 0xa1, FLUSH = 0xe7, IDENTIFY = 0xec,
};
enum {
	TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, INQUIRY = 0x12, START_STOP = 0x1b, PREVENT_ALLOW = 0x1e,
	READ_CAPACITY = 0x25, READ_10 = 0x28, READ_TOC = 0x43, GET_EVENT_STATUS = 0x4a, MODE_SENSE_10 = 0x5a, READ_12 = 0xa8,
};
enum { NO_SENSE = 0, NOT_READY = 2, ILLEGAL_REQUEST = 5, UNIT_ATTENTION = 6 };
enum { INVALID_COMMAND = 0x20, OUT_OF_RANGE = 0x21, INVALID_FIELD = 0x24, CHANGED = 0x28, NO_SAVING = 0x39, NO_MEDIUM = 0x3a, LOCKED = 0x53 };
enum { COMMAND_PHASE = 1, DATA_PHASE = 2, STATUS_PHASE = 3, NO_INTERRUPTS = 2, ABORTED = 4, LONGEST = 0xfffe, BY_DMA = 1 };

static inline u8 get(u8 number) { return in8(ide_port(CD, number)); }
static inline void put(u8 number, u8 value) { out8(ide_port(CD, number), value); }
static inline u8 alternate(void) { return in8(ide_control_port(CD)); }
static inline void control(u8 value) { out8(ide_control_port(CD), value); }

extern u8 packet[12], data[8 * BLOCK];
extern u32 capacity;

/* Begins a packet in `packet`; READ(10) has its address and count. */
void make(u8 operation);
void make_read(u32 lba, u32 count);
u32 big(const u8 *bytes, u32 count);
/* Sends PACKET with a byte count limit, and then the packet; the status before the first data, or at the end. */
u8 send(u16 limit, u8 features);
u8 settled(void);
/* Carries out `packet`; how many bytes came to `data` (as many as fit), or -1. */
int run(void);
/* Whether it fails for this reason. */
bool refused(u8 key, u8 code);
/* What REQUEST SENSE tells: key << 8 | code. */
u32 sense(void);

void answers(void);
void transfers(void);
void tray(void);
void dma(void);
