/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of whoever called an interrupt, as interrupts.S keeps them on the caller's own stack.

   What a service writes here is what the caller finds, flags included. FS selects the caller's stack
   throughout a service; nothing in C changes it. */
#pragma once

#include "segments.h"
#include "types.h"

union reg {
	u32 e;
	u16 x;
	struct {
		u8 l, h;
	};
};

struct PACKED frame {
	u16 gs, fs, es, ds;
	union reg di, si, bp, sp, bx, dx, cx, ax;
	u16 handler;
	u16 ip, cs, flags;
};

typedef struct frame __seg_fs Frame;

static inline void set_carry(Frame *frame, int carry)
{
	frame->flags = carry ? frame->flags | CARRY_FLAG : frame->flags & ~CARRY_FLAG;
}

static inline void set_zero(Frame *frame, int zero)
{
	frame->flags = zero ? frame->flags | ZERO_FLAG : frame->flags & ~ZERO_FLAG;
}

/* Call the handler of `vector` as INT would, with AX = `ax` and carry set; AX, and the flags above it. */
u32 call_interrupt(u32 vector, u32 ax);
