// SPDX-License-Identifier: GPL-2.0-or-later
// INT 11h, 12h and 15h: what the machine has, its memory, A20.

#include "bios.h"

enum { SYSTEM_CONTROL = 0x92, A20 = 0x02, NOT_SUPPORTED = 0x86, SMAP = 0x534D4150 };

void a20_set(int on)
{
	u8 now = inb(SYSTEM_CONTROL) & ~1; // bit 0 resets the processor
	outb(SYSTEM_CONTROL, on ? now | A20 : now & ~A20);
}

int a20_is_on(void)
{
	return inb(SYSTEM_CONTROL) & A20;
}

void int11(Frame *frame)
{
	frame->ax.x = bda()->equipment;
}

void int12(Frame *frame)
{
	frame->ax.x = bda()->base_memory_kib;
}

static int not_supported(Frame *frame)
{
	frame->ax.h = NOT_SUPPORTED;
	return 1;
}

// AX=2400h to 2403h
static int a20_service(Frame *frame)
{
	switch (frame->ax.l) {
	case 0x00:
	case 0x01:
		a20_set(frame->ax.l);
		break;
	case 0x02:
		frame->ax.l = a20_is_on() ? 1 : 0;
		break;
	case 0x03:
		frame->bx.x = 0x0003; // by the keyboard controller, and by port 92h as we do
		break;
	default:
		return not_supported(frame);
	}
	frame->ax.h = 0;
	return 0;
}

// [8254] Latch counter 0 and read it: 1193182 counts a second, downwards, modulo 65536.
static u16 timer_count(void)
{
	outb(0x43, 0x00);
	u8 low = inb(0x40);
	return low | inb(0x40) << 8;
}

static void wait_counts(u32 counts, int let_interrupts_in)
{
	u16 before = timer_count();
	for (u32 passed = 0; passed < counts;) {
		if (let_interrupts_in)
			asm volatile("sti; nop; cli" : : : "memory");
		u16 now = timer_count();
		passed += (u16)(before - now);
		before = now;
	}
}

// AH=86h: wait CX:DX microseconds
static int wait(Frame *frame)
{
	u32 left = (u32)frame->cx.x << 16 | frame->dx.x;
	while (left) {
		u32 now = left < 50000 ? left : 50000;
		wait_counts(now * 1193 / 1000 + 1, frame->flags & INTERRUPT_FLAG);
		left -= now;
	}
	return 0;
}

// A descriptor's base, as the caller of AH=87h has filled it in
static u32 descriptor_base(u32 at)
{
	return (peek32(at + 2) & 0xFFFFFF) | (u32)peek8(at + 7) << 24;
}

// AH=87h: CX words from the third to the fourth descriptor of the table at ES:SI
static int move_block(Frame *frame)
{
	u32 table = linear(frame->es, frame->si.x);
	u32 from = descriptor_base(table + 0x10), to = descriptor_base(table + 0x18);
	int was_on = a20_is_on();
	if (frame->cx.x > 0x8000) {
		frame->ax.h = 2;
		return 1;
	}
	if (!was_on)
		a20_set(1);
	move_extended(from, to, frame->cx.x * 2);
	if (!was_on)
		a20_set(0);
	frame->ax.h = 0;
	set_zero(frame, 1);
	return 0;
}

// AH=88h: KiB above 1 MiB, as far as 16 bits and old programs count
static int extended_memory(Frame *frame)
{
	u32 kib = (memory_below_4g() >> 10) - 1024;
	frame->ax.x = kib > 0xFC00 ? 0xFC00 : kib;
	return 0;
}

// AX=E801h: KiB from 1 to 16 MiB, and 64 KiB from there
static int large_memory(Frame *frame)
{
	u32 kib = (memory_below_4g() >> 10) - 1024, above_16m = 0;
	if (kib > 15 * 1024) {
		above_16m = (kib - 15 * 1024) / 64;
		kib = 15 * 1024;
	}
	frame->ax.x = frame->cx.x = kib;
	frame->bx.x = frame->dx.x = above_16m;
	return 0;
}

// AX=E820h: range number EBX to ES:DI
static int memory_map(Frame *frame)
{
	u32 index = frame->bx.e;
	if (frame->dx.e != SMAP || index >= memory_ranges() || frame->cx.e < sizeof(struct memory_range))
		return not_supported(frame);
	copy_out(linear(frame->es, frame->di.x), memory_range(index), sizeof(struct memory_range));
	frame->ax.e = SMAP;
	frame->bx.e = index + 1 < memory_ranges() ? index + 1 : 0;
	frame->cx.e = sizeof(struct memory_range);
	return 0;
}

// AH=C0h. Features: second 8259A, RTC, INT 15h AH=4Fh, an EBDA.
static int configuration(Frame *frame)
{
	static const struct PACKED {
		u16 bytes;
		u8 model, submodel, revision;
		u8 features[5];
	} table = {8, 0xFC, 0, 0, {0x74, 0x40, 0, 0, 0}};
	frame->es = DATA_SEGMENT;
	frame->bx.x = (u32)&table;
	frame->ax.h = 0;
	return 0;
}

// AX=E881h: the same in 32 bits
static int large_memory_32(Frame *frame)
{
	frame->ax.e = frame->bx.e = frame->cx.e = frame->dx.e = 0;
	return large_memory(frame);
}

// AH=C2h: nothing is plugged into the mouse's port.
static int pointing_device(Frame *frame)
{
	enum { LAST_FUNCTION = 0x09, INVALID_FUNCTION = 0x01, INTERFACE_ERROR = 0x03 };
	frame->ax.h = frame->ax.l > LAST_FUNCTION ? INVALID_FUNCTION : INTERFACE_ERROR;
	return 1;
}

static int by_ax(Frame *frame)
{
	switch (frame->ax.x) {
	case 0xE801:
		return large_memory(frame);
	case 0xE820:
		return memory_map(frame);
	case 0xE881:
		return large_memory_32(frame);
	case 0xC100 ... 0xC1FF: // where the extended data area is
		frame->es = bda()->ebda_segment;
		return 0;
	default:
		return not_supported(frame);
	}
}

// Whether it failed: the carry flag
static int serve(Frame *frame)
{
	switch (frame->ax.h) {
	case 0x24:
		return a20_service(frame);
	case 0x4F: // nobody translates the scan code: take it as it is
		return 1;
	case 0x53:
		return apm_service(frame);
	case 0x83:
		return clock_event(frame);
	case 0x86:
		return wait(frame);
	case 0x87:
		return move_block(frame);
	case 0x88:
		return extended_memory(frame);
	case 0x52: // a disc may be ejected, a system request key is ignored
	case 0x85:
	case 0x90: // a device waits, a device is done: nobody else wants to run
	case 0x91:
		frame->ax.h = 0;
		return 0;
	case 0xC0:
		return configuration(frame);
	case 0xC2:
		return pointing_device(frame);
	default:
		return by_ax(frame);
	}
}

void int15(Frame *frame)
{
	set_carry(frame, serve(frame));
}
