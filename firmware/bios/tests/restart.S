/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot sector that restarts the machine in each way that programs know, and boots again after each.
   CMOS byte 0x50 counts. The last restart is that of an 80286 program: it goes on at 0040:0067. */

	.intel_syntax noprefix
	.code16
	.globl _start
_start:
	xor ax, ax
	mov ds, ax
	mov ss, ax
	mov esp, 0x7C00
	mov al, 0x50
	out 0x70, al
	in al, 0x71
	inc ax
	mov bl, al
	mov al, 0x50
	out 0x70, al
	mov al, bl
	out 0x71, al
	add al, '0'			/* the COM1 of a machine just reset: 9600 baud or whatever */
	mov dx, 0x3F8
	out dx, al
	cmp bl, 1
	je by_jump
	cmp bl, 2
	je by_keyboard_controller
	cmp bl, 3
	je by_chipset
	cmp bl, 4
	je by_triple_fault
	mov word ptr [0x467], offset resumed
	mov word ptr [0x469], 0
	mov al, 0x0F
	out 0x70, al
	mov al, 0x0A
	out 0x71, al
	jmp by_jump			/* QEMU forgets the shutdown status at a reset: come in by the vector */
by_keyboard_controller:
	mov al, 0xFE
	out 0x64, al
	jmp wait
by_chipset:
	mov dx, 0xCF9
	mov al, 6
	out dx, al
	jmp wait
by_triple_fault:
	lidt [nothing]
	int3
by_jump:
	mov dx, 0x1F6			/* leave the disk in the middle of a transfer */
	mov al, 0xE0
	out dx, al
	inc dx
	mov al, 0xEC
	out dx, al
	.byte 0xEA
	.word 0, 0xFFFF
wait:
	hlt
	jmp wait

resumed:
	mov al, 'R'
	mov dx, 0x3F8
	out dx, al
	xor al, al
	out 0xF4, al
	jmp wait

nothing:
	.word 0
	.long 0

	.org 510
	.word 0xAA55
