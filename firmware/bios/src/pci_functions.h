/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of the PCI BIOS, in assembler that means the same in 16-bit and in 32-bit code: it touches
   registers, ports and the stack, but no memory. pci_service.S includes it once for each.

   In: the specification's registers, AL the function. Out: AH the result, carry where it is not 0. What the
   specification does not return is kept. */

NAME(pci_function):
	cmp al, 0x01
	je NAME(installation_check)
	cmp al, 0x02
	je NAME(find_device)
	cmp al, 0x03
	je NAME(find_class)
	cmp al, 0x06
	je NAME(special_cycle)
	cmp al, 0x08
	je NAME(read_byte)
	cmp al, 0x09
	je NAME(read_word)
	cmp al, 0x0A
	je NAME(read_dword)
	cmp al, 0x0B
	je NAME(write_byte)
	cmp al, 0x0C
	je NAME(write_word)
	cmp al, 0x0D
	je NAME(write_dword)
	cmp al, 0x0E
	je NAME(get_routing)
	cmp al, 0x0F
	je NAME(set_interrupt)
	mov ah, FUNCTION_NOT_SUPPORTED
	stc
	ret

NAME(successful):
	mov ah, 0
	clc
	ret

NAME(installation_check):
	mov edx, 0x20494350		/* "PCI " */
	mov edi, offset CODE_BASE + pci_entry
	mov bx, 0x0210			/* version 2.1 */
	mov cl, 0			/* the last bus */
	mov al, 0x11			/* configuration and special cycles by mechanism 1 */
	jmp NAME(successful)

	/* CX device, DX vendor, SI index */
NAME(find_device):
	cmp dx, 0xFFFF
	je NAME(bad_vendor)
	push ecx
	push edx
	push edi
	shl ecx, 16
	mov cx, dx
	mov edx, ecx
	xor edi, edi
	mov cl, 0
	jmp NAME(search)

	/* ECX class, SI index */
NAME(find_class):
	push ecx
	push edx
	push edi
	mov edx, ecx
	and edx, 0xFFFFFF
	mov edi, 8
	mov cl, 8

	/* BX: the SIth function whose register DI, shifted by CL, is EDX. CH: function 0's header type. */
NAME(search):
	push esi
	push eax
	xor ebx, ebx
1:	test bl, 7
	jz 2f
	test ch, 0x80			/* function 0 says whether there are others */
	jz 5f
2:	push edi
	xor edi, edi
	call NAME(load)
	inc ax				/* vendor FFFF: absent */
	jz 4f
	test bl, 7
	jnz 3f
	mov di, 0x0C
	call NAME(load)
	shr eax, 16
	mov ch, al
3:	pop edi
	call NAME(load)
	shr eax, cl
	cmp eax, edx
	jne 5f
	sub si, 1
	jnc 5f
	pop eax
	mov ah, 0
	jmp 6f
4:	pop edi
	test bl, 7
	jnz 5f
	mov ch, 0
5:	inc bl
	jnz 1b
	pop eax
	mov ah, DEVICE_NOT_FOUND
6:	pop esi
	pop edi
	pop edx
	pop ecx
	cmp ah, 1			/* carry only for 0 */
	cmc
	ret

NAME(bad_vendor):
	mov ah, BAD_VENDOR_ID
	stc
	ret

	/* EAX: the dword of function BX that register DI is in */
NAME(load):
	push edx
	call NAME(select)
	mov dx, CONFIG_DATA
	in eax, dx
	pop edx
	ret

	/* DX: the port of register DI of function BX. EAX is lost. */
NAME(select):
	movzx eax, bx
	shl eax, 8
	or eax, 0x80000000
	mov dx, di
	and dl, 0xFC
	mov al, dl
	mov dx, CONFIG_ADDRESS
	out dx, eax
	mov dx, di
	and dx, 3
	add dx, CONFIG_DATA
	ret

NAME(read_byte):
	cmp di, 0x100
	jae NAME(bad_register)
	push edx
	push eax
	call NAME(select)
	in al, dx
	mov cl, al
	jmp NAME(accessed)

NAME(read_word):
	test di, 0xFF01
	jnz NAME(bad_register)
	push edx
	push eax
	call NAME(select)
	in ax, dx
	mov cx, ax
	jmp NAME(accessed)

NAME(read_dword):
	test di, 0xFF03
	jnz NAME(bad_register)
	push edx
	push eax
	call NAME(select)
	in eax, dx
	mov ecx, eax
	jmp NAME(accessed)

NAME(write_byte):
	cmp di, 0x100
	jae NAME(bad_register)
	push edx
	push eax
	call NAME(select)
	mov al, cl
	out dx, al
	jmp NAME(accessed)

NAME(write_word):
	test di, 0xFF01
	jnz NAME(bad_register)
	push edx
	push eax
	call NAME(select)
	mov ax, cx
	out dx, ax
	jmp NAME(accessed)

NAME(write_dword):
	test di, 0xFF03
	jnz NAME(bad_register)
	push edx
	push eax
	call NAME(select)
	mov eax, ecx
	out dx, eax
NAME(accessed):
	pop eax
	pop edx
	jmp NAME(successful)

NAME(bad_register):
	mov ah, BAD_REGISTER_NUMBER
	stc
	ret

	/* EDX on bus BH: mechanism 1 makes it of a write to the last function of the last device. */
NAME(special_cycle):
	push eax
	push edi
	push ebx
	push edx
	mov bl, 0xFF
	xor edi, edi
	call NAME(select)
	pop edx
	mov eax, edx
	push edx
	mov dx, CONFIG_DATA
	out dx, eax
	pop edx
	pop ebx
	pop edi
	pop eax
	jmp NAME(successful)

	/* CL pin (0A to 0D), CH interrupt, BX function: whose interrupt line registers follow is the caller's
	   business. [PIIX3] 2.2.10; all that PCI raises is a level. */
NAME(set_interrupt):
	push eax
	push ebx
	push edx
	push edi
	mov ah, cl
	sub ah, 0x0A
	cmp ah, 3
	ja 1f
	test bh, bh
	jnz 1f
	movzx edx, ch
	cmp dl, 15
	ja 1f
	mov edi, ROUTABLE
	bt edi, edx
	jnc 1f
	shr bl, 3
	add bl, ah
	dec bl				/* device 1's pin A is wired to the first link */
	and ebx, 3
	lea edi, [ebx + FIRST_LINK]
	mov ebx, ROUTER
	call NAME(select)
	mov al, ch
	out dx, al
	movzx edi, ch
	mov edx, edi
	shr edx, 3
	add edx, LEVELS
	and edi, 7
	in al, dx
	bts eax, edi
	out dx, al
	pop edi
	pop edx
	pop ebx
	pop eax
	jmp NAME(successful)
1:	pop edi
	pop edx
	pop ebx
	pop eax
	mov ah, SET_FAILED
	stc
	ret
