/* SPDX-License-Identifier: GPL-2.0-or-later */
/* void move_extended(u32 from, u32 to, u32 bytes): a copy anywhere below 4 GiB, by a short visit to
   protected mode. Interrupts are off throughout; the caller's GDT register is put back. */

#include "segments.h"

	.intel_syntax noprefix
	.code16

	.section .rodata.move, "a"
	.align 8
descriptors:
	.quad 0
	.quad 0x00009B0F0000FFFF	/* 08: our code, 16 bits */
	.quad 0x00CF93000000FFFF	/* 10: everything */
	.quad 0x000093000000FFFF	/* 18: 64 KiB, the limit that real mode wants back */
descriptors_end:
table:
	.word descriptors_end - descriptors - 1
	.long DATA_BASE + descriptors

	.section .text.move, "ax"
	.globl move_extended
move_extended:
	push ebx
	push esi
	push edi
	mov esi, eax
	mov edi, edx
	sub esp, 8
	data32 sgdt [esp]
	data32 lgdt [table]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	.byte 0xEA
	.word 1f, 0x08
1:	mov bx, 0x10
	mov ds, bx
	mov es, bx
	mov ebx, ecx
	shr ecx, 2
	rep movs dword ptr es:[edi], dword ptr [esi]
	mov ecx, ebx
	and ecx, 3
	rep movs byte ptr es:[edi], byte ptr [esi]
	mov bx, 0x18
	mov ds, bx
	mov es, bx
	and al, 0xFE
	mov cr0, eax
	.byte 0xEA
	.word 2f, CODE_SEGMENT
2:	mov bx, DATA_SEGMENT
	mov ds, bx
	mov es, bx
	data32 lgdt [esp]
	add esp, 8
	pop edi
	pop esi
	pop ebx
	data32 ret
