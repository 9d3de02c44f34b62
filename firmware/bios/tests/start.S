/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sector 0 of a disk, or the start of an El Torito image: bring in the rest, then run it with all
   segments 0 and the stack below 0xFFF0. From a CD everything is in memory already. */

	.intel_syntax noprefix
	.code16

	.section .boot, "ax"
	.globl start
start:
	xor ax, ax
	mov ds, ax
	mov es, ax
	cmp dl, 0xE0
	jae 1f
	mov si, offset packet
	mov ah, 0x42
	int 0x13
	jc failed
1:	xor ax, ax
	mov ss, ax
	mov esp, 0xFFF0
	mov di, offset bss_start
	mov cx, offset bss_dwords
	xor eax, eax
	rep stosd
	movzx eax, dl
	push eax
	data32 call run
failed:
	mov dx, 0x3F8
	mov al, '!'
	out dx, al
	mov al, 4
	out 0xF4, al
	cli
	hlt
	jmp failed

	.align 4
packet:
	.byte 16, 0
	.word program_sectors
	.word 0x7E00, 0
	.quad 1

	/* void bios(u32 vector, struct registers *all): INT with every register given and every one taken
	   back. Dwords EAX EBX ECX EDX ESI EDI EBP, words DS ES FLAGS FS GS, dword ESP's upper half. */
	.section .text.bios, "ax"
	.globl bios
bios:
	pushad
	pushfd
	mov al, [esp + 40]
	mov byte ptr [number], al
	jmp 1f				/* the instruction below has changed */
1:	mov ebp, [esp + 44]
	mov [block], ebp
	mov eax, [ebp + 0]
	mov ebx, [ebp + 4]
	mov ecx, [ebp + 8]
	mov edx, [ebp + 12]
	mov esi, [ebp + 16]
	mov edi, [ebp + 20]
	or esp, 0xABCD0000
	mov fs, [ebp + 34]
	mov gs, [ebp + 36]
	mov es, [ebp + 30]
	push word ptr [ebp + 32]
	push word ptr [ebp + 28]
	mov ebp, [ebp + 24]
	pop ds
	popf
	.byte 0xCD
number:	.byte 0
	push ds				/* through CS: DS may be anything */
	push ebp
	pushf
	push 0
	pop ds
	mov ebp, [block]
	mov [ebp + 0], eax
	pop word ptr [ebp + 32]
	pop dword ptr [ebp + 24]
	pop word ptr [ebp + 28]
	mov [ebp + 4], ebx
	mov [ebp + 8], ecx
	mov [ebp + 12], edx
	mov [ebp + 16], esi
	mov [ebp + 20], edi
	mov [ebp + 30], es
	mov [ebp + 34], fs
	mov [ebp + 36], gs
	mov [ebp + 38], esp
	movzx esp, sp
	xor ax, ax
	mov es, ax
	cld
	popfd
	popad
	data32 ret

	/* An INT 1Ch handler that counts. */
	.globl count_tick
count_tick:
	inc word ptr cs:[ticks_counted]
	iret

	.section .data.start, "aw"
block:	.long 0
	.globl ticks_counted
ticks_counted: .word 0
