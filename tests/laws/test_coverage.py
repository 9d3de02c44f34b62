"""What is counted as executed: every byte of every block, natively as in Python; the run is the same run."""

from __future__ import annotations

from collections import Counter

import pytest

from emu.cpu.executed import Ran
from emu.machine.run_loop import Pace
from tests.laws.bench import ORIGIN, Bench, Result, assemble
from tests.laws.test_determinism import PROGRAMS, run

PACES = {
    "at full speed": Pace(),
    "in slices of one byte": Pace(slice_bytes=1),
    "single-stepped": Pace(single_step=True),
}


def counted(source: str, pace: Pace | None = None, *, native: bool = True) -> tuple[Result, list[Ran]]:
    bench = Bench(assemble(source), native=native)
    executed = bench.cpu.count_code()
    result = bench.run(pace)
    assert executed.is_complete
    return result, executed.ranges()


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_all_that_was_retired_is_counted_alike_and_the_run_is_the_same(program: str, pace: str) -> None:
    expected = run(program)
    natively = counted(PROGRAMS[program], PACES[pace])
    assert natively[0] == expected
    assert sum(each.size * each.times for each in natively[1]) == expected.retired
    in_python = counted(PROGRAMS[program], PACES[pace], native=False)
    assert in_python[0] == expected
    assert by_byte(in_python[1]) == by_byte(natively[1])


def by_byte(ran: list[Ran]) -> Counter[tuple[int, bytes]]:
    """How often which byte ran at which address: a block that stores into itself may come in pieces."""
    found: Counter[tuple[int, bytes]] = Counter()
    for each in ran:
        for at in range(each.size):
            found[each.start + at, each.code[at : at + 1]] += each.times
    return found


@pytest.mark.parametrize("native", [True, False])
def test_a_block_counts_as_far_as_it_was_executed(native: bool) -> None:
    """UD2 is two bytes behind; the handler goes on behind it."""
    source = (
        "mov word ptr [0x18], offset ud; mov word ptr [0x1a], 0; mov sp, 0x7c00; mov cx, 3; jmp again;"
        ".org 0x40; again: inc bx; inc bx; ud2; nop; loop again; mov al, 0; out 0xf4, al; hlt;"
        ".org 0x60; ud: pop ax; inc ax; inc ax; push ax; iret"
    )
    found = {(each.start - ORIGIN, each.size): each for each in counted(source, native=native)[1]}
    assert found[0x40, 2].times == 3
    assert found[0x44, 3].times == 3
    assert found[0x40, 2].code == b"\x43\x43"
    assert found[0x60, 5].times == 3


@pytest.mark.parametrize("native", [True, False])
def test_code_that_takes_the_place_of_other_code_is_counted_by_itself(native: bool) -> None:
    source = (
        "mov sp, 0x7c00; mov cx, 5; first: call routine; loop first; mov byte ptr [routine], 0x43;"
        "mov cx, 2; second: call routine; loop second; mov al, 0; out 0xf4, al; hlt;"
        ".org 0x50; routine: inc ax; ret"
    )
    found = [each for each in counted(source, native=native)[1] if each.start == ORIGIN + 0x50]
    assert found == [
        Ran(ORIGIN + 0x50, 2, b"\x40\xc3", 5),
        Ran(ORIGIN + 0x50, 2, b"\x43\xc3", 2),
    ]
