/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The far call into an option ROM, and what it finds there. [BBS] 3.1; [PCI] 6.3.3.1. */

#include "segments.h"

	.intel_syntax noprefix
	.code16

	.section .text.option_roms, "ax"

	/* void call_option_rom(u32 address, u32 ax) */
	.globl call_option_rom
call_option_rom:
	pushad
	push fs
	push gs
	mov cx, CODE_SEGMENT
	mov es, cx
	mov edi, offset pnp_check
	mov ebx, 0xFFFF			/* no PnP card select number, no PnP read port */
	mov esi, ebx
	push cs
	push offset 1f
	push eax
	mov eax, edx
	mov edx, esi
	xor ecx, ecx
	xor esi, esi
	xor ebp, ebp
	sti
	retf
1:	cli
	cld
	movzx esp, sp
	mov ax, DATA_SEGMENT
	mov ds, ax
	mov es, ax
	pop gs
	pop fs
	popad
	data32 ret

	/* The PnP BIOS's entry: none of its functions is here. [PnP BIOS] 4.4.1. */
	.globl pnp_entry
pnp_entry:
	mov ax, 0x82
	retf
