/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows the header of a test option ROM, from offset 0x40 on: it says where and for which card it runs,
   hooks INT 61h, and offers to boot the machine. tests/option_roms.py puts the header before it. */

	.intel_syntax noprefix
	.code16
	.equ COM1, 0x3F8
	.equ EXIT, 0xF4
	.equ HOOKED, 0x61 * 4

	.section .text, "ax"
	.globl _start
_start:					/* offset 0x40: called far by POST, AX = bus, device and function */
	jmp initialise

	.org 0x10			/* offset 0x50: the PnP header. [BBS] 3.1 */
	.ascii "$PnP"
	.byte 1, 2			/* revision, paragraphs */
	.word 0				/* no other header */
	.byte 0, 0
	.long 0
	.word maker, product
	.byte 2, 0, 0, 0x04		/* a network card, from which the machine can boot */
	.word 0, 0, boot, 0, 0
maker:	.asciz "emu"
product: .asciz "test ROM"

initialise:
	pushad
	push ds
	push es
	push cs
	pop ds
	mov [card], ax
	cmp dword ptr es:[di], 0x506E5024 /* "$PnP" */
	jne 1f
	mov byte ptr [pnp], 'P'
1:	mov si, offset here
	call say
	mov ax, cs
	call say_hex
	mov al, ' '
	call put
	mov ax, [card]
	call say_hex
	mov al, ' '
	call put
	mov al, [pnp]
	call put
	mov si, offset line_end
	call say
	xor ax, ax
	mov es, ax
	mov word ptr es:[HOOKED], offset hooked
	mov es:[HOOKED + 2], cs
	pop es
	pop ds
	call mend_sum
	popad
	mov ax, 0x20			/* it can boot the machine */
	retf

	/* The image has changed and must sum to 0 again: its last byte makes up for it. */
mend_sum:
	xor si, si
	xor bx, bx
	movzx cx, byte ptr cs:[2]
	shl cx, 9
2:	add bl, cs:[si]
	inc si
	loop 2b
	sub cs:[si - 1], bl
	ret

hooked:
	mov ax, 0x4B4F			/* "OK" */
	mov bx, cs:[card]
	iret

boot:	push cs
	pop ds
	mov si, offset booted
	mov dx, COM1
3:	lodsb
	out dx, al
	cmp al, '\n'
	jne 3b
	mov dx, EXIT
	xor al, al
	out dx, al
4:	hlt
	jmp 4b

say_hex:				/* AX in four digits */
	mov cx, 4
5:	rol ax, 4
	push ax
	and al, 0x0F
	add al, '0'
	cmp al, '9'
	jbe 6f
	add al, 'A' - '9' - 1
6:	call put
	pop ax
	loop 5b
	ret

say:	lodsb
	test al, al
	jz 7f
	call put
	jmp say
7:	ret

put:	pushad
	mov ah, 0x0E
	xor bx, bx
	int 0x10
	popad
	ret

card:	.word 0
pnp:	.byte '-'
here:	.asciz "test ROM at "
line_end: .asciz "\r\n"
booted:	.ascii "booted by the ROM\n"
