"""Programs in protected mode with paging on, which leave their findings as words from 0x600 on.

Linear addresses below 4 MiB are physical ones; the page at 4 MiB is another name for the page at 0x3000; at
8 MiB lies a large page. Pages are the supervisor's but for code, stack and findings.
"""

from __future__ import annotations

FINDINGS = 0x600
DIRECTORY, TABLE, SECOND_TABLE = 0x10000, 0x11000, 0x12000

_START = f"""
cli; xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 0x7c00; jmp begin;
.balign 8;
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff;
.quad 0x0000890090000067;
gdtr: .word 47; .long 0x8000;
idtr: .word 15 * 8 - 1; .long 0x8800;
begin: cld; mov si, offset gdt; mov di, 0x8000; mov cx, 24; rep movsw;
mov word ptr [0x8800 + 14 * 8], offset fault; mov word ptr [0x8802 + 14 * 8], 8;
mov word ptr [0x8804 + 14 * 8], 0x8e00; mov word ptr [0x8806 + 14 * 8], 0;
mov si, 0x8800 + 14 * 8; mov di, 0x8800 + 13 * 8; mov cx, 4; rep movsw;
mov dword ptr [0x9004], 0x7400; mov dword ptr [0x9008], 0x10;
lgdt [gdtr]; lidt [idtr]; mov eax, cr0; or al, 1; mov cr0, eax; .byte 0xea; .word wide, 8;
.code32;
wide: mov eax, 0x10; mov ds, eax; mov es, eax; mov ss, eax; mov esp, 0x7800; mov ebp, {FINDINGS};
mov edi, {DIRECTORY}; xor eax, eax; mov ecx, 0xc00; rep stosd;
mov edi, {TABLE}; mov eax, 3; mov ecx, 1024; fill: stosd; add eax, 0x1000; loop fill;
or byte ptr [{TABLE}], 4; or byte ptr [{TABLE} + 7 * 4], 4;
mov dword ptr [{DIRECTORY}], {TABLE} + 7; mov dword ptr [{DIRECTORY} + 4], {SECOND_TABLE} + 7;
mov dword ptr [{DIRECTORY} + 8], 0x83; mov dword ptr [{SECOND_TABLE}], 0x3003;
mov eax, cr4; or al, 0x10; mov cr4, eax; mov eax, {DIRECTORY}; mov cr3, eax;
mov eax, cr0; or eax, 0x80010000; mov cr0, eax; jmp paged;
note_dx: mov ax, dx; note: mov [ebp], ax; add ebp, 2; ret;
fault: pop eax; call note; mov eax, cr2; call note; jmp finish;
finish: mov al, 0; out 0xf4, al; for_ever: jmp for_ever;
paged:
"""
_TO_RING_3 = """
mov ax, 0x28; ltr ax; push 0x23; push 0x7c00; push 0x3002; push 0x1b; push offset ring3; iretd; ring3:
"""

PAGING_PROGRAMS = {
    "stores through another name of a page of code": _START
    + """mov dword ptr [0x400000], 0xc311b0; mov eax, 0x3000; call eax; call note;
    mov byte ptr [0x400001], 0x22; mov eax, 0x3000; call eax; call note;
    mov byte ptr [0x3001], 0x33; mov eax, 0x400000; call eax; call note;
    mov ecx, 20; again: mov [0x400001], cl; mov eax, 0x3000; call eax; call note; loop again; jmp finish;""",
    "a large page that goes": _START
    + """mov byte ptr [0x5000], 0x55; mov byte ptr [0x6000], 0x66; mov al, [0x805000]; call note;
    mov al, [0x806000]; call note; mov dword ptr [0x10008], 0x400083; invlpg [ebx + esi * 4 + 0x800000];
    mov al, [0x806000]; call note; jmp finish;""",
    "marks in page tables": _START
    + """mov dword ptr [0x11000 + 0x20 * 4], 0x20003; mov eax, cr3; mov cr3, eax;
    mov al, [0x20000]; mov ax, [0x11000 + 0x20 * 4]; call note; mov [0x20000], al;
    mov ax, [0x11000 + 0x20 * 4]; call note; mov ax, [0x10000]; call note; jmp finish;""",
    "descriptors of the supervisor's loaded in ring 3": _START
    + _TO_RING_3
    + """mov eax, 0x23; mov ds, eax; mov es, eax; mov ecx, 3; again: push 0x23; pop fs; loop again;
    mov ax, fs; call note; jmp finish;""",
    "a time-stamp counter that ring 3 may not read": _START
    + "mov ecx, 0xc0000103; mov eax, 0x1234; xor edx, edx; wrmsr; mov ecx, 16; mov edx, 7; wrmsr; rdtscp; "
    + "call note_dx; mov ax, cx; call note; mov eax, cr4; or al, 4; mov cr4, eax; rdtsc; call note_dx;"
    + _TO_RING_3
    + "rdtsc; jmp finish;",
    "a supervisor's page read in ring 3": _START + _TO_RING_3 + "mov eax, [0x8018]; nop; jmp finish;",
    "an absent page written": _START + "nop; mov dword ptr [0x401ffe], 5; nop; jmp finish;",
    "an absent page written to by a string": _START
    + "mov edi, 0x400ff0; mov ecx, 20; mov eax, 7; rep stosd; jmp finish;",
    "a change of the map where no page is": _START
    + """mov dword ptr [0x11000 + 0x3f0 * 4], 0; mov eax, cr3; mov cr3, eax; mov dx, 0x320; mov al, 0;
    out dx, al; mov eax, cr2; call note; mov al, [0x3f1000]; call note; mov al, 1; out dx, al;
    mov ax, [0x3f1000]; call note;    mov byte ptr [0x401000], 5; jmp finish;""",
    "an absent page run": _START + "mov eax, 0x402000; call eax; jmp finish;",
    "a page with a reserved bit, and CR2 of a word across pages": _START
    + "mov dword ptr [0x12004], 0x9003; mov eax, [0x401fff]; jmp finish;",
}
"""What each does is in its name; FOUND tells what it must find [SDM] volume 3, chapter 4."""
FOUND = {
    "stores through another name of a page of code": [
        0x3011,
        0x3022,
        0x33,
        *(0x3000 + n for n in range(20, 0, -1)),
    ],
    "a large page that goes": [0x55, 0x66, 0xFF],
    "marks in page tables": [0x23, 0x63, 0x1027],
    "descriptors of the supervisor's loaded in ring 3": [0x23],
    "a time-stamp counter that ring 3 may not read": [7, 0x1234, 7, 0, 0],
    "a supervisor's page read in ring 3": [5, 0x8018],
    "an absent page written": [2, 0x1FFE],
    "an absent page written to by a string": [2, 0x1000],
    "a change of the map where no page is": [0, 0xFF, 0, 2, 0x1000],
    "an absent page run": [0, 0x2000],
    "a page with a reserved bit, and CR2 of a word across pages": [0, 0x2000],
}
