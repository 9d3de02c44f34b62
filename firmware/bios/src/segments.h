/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the BIOS lives; shared by C and assembler. */
#pragma once

#define CODE_SEGMENT 0xF000
#define DATA_SEGMENT 0xE800 /* .rodata, .data, .bss and the stack: shadow RAM at E8000-EFFFF */
#define DATA_BASE 0xE8000
#define STACK_SLICE 0x800 /* what each call from a foreign stack gets of ours */

#define CARRY_FLAG 0x0001
#define ZERO_FLAG 0x0040
#define INTERRUPT_FLAG 0x0200
