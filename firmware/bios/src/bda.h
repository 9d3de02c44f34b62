/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BIOS data area at 0040:0000, by its customary layout. */
#pragma once

#include "memory.h"

#define BDA_SEGMENT 0x40
#define EBDA_SEGMENT 0x9FC0 /* the last KiB below 640 KiB */
#define BASE_MEMORY_KIB 639

struct PACKED bda {
	u16 com_ports[4];      /* 00 */
	u16 lpt_ports[3];      /* 08 */
	u16 ebda_segment;      /* 0e */
	u16 equipment;	       /* 10 */
	u8 reserved_12;
	u16 base_memory_kib;   /* 13 */
	u8 reserved_15[2];
	u8 shift_flags;	       /* 17 */
	u8 shift_keys_held;    /* 18 */
	u8 alt_keypad;	       /* 19 */
	u16 key_head, key_tail; /* 1a, 1c: offsets into this segment */
	u16 keys[16];	       /* 1e */
	u8 floppy[11];	       /* 3e */
	u8 video_mode;	       /* 49 */
	u16 columns;	       /* 4a */
	u16 page_bytes;	       /* 4c */
	u16 page_offset;       /* 4e */
	u16 cursors[8];	       /* 50: row in the high byte */
	u16 cursor_shape;      /* 60 */
	u8 page;	       /* 62 */
	u16 crtc_port;	       /* 63 */
	u8 mode_control, palette; /* 65, 66: a CGA's registers */
	u32 resume_at;	       /* 67: where a reset with shutdown status 5 or 10 goes on */
	u8 reserved_6b;
	u32 ticks;	       /* 6c: since midnight */
	u8 midnights;	       /* 70 */
	u8 break_pressed;      /* 71 */
	u16 reset_flag;	       /* 72 */
	u8 disk_status;	       /* 74 */
	u8 disk_count;	       /* 75 */
	u8 reserved_76[2];
	u8 lpt_timeouts[4];    /* 78 */
	u8 com_timeouts[4];    /* 7c */
	u16 keys_start, keys_end; /* 80, 82 */
	u8 last_row;	       /* 84 */
	u16 character_height;  /* 85 */
	u8 video_control;      /* 87: 0x80 = memory was kept, 0x60 = 256 KiB, 1 = cursor shapes are taken as they are */
	u8 video_switches;     /* 88 */
	u8 vga_flags;	       /* 89 */
	u8 display_code;       /* 8a: index, not the code */
	u8 reserved_8b[11];
	u8 keyboard_mode;      /* 96: 0x10 = 101 keys, 2 = an E0 prefix was seen, 1 = E1 */
	u8 keyboard_leds;      /* 97 */
	u32 wait_flag;	       /* 98: whose bit 7 says that the time is over, segment:offset */
	u32 wait_us;	       /* 9c: left */
	u8 wait_active;	       /* a0 */
};

static inline struct bda FAR *bda(void)
{
	select_segment(BDA_SEGMENT);
	return (struct bda FAR *)0;
}
