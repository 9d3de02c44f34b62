/* Begins the parts of a guest one after the other, each in the mode that it was built for.
 *
 * A guest is made of parts, programs for real, protected or long mode. The boot sector loads all of them,
 * behind this code, to 10000; make_image.py writes the directory. Linked at 0, run at CHAIN_SEGMENT:0.
 */
#include "layout.h"
	.intel_syntax noprefix
	.section .text
	.global _start
	.code16
_start:
	jmp	start
	.org	CHAIN_NEXT
	jmp	next
	.org	CHAIN_BOOT
	jmp	boot
	.org	CHAIN_LEAVE
	.code32
	jmp	leave
	.org	CHAIN_DIRECTORY
index:		.word	0
count:		.word	0
	.balign	16
entries:					/* mode (0 real, 1 protected, 2 long), address, size, 0 */
	.org	0x100

	.code16
boot:
	cld
	mov	ax, BOOT_BUFFER / 16
	mov	ds, ax
	xor	ax, ax
	mov	es, ax
	xor	si, si
	mov	di, 0x7c00
	mov	cx, BOOT_SIZE / 2
	rep movsw
	mov	ds, ax
	jmp	0:0x7c00

start:
	cli
	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	mov	di, SHARED
	mov	cx, 32
	rep stosb
	mov	ds:[SHARED], dl
next:
	cli
	cld
	xor	ax, ax
	mov	es, ax
	mov	ss, ax
	mov	esp, STACK_TOP
	mov	ax, cs
	mov	ds, ax
	mov	bx, index
	inc	word ptr index
	mov	ax, count
	sub	ax, index
	mov	es:[SHARED + 1], al		/* parts that follow */
	shl	bx, 4
	add	bx, offset entries
	cmp	word ptr [bx], 0
	jne	not_real
	mov	ecx, [bx + 8]
	mov	eax, [bx + 4]
	shr	eax, 4
	mov	ds, ax
	xor	si, si
	mov	di, REAL_BASE
	rep movsb
	jmp	0:REAL_BASE

not_real:
	mov	ebp, [bx]
	mov	ebx, [bx + 4]
	call	enable_a20
	lgdt	gdt_pointer
	mov	eax, cr0
	or	al, 1
	mov	cr0, eax
	.byte	0x66, 0xea			/* jmp CODE32:protected */
	.long	CHAIN + protected
	.word	CODE32

enable_a20:
	in	al, 0x92
	test	al, 2
	jnz	1f
	or	al, 2
	and	al, 0xfe
	out	0x92, al
1:	ret

	.code32
protected:
	mov	eax, DATA32
	mov	ds, eax
	mov	es, eax
	mov	fs, eax
	mov	gs, eax
	mov	ss, eax
	mov	esp, STACK_TOP
	cmp	ebp, 2
	je	to_long
	jmp	ebx

to_long:
	mov	edi, PAGE_TABLES
	mov	ecx, 0x6000 / 4
	xor	eax, eax
	rep stosd
	mov	dword ptr [PAGE_TABLES], PAGE_TABLES + 0x1003
	mov	eax, PAGE_TABLES + 0x2003
	mov	edi, PAGE_TABLES + 0x1000
	mov	ecx, 4
1:	mov	[edi], eax
	add	eax, 0x1000
	add	edi, 8
	loop	1b
	mov	eax, 0x83
	mov	edi, PAGE_TABLES + 0x2000
	mov	ecx, 2048
1:	mov	[edi], eax
	add	eax, 0x200000
	add	edi, 8
	loop	1b
	mov	eax, cr4
	or	eax, 0x20
	mov	cr4, eax
	mov	eax, PAGE_TABLES
	mov	cr3, eax
	mov	ecx, 0xc0000080
	rdmsr
	bts	eax, 8
	wrmsr
	mov	eax, cr0
	bts	eax, 31
	mov	cr0, eax
	push	CODE64
	push	ebx
	retf

leave:						/* paging may be on, in long mode we are in compatibility mode */
	cli
	mov	ebp, eax
	mov	ebx, edx
	lgdt	[CHAIN + gdt_pointer]
	lidt	[CHAIN + ivt_pointer]
	mov	eax, cr0
	btr	eax, 31
	mov	cr0, eax
	xor	eax, eax
	mov	cr3, eax
	mov	cr4, eax
	mov	ecx, 0xc0000080
	rdmsr
	xor	eax, eax
	wrmsr
	jmp	CODE16:leave16
	.code16
leave16:
	mov	ax, DATA16
	mov	ds, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	mov	ss, ax
	mov	eax, cr0
	and	al, 0xfe
	mov	cr0, eax
	jmp	CHAIN_SEGMENT:1f
1:	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	mov	ss, ax
	mov	esp, STACK_TOP
	mov	dl, bl
	push	ebp
	retf

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff		/* CODE32 */
	.quad	0x00cf93000000ffff		/* DATA32 */
	.quad	0x00009b010000ffff		/* CODE16 */
	.quad	0x000093000000ffff		/* DATA16 */
	.quad	0x00af9b000000ffff		/* CODE64 */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	CHAIN + gdt
ivt_pointer:
	.word	0x3ff
	.long	0
	.balign	16
