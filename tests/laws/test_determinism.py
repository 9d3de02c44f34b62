"""The law that everything rests on: however a run is cut, stepped or watched, it is the same run.

Small programs here; the bundled guests are put under the same law in `test_guest_determinism.py`.
"""

from __future__ import annotations

import pytest

from emu.machine.run_loop import Pace, Reason
from tests.laws.bench import Bench, Result, assemble
from tests.laws.paging_programs import FINDINGS, FOUND, PAGING_PROGRAMS

INSTALL = "mov word ptr [0x100], offset handler; mov word ptr [0x102], 0; jmp start;"
HANDLER = "handler: inc word ptr [0x600]; push ax; mov ax, [0x600]; out 0x80, ax; pop ax; iret;"
FINISH = "mov al, 0; out 0x80, ax; mov dx, 0x310; out dx, al; mov al, 0; out 0xf4, al; hlt;"
TICKING = INSTALL + HANDLER + "start: mov sp, 0x7c00; mov al, 1; mov dx, 0x310; out dx, al; sti;"

PROGRAMS = {
    "loops under a timer": TICKING
    + "mov cx, 400; again: dec cx; jnz again; mov cx, 300; more: nop; nop; loop more;"
    + FINISH,
    "halts under a timer": TICKING + "mov cx, 5; again: hlt; inc bx; dec cx; jnz again; cli;" + FINISH,
    "interrupt shadows": TICKING
    + "mov cx, 60; again: cli; nop; sti; nop; push ss; pop ss; mov ax, bx; inc bx; loop again; cli;"
    + FINISH,
    "repeated strings": TICKING
    + "cld; mov bx, 4; again: mov cx, 33; mov si, 0x2000; mov di, 0x3000; rep movsb; mov cx, 1; rep stosw;"
    "mov cx, 0; rep stosb; mov si, 0x2000; mov di, 0x2000; mov cx, 9; repe cmpsb; mov al, 0x55; mov cx, 7;"
    "repne scasb; cli; sti; rep lodsb; mov cx, 1; sti; rep stosb; dec bx; jnz again; cli;" + FINISH,
    "port strings": TICKING
    + "cld; mov dx, 0x300; mov cx, 300; mov di, 0x3f00; rep insw; mov cx, 90; mov si, 0x3f00; rep outsw;"
    "mov cx, 1; rep insb; insb; std; mov cx, 5; rep insw; cld; in ax, dx; mov cx, 2500; mov di, 0x3000;"
    "rep insw; cli;" + FINISH,
    "exceptions": "mov word ptr [0x18], offset ud; mov word ptr [0x1a], 0; mov word ptr [0], offset de;"
    "mov word ptr [2], 0; mov word ptr [0x80], offset sw; mov word ptr [0x82], 0; jmp start;"
    "ud: pop ax; inc ax; inc ax; push ax; iret; de: pop ax; add ax, 2; push ax; iret; sw: inc si; iret;"
    "start: mov sp, 0x7c00; mov cx, 20; again: ud2; nop; xor bx, bx; div bx; nop; int 0x20; loop again;"
    + FINISH,
    "single stepped by itself": "mov word ptr [4], offset db; mov word ptr [6], 0; jmp start;"
    "db: inc di; iret; start: mov sp, 0x7c00; pushf; pop ax; or ax, 0x100; push ax; popf; nop; mov cx, 3;"
    "again: loop again; mov si, 0x2000; mov cx, 2; rep lodsb; pushf; pop ax; and ax, 0xfeff; push ax; popf;"
    "nop;" + FINISH,
    "stores into later bytes of the block": "mov cx, 3; again: mov byte ptr [patch+1], cl; nop; nop;"
    "patch: mov al, 0x77; out 0x80, al; mov bx, 0x1234; loop again;" + FINISH,
    "stores into earlier bytes of the block": "mov cx, 3; again: inc bx; early: mov al, 0x11; out 0x80, al;"
    "add byte ptr [early+1], 5; nop; add byte ptr [early+1], 1; loop again;" + FINISH,
    "a store as the first instruction": "mov bx, offset first; jmp first; first: mov byte ptr [patch], 0x41;"
    "inc dx; patch: inc ax; nop;" + FINISH,
    "stores into ROM": "mov ax, 0xf000; mov es, ax; xor di, di; mov byte ptr es:[0], 5; mov al, es:[0];"
    "out 0x80, al; mov cx, 3; rep stosb; push ds; mov ax, es:[di]; out 0x80, ax; add word ptr es:[8], 1;"
    + FINISH,
    "device memory": "mov ax, 0xffff; mov es, ax; mov ax, [0x7c00]; mov cx, 4; mov eax, 0x500000; rdtsc;"
    "out 0x80, ax; cpuid; out 0x80, ax;" + FINISH,
    "jumps into its own block": "mov cx, 30; mov ax, 5; into: nop; dec cx; jnz into; mov cx, 2; nop;"
    "last: loop last; jmp over; over: nop;" + FINISH,
    "code at offset zero": "begin: .byte 0xea; .word 0, 0x7c0 + (zero - begin) / 16; .balign 16;"
    "zero: inc bx; push ax; pop ax; loop over; over: nop;" + FINISH,
    "an instruction breakpoint, passed by RF": "mov word ptr [4], offset db; mov word ptr [6], 0; jmp start;"
    "db: pop ax; pop bx; pop cx; movzx ecx, cx; or ecx, 0x10000; push ecx; movzx ebx, bx; push ebx;"
    "movzx eax, ax; push eax; out 0x80, al; .byte 0x66; iret; start: mov sp, 0x7000; xor eax, eax;"
    "mov ax, offset here; mov dr0, eax; mov eax, 0x402; mov dr7, eax; mov si, 2; again: call body;"
    "dec si; jnz again; mov eax, 0x400; mov dr7, eax; jmp done; body: nop; here: inc di; nop; ret; done:"
    + FINISH,
    "a long block": "mov eax, cr4; or ax, 0x200; mov cr4, eax;"
    + "paddb xmm0, xmm1;" * 300
    + "inc ax;" * 600
    + "mov byte ptr [0x3000], 7; rdtsc;"
    + FINISH,
    **PAGING_PROGRAMS,
}
WAYS = {
    "in slices of one byte": (Pace(slice_bytes=1), {}),
    "in slices of seven bytes": (Pace(slice_bytes=7), {}),
    "in slices of 1000 bytes": (Pace(slice_bytes=1000), {}),
    "single-stepped": (Pace(single_step=True), {}),
    "watched by every observer": (Pace(), {"watched": True}),
    "with the Python callback": (Pace(), {"native": False}),
    "saved and restored at each block": (Pace(slice_bytes=1), {"restored": True}),
    "single-stepped with the Python callback": (Pace(single_step=True), {"native": False}),
    "in slices of one byte with the Python callback": (Pace(slice_bytes=1), {"native": False}),
}


def run(program: str, pace: Pace | None = None, **arguments: bool) -> Result:
    return Bench(assemble(PROGRAMS[program]), **arguments).run(pace)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_ends_by_itself(program: str) -> None:
    assert run(program).stop.reason is Reason.REPORTED


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_however_a_run_is_cut_it_is_the_same_run(program: str, way: str) -> None:
    pace, arguments = WAYS[way]
    expected, result = run(program), run(program, pace, **arguments)
    assert result.lines == expected.lines
    assert result == expected


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("program", PAGING_PROGRAMS)
def test_paging_is_what_the_manual_says(program: str, native: bool) -> None:
    bench = Bench(assemble(PROGRAMS[program]), native=native)
    bench.run()
    expected = FOUND[program]
    found = bench.memory.peek(FINDINGS, 2 * len(expected) + 2)
    assert found == b"".join(value.to_bytes(2, "little") for value in [*expected, 0])
