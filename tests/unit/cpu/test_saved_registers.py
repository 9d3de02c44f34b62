"""What a processor saves is all that a program can tell: another one goes on from there as it would have."""

from __future__ import annotations

import pytest

from tests.laws.bench import Bench, assemble

PROGRAMS = {
    "arithmetic flags and the direction": (
        "std; mov ax, 0x8055; add al, al; stc;",
        "pushf; pop ax; out 0x80, ax;",
    ),
    "the x87 stack": (
        "fninit; fldpi; fld1;",
        "fstp qword ptr [0x2000]; fstp qword ptr [0x2008]; fnstsw ax; out 0x80, ax; mov ax, [0x2006];"
        "out 0x80, ax; mov ax, [0x200c]; out 0x80, ax;",
    ),
    "where the last x87 instruction was": (
        "fninit; fld1; fst dword ptr [0x3000];",
        "fnstenv [0x2000]; mov cx, 7; mov si, 0x2000; again: lodsw; out 0x80, ax; loop again;",
    ),
}
"""What is done before the processor is saved, and what tells afterwards."""
SAVE_HERE = "out 0x80, al; jmp over; over:"
FINISH = "mov al, 0; out 0xf4, al; hlt;"
LONGEST_NS = 1_000_000


@pytest.mark.parametrize("program", PROGRAMS)
def test_another_processor_goes_on_where_one_was_saved(program: str) -> None:
    before, after = PROGRAMS[program]
    code = assemble(before + SAVE_HERE + after + FINISH)
    first, second = Bench(code), Bench(code)
    assert first.hash.lines is not None
    while not first.hash.lines:
        first.loop.run(until_ns=first.clock.now + 1)
    second.clock.restore(first.clock.ticks)
    second.cpu.restore(first.cpu.save())
    seen = len(first.hash.lines)
    assert first.loop.run(until_ns=LONGEST_NS) == second.loop.run(until_ns=LONGEST_NS)
    assert second.hash.lines == first.hash.lines[seen:]
    assert len(second.hash.lines) > 1
