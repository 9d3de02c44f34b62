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
#if defined(LONG_MODE)
#define WORD		8
#define FRAME		40			/* what the processor pushes, but for an error code */
#else
#define WORD		4
#define FRAME		12
#endif
	.macro	entries push_opcode
	.set	vector, 0
	.rept	256
	.balign	16
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	.cfi_def_cfa_offset FRAME
	push	0				/* in place of an error code */
	.endif
	.cfi_def_cfa_offset FRAME + WORD
	.byte	0x68				/* push vector */
	.long	vector
	.cfi_def_cfa_offset FRAME + 2 * WORD
	jmp	common
	.set	vector, vector + 1
	.endr
	.endm

#if defined(LONG_MODE)
	.cfi_startproc
	.cfi_def_cfa rsp, FRAME
	.cfi_offset rip, -40
	.cfi_offset rsp, -16
#else
	.cfi_startproc
	.cfi_def_cfa esp, FRAME
	.cfi_offset eip, -12
#endif
	.balign	16
vector_entries:
	entries

#if defined(LONG_MODE)
common:
	.cfi_def_cfa_offset FRAME + 2 * WORD
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
	mov	rsp, rbx
	.cfi_def_cfa_register rsp
	.irp	name, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax
	pop	\name
	.cfi_adjust_cfa_offset -8
	.cfi_restore \name
	.endr
	add	rsp, 16
	.cfi_adjust_cfa_offset -16
	iretq
	.cfi_endproc
#else
common:
	.cfi_def_cfa_offset FRAME + 2 * WORD
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
	add	esp, 4
	.cfi_adjust_cfa_offset -4
	pop	es
	.cfi_adjust_cfa_offset -4
	pop	ds
	.cfi_adjust_cfa_offset -4
	popad
	.cfi_adjust_cfa_offset -32
	.irp	name, edi, esi, ebp, ebx, edx, ecx, eax
	.cfi_restore \name
	.endr
	add	esp, 8
	.cfi_adjust_cfa_offset -8
	iretd
	.cfi_endproc
#endif
#endif
