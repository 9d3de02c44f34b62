/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI BIOS: INT 1Ah AH=B1h in real mode, its entry for 32-bit code and the directory that leads there, and the
   table of how interrupts are wired. All of it is in the ROM, so it lies in the code segment.
   [PCI BIOS] PCI BIOS Specification 2.1; [BIOS32] Standard BIOS 32-bit Service Directory 0.4; [PIR] PCI IRQ
   Routing Table Specification 1.0. */

#include "segments.h"

	.intel_syntax noprefix

	CODE_BASE = CODE_SEGMENT << 4
	CONFIG_ADDRESS = 0xCF8
	CONFIG_DATA = 0xCFC
	LEVELS = 0x4D0			/* ELCR */
	ROUTER = 0x0008			/* the ISA bridge, 01.0 */
	FIRST_LINK = 0x60		/* PIRQRCA */
	LINKS = 4
	ROUTABLE = 0xDEF8		/* IRQs that a link can be routed to */
	DEDICATED = 0x0C00		/* IRQs that nothing but PCI uses: pci.c routes to 10 and 11 */

	FUNCTION_NOT_SUPPORTED = 0x81
	BAD_VENDOR_ID = 0x83
	DEVICE_NOT_FOUND = 0x86
	BAD_REGISTER_NUMBER = 0x87
	SET_FAILED = 0x88
	BUFFER_TOO_SMALL = 0x89

	.section .text.pci, "ax"

	/* Bytes that are counted into `sum`, for a checksum. */
	.macro bytes first, rest:vararg
	.byte \first
	sum = sum + (\first)
	.ifnb \rest
	bytes \rest
	.endif
	.endm
	.macro words first, rest:vararg
	bytes (\first)&0xFF, (\first)>>8
	.ifnb \rest
	words \rest
	.endif
	.endm

	/* [PIR] Devices 1 and 2 are on the board, the others are slots 1, 2 and so on. */
	LAST_DEVICE = 31
	ROUTING_BYTES = LAST_DEVICE * 16
	sum = 0
	.balign 16
	.globl interrupt_routing
interrupt_routing:
	bytes '$', 'P', 'I', 'R'
	words 0x0100, 32+ROUTING_BYTES
	bytes 0, ROUTER
	words DEDICATED, 0x8086, 0x7000, 0, 0
	bytes 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
	.byte routing_checksum
routing_entries:
	.set device, 1
	.rept LAST_DEVICE
	bytes 0, device<<3
	.set pin, 0
	.rept LINKS
	bytes FIRST_LINK+((device-1+pin)&3)
	words ROUTABLE
	.set pin, pin + 1
	.endr
	.if device > 2
	bytes device-2, 0
	.else
	bytes 0, 0
	.endif
	.set device, device + 1
	.endr
	routing_checksum = -sum & 0xFF

	.code16
#define NAME(function) function##_16
#include "pci_functions.h"
#undef NAME

	/* ES:DI: a word for the buffer's size, and where it is */
get_routing_16:
	push ecx
	push esi
	push edi
	push es
	mov cx, es:[di]
	mov word ptr es:[di], ROUTING_BYTES
	cmp cx, ROUTING_BYTES
	jb 1f
	les di, es:[di + 2]
	mov si, offset routing_entries
	mov cx, ROUTING_BYTES
	rep movs byte ptr es:[di], byte ptr cs:[si]
	mov bx, DEDICATED
	xor cx, cx
1:	pop es
	pop edi
	pop esi
	pop ecx
	jne routing_too_small_16
	jmp successful_16
routing_too_small_16:
	mov ah, BUFFER_TOO_SMALL
	stc
	ret

	/* INT 1Ah came with AH=B1h: the caller's flags are above the return address. */
	.globl pci_interrupt
pci_interrupt:
	cld
	call pci_function_16
	push bp
	mov bp, sp
	jc 1f
	and byte ptr [bp + 6], ~CARRY_FLAG
	pop bp
	iret
1:	or byte ptr [bp + 6], CARRY_FLAG
	pop bp
	iret

	.code32
#define NAME(function) function##_32
#include "pci_functions.h"
#undef NAME

	/* ES:EDI: a word for the buffer's size, and where it is: offset, selector. Our code segment's base may be
	   any, so the table is found by what CALL pushes. */
get_routing_32:
	push ecx
	push esi
	push edi
	push es
	mov cx, es:[edi]
	mov word ptr es:[edi], ROUTING_BYTES
	cmp cx, ROUTING_BYTES
	jb 2f
	les edi, es:[edi + 2]
	call 1f
1:	pop esi
	add esi, offset routing_entries - 1b
	mov ecx, ROUTING_BYTES
	rep movs byte ptr es:[edi], byte ptr cs:[esi]
	mov bx, DEDICATED
	xor ecx, ecx
2:	pop es
	pop edi
	pop esi
	pop ecx
	jne routing_too_small_32
	jmp successful_32
routing_too_small_32:
	mov ah, BUFFER_TOO_SMALL
	stc
	ret

	/* Far call, 32-bit code and stack */
	.globl pci_entry
pci_entry:
	pushfd
	cli
	cld
	call pci_function_32
	jc 1f
	popfd
	clc
	retf
1:	popfd
	stc
	retf

	/* [BIOS32] Far call: EAX asks for a service, BL is 0. bios.ld writes the header that points here. */
	.globl bios32_entry
bios32_entry:
	cmp eax, 0x49435024		/* "$PCI" */
	mov al, 0x80			/* no such service */
	jne 1f
	test bl, bl
	mov al, 0x81			/* no such function of the directory */
	jnz 1f
	mov ebx, CODE_BASE
	mov ecx, 0x10000
	mov edx, offset pci_entry
	mov al, 0
1:	retf
