"""A guest in a ROM that echoes what it gets at COM1, by interrupt, and halts in between; its timer runs."""

from __future__ import annotations

from functools import cache

from tests.laws.bench import ORIGIN, assemble

JUMP = b"\xe9" + (ORIGIN - 3).to_bytes(2, "little")
ECHO = """
mov sp, 0x7000; xor ax, ax; mov ds, ax
mov word ptr [0x20], offset tick; mov word ptr [0x22], cs
mov word ptr [0x30], offset got; mov word ptr [0x32], cs
mov al, 0x11; out 0x20, al; mov al, 8; out 0x21, al; mov al, 4; out 0x21, al; mov al, 1; out 0x21, al
mov al, 0xee; out 0x21, al
mov al, 0x34; out 0x43, al; mov al, 0; out 0x40, al; mov al, 0x10; out 0x40, al
mov dx, 0x3fb; mov al, 0x83; out dx, al; mov dx, 0x3f8; mov al, 1; out dx, al; inc dx; mov al, 0; out dx, al
mov dx, 0x3fb; mov al, 3; out dx, al; mov dx, 0x3f9; mov al, 1; out dx, al; mov dx, 0x3fc; mov al, 8
out dx, al; sti
again: hlt; mov cx, 900; busy: dec cx; jnz busy; jmp again
tick: push ax; inc word ptr [0x600]; mov al, 0x20; out 0x20, al; pop ax; iret
got: push ax; push dx; mov dx, 0x3f8; in al, dx; out dx, al; mov ax, [0x600]; out 0x80, ax
mov al, 0x20; out 0x20, al; pop dx; pop ax; iret
"""


@cache
def echo() -> bytes:
    """Its code, for `rom.write_rom`."""
    return JUMP.ljust(ORIGIN, b"\0") + assemble(ECHO)
