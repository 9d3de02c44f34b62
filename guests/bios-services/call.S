/* void bios(u32 vector, struct registers *registers): INT `vector` (10h to 1Fh) as a boot loader would, with every
 * register given and every one taken back; and handlers that count, for interrupts that the BIOS hands on while it is
 * on a stack of its own.
 */
	.intel_syntax noprefix
	.code16
	.section .text
	.global bios
bios:
	pushad
	pushfd
	mov	eax, [esp + 40]
	mov	ebp, [esp + 44]
	mov	[block], ebp
	sub	ax, 0x10
	shl	ax, 2
	add	ax, offset stubs
	mov	[target], ax
	mov	eax, [ebp + 0]
	mov	ebx, [ebp + 4]
	mov	ecx, [ebp + 8]
	mov	edx, [ebp + 12]
	mov	esi, [ebp + 16]
	mov	edi, [ebp + 20]
	mov	fs, [ebp + 34]
	mov	gs, [ebp + 36]
	mov	es, [ebp + 30]
	push	word ptr [ebp + 32]
	push	word ptr [ebp + 28]
	mov	ebp, [ebp + 24]
	pop	ds
	popf
	call	word ptr cs:[target]
	push	ds
	push	ebp
	pushf
	push	0
	pop	ds
	mov	ebp, [block]
	mov	[ebp + 0], eax
	pop	word ptr [ebp + 32]
	pop	dword ptr [ebp + 24]
	pop	word ptr [ebp + 28]
	mov	[ebp + 4], ebx
	mov	[ebp + 8], ecx
	mov	[ebp + 12], edx
	mov	[ebp + 16], esi
	mov	[ebp + 20], edi
	mov	[ebp + 30], es
	mov	[ebp + 34], fs
	mov	[ebp + 36], gs
	xor	ax, ax
	mov	es, ax
	mov	fs, ax
	mov	gs, ax
	cld
	popfd
	popad
	data32 ret

	.balign	4
	vector = 0x10
stubs:
	.rept	16
	int	vector
	ret
	.balign	4
	vector = vector + 1
	.endr

	/* Count calls: INT 1Ch, INT 4Ah. */
	.global on_tick, on_alarm
on_tick:
	inc	word ptr cs:[ticks_counted]
	iret
on_alarm:
	inc	word ptr cs:[alarms_counted]
	iret

	.section .data
	.balign	4
block:	.long	0
target:	.word	0
	.global	ticks_counted, alarms_counted
ticks_counted:	.word	0
alarms_counted:	.word	0
