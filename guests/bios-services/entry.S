/* void call_far(u32 offset, u32 selector, struct registers *registers) */
	.intel_syntax noprefix
	.code32
	.section .text
	.global call_far
call_far:
	pushad
	mov	eax, [esp + 36]
	mov	[target], eax
	mov	eax, [esp + 40]
	mov	[target + 4], ax
	mov	ebp, [esp + 44]
	push	ebp
	mov	eax, [ebp + 0]
	mov	ebx, [ebp + 4]
	mov	ecx, [ebp + 8]
	mov	edx, [ebp + 12]
	mov	esi, [ebp + 16]
	mov	edi, [ebp + 20]
	call	fword ptr [target]
	pop	ebp
	pushfd
	pop	dword ptr [ebp + 24]
	mov	[ebp + 0], eax
	mov	[ebp + 4], ebx
	mov	[ebp + 8], ecx
	mov	[ebp + 12], edx
	mov	[ebp + 16], esi
	mov	[ebp + 20], edi
	popad
	ret

	.section .data
	.balign	4
target:	.long	0
	.word	0
