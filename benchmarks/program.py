"""Guest programs of one sector: boot sectors that switch to a mode, mark the time, and end.

A program writes a byte to port 0xe9 where the clock is to start and where it is to stop. It starts in the
mode that was asked for with flat segments, a stack below 0x6000 (in a page without code), interrupts off.
"""

from __future__ import annotations

from tests.laws.bench import assemble

SECTOR = 512
MARK = "out 0xe9, al;"
FINISH = "cli; mov al, 0; out 0xf4, al; hlt;"
FAIL = "cli; mov al, 5; out 0xf4, al; hlt;"
TIMER_VECTOR = 8
"""Where the BIOS has put IRQ 0."""

REAL = "cli; xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 0x6000; cld;"
PROTECTED = f"""{REAL}
lgdt [gdtr]; mov eax, cr0; or al, 1; mov cr0, eax; jmp 8:protected_mode; .code32; protected_mode:
mov ax, 16; mov ds, ax; mov es, ax; mov ss, ax; mov esp, 0x6000;
"""
LONG = f"""{REAL}
mov edi, 0x1000; mov cr3, edi; mov cx, 0x3000; xor eax, eax; rep stosb;
mov word ptr [0x1000], 0x2003; mov word ptr [0x2000], 0x3003; mov word ptr [0x3000], 0x83;
mov eax, cr4; or al, 0x20; mov cr4, eax; mov ecx, 0xc0000080; rdmsr; or ah, 1; wrmsr;
lgdt [gdtr]; mov eax, cr0; or eax, 0x80000001; mov cr0, eax; jmp 24:long_mode; .code64; long_mode:
mov ax, 16; mov ds, ax; mov es, ax; mov ss, ax; mov esp, 0x6000;
"""
TABLES = """
.balign 8; gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
gdtr: .word 31; .long gdt
idtr: .word 0x7ff, 0x600, 0, 0, 0;
"""
MODES = {"real": REAL, "protected": PROTECTED, "long": LONG}
POINT_TIMER_AT_HANDLER = {
    "real": "mov word ptr [0x20], offset handler; mov word ptr [0x22], 0;",
    "protected": "mov eax, offset handler; mov ebx, offset idtr; lidt [ebx]; mov ebx, 0x640;"
    "mov [ebx], ax; mov word ptr [ebx+2], 8; mov dword ptr [ebx+4], 0x8e00;",
    "long": "mov eax, offset handler; mov ebx, offset idtr; lidt [rbx]; mov ebx, 0x680;"
    "mov [rbx], ax; mov word ptr [rbx+2], 24; mov dword ptr [rbx+4], 0x8e00; mov qword ptr [rbx+8], 0;",
}
RETURN = {"real": "iret;", "protected": "iretd;", "long": "iretq;"}


def boot_sector(body: str, mode: str = "real") -> bytes:
    """The boot sector that runs `body` in `mode`."""
    code = assemble(MODES[mode] + body + (TABLES if mode != "real" else "")).rstrip(b"\0")
    if len(code) > SECTOR - 2:
        raise ValueError(f"the program has {len(code)} bytes, {SECTOR - 2} fit into a boot sector")
    return code.ljust(SECTOR - 2, b"\0") + b"\x55\xaa"
