/* The first instructions of a part: calls main, then finish. chain.S has set the mode. */
#include "layout.h"
	.intel_syntax noprefix
	.section .text.start, "ax"
	.global _start, leave_for
_start:
#if defined(REAL_MODE)
	.code16gcc
	xor	eax, eax
	mov	ds, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	mov	ss, ax
	mov	esp, STACK_TOP
#elif defined(LONG_MODE)
	.code64
	mov	eax, DATA32
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	mov	esp, STACK_TOP
#else
	.code32
	mov	esp, STACK_TOP
#endif
	call	main
	call	finish

/* leave_for(far_pointer, dl): goes to real mode at segment:offset for good; interrupts off. */
leave_for:
#if defined(REAL_MODE)
	mov	eax, [esp + 4]
	mov	edx, [esp + 8]
	mov	esp, STACK_TOP
	.code16
	push	eax
	retf
#elif defined(LONG_MODE)
	cli
	mov	eax, edi
	mov	edx, esi
	lgdt	leave_gdt_pointer
	push	CODE32
	push	CHAIN + CHAIN_LEAVE
	rex.W retf
	.balign	8
leave_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
leave_gdt_pointer:
	.word	23
	.quad	leave_gdt
#else
	cli
	mov	eax, [esp + 4]
	mov	edx, [esp + 8]
	lgdt	leave_gdt_pointer
	mov	ecx, DATA32
	mov	ds, ecx
	mov	ss, ecx
	mov	esp, STACK_TOP
	.byte	0xea				/* jmp CODE32:leave */
	.long	CHAIN + CHAIN_LEAVE
	.word	CODE32
	.balign	8
leave_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
leave_gdt_pointer:
	.word	23
	.long	leave_gdt
#endif
