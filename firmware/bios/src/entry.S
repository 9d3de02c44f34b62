/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the reset vector to POST, and from the boot loader's choice to the boot sector. */

#include "segments.h"

	.intel_syntax noprefix
	.code16

	.section .reset, "ax"
	.globl reset_vector
reset_vector:
	.byte 0xEA			/* jmp far: the first one makes CS an ordinary segment */
	.word power_on, CODE_SEGMENT
	.ascii "01/01/25"
	.byte 0
	.byte 0xFC, 0			/* model: PC AT */

	.section .entry, "ax"
	.globl power_on
power_on:
	jmp start

	.section .text.entry, "ax"
start:
	cli
	cld
	mov al, 0x8F			/* CMOS shutdown status: why are we here? */
	out 0x70, al
	in al, 0x71
	mov bl, al
	mov al, 0x8F
	out 0x70, al
	xor eax, eax
	out 0x71, al
	cmp bl, 5
	je resume_after_eoi
	cmp bl, 10
	je resume

	mov eax, 0x8000005C		/* [440FX] PAM6: reads and writes of E8000-EFFFF go to RAM */
	mov dx, 0xCF8
	out dx, eax
	mov dx, 0xCFF
	mov al, 0x33
	out dx, al

	mov ax, DATA_SEGMENT
	mov es, ax
	mov ss, ax
	mov esp, offset stack_end
	mov si, offset data_image
	xor di, di
	mov cx, offset data_dwords
	rep movs dword ptr es:[di], dword ptr cs:[si]
	xor eax, eax
	mov cx, offset bss_dwords
	rep stosd
	push ss
	pop ds
	data32 call post

	/* An 80286 program left protected mode by a reset and wants to go on at 0040:0067. */
resume_after_eoi:
	mov al, 0x20
	out 0xA0, al
	out 0x20, al
resume:
	mov ax, 0x40
	mov ds, ax
	jmp dword ptr [0x67]

	/* INT 19h and INT 18h do not return: they start over on an empty stack. */
	.globl int19_entry, int18_entry
int19_entry:
	mov ecx, offset boot_first
	jmp boot
int18_entry:
	mov ecx, offset boot_next
boot:
	cli
	cld
	mov ax, DATA_SEGMENT
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov esp, offset stack_end
	mov word ptr [stack_top], offset stack_end - STACK_SLICE
	call ecx

	/* void launch(u32 address, u32 drive): jump to segment:offset as a boot sector expects to be met. */
	.globl launch
launch:
	mov ecx, eax
	xor eax, eax
	mov ds, ax
	mov es, ax
	mov fs, ax
	mov gs, ax
	mov ss, ax
	mov esp, 0x7C00
	push INTERRUPT_FLAG
	push ecx			/* segment above offset: what IRET pops */
	xor ebx, ebx
	xor ecx, ecx
	xor esi, esi
	xor edi, edi
	xor ebp, ebp
	iret
