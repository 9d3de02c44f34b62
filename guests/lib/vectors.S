/* 256 entries for exceptions and interrupts, 16 bytes each, and the way from them to on_interrupt() and back.
 * The frame that they build is struct frame in interrupts.h.
 */
#include "layout.h"
	.intel_syntax noprefix
	.section .text
	.global vector_entries
	.cfi_sections .debug_frame		/* for backtraces: what was interrupted is the caller */

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
	.cfi_startproc
	.cfi_def_cfa rsp, 56
	.cfi_offset rip, -40
	.cfi_offset rsp, -16
	.irp	name, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	push	\name
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset \name, 0
	.endr
	cld
	mov	rdi, rsp
	mov	rbx, rsp
	.cfi_def_cfa_register rbx
	and	rsp, -16
	call	on_interrupt
	.cfi_endproc
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
	.cfi_startproc
	.cfi_def_cfa esp, 20
	.cfi_offset eip, -12
	pushad
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset edi, 0
	.cfi_rel_offset esi, 4
	.cfi_rel_offset ebp, 8
	.cfi_rel_offset ebx, 16
	.cfi_rel_offset edx, 20
	.cfi_rel_offset ecx, 24
	.cfi_rel_offset eax, 28
	push	ds
	.cfi_adjust_cfa_offset 4
	push	es
	.cfi_adjust_cfa_offset 4
	mov	eax, DATA32
	mov	ds, eax
	mov	es, eax
	cld
	mov	eax, esp
	push	eax
	.cfi_adjust_cfa_offset 4
	call	on_interrupt
	.cfi_endproc
	add	esp, 4
	pop	es
	pop	ds
	popad
	add	esp, 8
	iretd
#endif
#endif
