/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way into C and back for every interrupt.

   The caller's registers stay on the caller's stack, where FS:EAX shows them to the service as a `struct
   frame`. The service itself runs on ours, because compiled code wants SS = DS: each call from a foreign
   stack takes a slice of it, so that a program which calls us from inside an interrupt that it took
   while we waited does not meet what we left there. A call from our own stack stays on it. */

#include "segments.h"

	.intel_syntax noprefix
	.code16

	.section .data.stack, "aw"
	.globl stack_top
stack_top:
	.word stack_end - STACK_SLICE

	.section .text.interrupts, "ax"

	.macro service name
	.globl \name\()_entry
\name\()_entry:
	push offset \name
	jmp enter
	.endm

	service int08
	service int09
	service int10
	service int11
	service int12
	service int13
	service int14
	service int15
	service int16
	service int17
	service int70
	service irq_master
	service irq_slave

	/* The PCI BIOS works on registers, on any stack. */
	.globl int1a_entry
int1a_entry:
	cmp ah, 0xB1
	je pci_interrupt
	push offset int1a
	jmp enter

	.globl iret_entry
iret_entry:
	iret

enter:
	cli				/* a program may have come here by PUSHF and CALL */
	cld
	pushad
	push ds
	push es
	push fs
	push gs
	mov ebx, esp			/* all of it: the upper half is the caller's, too */
	mov ax, ss
	mov fs, ax
	mov cx, DATA_SEGMENT
	mov ds, cx
	mov es, cx
	movzx edx, sp
	xor esi, esi
	cmp ax, cx
	je 1f
	mov si, STACK_SLICE
	mov ss, cx
	movzx esp, word ptr [stack_top]
	jmp 2f
1:	movzx esp, sp
2:	sub word ptr [stack_top], si
	push ebx
	push esi
	mov eax, edx
	movzx edx, word ptr fs:[edx + 40]	/* frame.handler */
	call edx
	cli
	pop esi
	pop ebx
	add word ptr [stack_top], si
	mov ax, fs
	mov ss, ax
	mov esp, ebx
	pop gs
	pop fs
	pop es
	pop ds
	popad
	lea esp, [esp + 2]		/* the handler */
	iret

	/* u32 call_interrupt(u32 vector, u32 ax) */
	.globl call_interrupt
call_interrupt:
	push ebx
	push esi
	push edi
	push ebp
	push ds
	push es
	push fs
	push gs
	mov bx, ax
	shl bx, 2
	xor ax, ax
	mov es, ax
	mov eax, edx
	stc
	pushf
	call dword ptr es:[bx]
	pushf
	cli
	cld
	movzx eax, ax
	pop cx
	shl ecx, 16
	or eax, ecx
	pop gs
	pop fs
	pop es
	pop ds
	pop ebp
	pop edi
	pop esi
	pop ebx
	data32 ret
