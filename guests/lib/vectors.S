/* 256 entries for exceptions and interrupts, 16 bytes each, and the way from them to on_interrupt() and back.
 * The frame that they build is struct frame in interrupts.h.
 */
#include "layout.h"
	.intel_syntax noprefix
	.section .text
	.global vector_entries

#if defined(REAL_MODE)
	.code16
	.balign	16
vector_entries:
	.set	vector, 0
	.rept	256
	.balign	16
	.byte	0x68				/* push vector */
	.word	vector
	jmp	common
	.set	vector, vector + 1
	.endr

common:
	pushad
	push	ds
	push	es
	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	cld
	movzx	esp, sp
	mov	eax, esp
	push	eax
	.code16gcc
	call	on_interrupt
	.code16
	add	sp, 4
	pop	es
	pop	ds
	popad
	add	sp, 2
	iret

#else
	.macro	entries push_opcode
	.set	vector, 0
	.rept	256
	.balign	16
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push	0				/* in place of an error code */
	.endif
	.byte	0x68				/* push vector */
	.long	vector
	jmp	common
	.set	vector, vector + 1
	.endr
	.endm

	.balign	16
vector_entries:
	entries

#if defined(LONG_MODE)
common:
	push	rax
	push	rcx
	push	rdx
	push	rbx
	push	rbp
	push	rsi
	push	rdi
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	cld
	mov	rdi, rsp
	mov	rbx, rsp
	and	rsp, -16
	call	on_interrupt
	mov	rsp, rbx
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rdi
	pop	rsi
	pop	rbp
	pop	rbx
	pop	rdx
	pop	rcx
	pop	rax
	add	rsp, 16
	iretq
#else
common:
	pushad
	push	ds
	push	es
	mov	eax, DATA32
	mov	ds, eax
	mov	es, eax
	cld
	mov	eax, esp
	push	eax
	call	on_interrupt
	add	esp, 4
	pop	es
	pop	ds
	popad
	add	esp, 8
	iretd
#endif
#endif
