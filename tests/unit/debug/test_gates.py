"""Outlets while the past is gone through again, and overrides that belong to a moment."""

from __future__ import annotations

from emu.debug.gates import Gate
from emu.debug.overrides import Override, Overrides


def test_what_was_shown_is_not_shown_again() -> None:
    shown: list[bytes] = []
    now = [0]
    gate: Gate[bytes] = Gate(shown.append)
    gate.watch(lambda: now[0])

    def run(*moments: tuple[int, bytes]) -> None:
        for now[0], data in moments:
            gate.write(data)

    run((5, b"a"), (7, b"b"), (7, b"c"))
    gate.rewound()
    run((5, b"a"), (7, b"b"), (7, b"c"), (7, b"d"), (9, b"e"))
    assert b"".join(shown) == b"abcde"


def test_what_comes_behind_a_hit_waits_until_it_comes_again() -> None:
    shown: list[bytes] = []
    gate: Gate[bytes] = Gate(shown.append)
    gate.hold()
    gate.write(b"a")
    gate.rewound()
    gate.write(b"b")
    assert shown == [b"b"]


def test_another_run_shows_what_it_makes() -> None:
    shown: list[bytes] = []
    now = [0]
    gate: Gate[bytes] = Gate(shown.append)
    gate.watch(lambda: now[0])
    for now[0] in (5, 7, 9):
        gate.write(b"a")
    gate.rewound()
    gate.forget_after(5)
    for now[0] in (5, 8, 9):
        gate.write(b"b")
    assert shown == [b"a"] * 3 + [b"b"] * 2


def test_an_override_is_met_again_where_it_was_met_before() -> None:
    overrides = Overrides()
    overrides.all.append(Override(0x10, 0xFFFF, since=10, times=1))
    answers = [overrides.answer(0x10, 2, 0x49D2, ticks) for ticks in (5, 10, 20, 30, 5, 20, 30)]
    assert answers == [0x49D2, 0x49D2, 0xFFFF, 0x49D2, 0x49D2, 0xFFFF, 0x49D2]


def test_an_override_is_for_its_port_and_as_wide_as_the_access() -> None:
    overrides = Overrides()
    overrides.all.append(Override(0x10, 0x12345, since=0))
    assert overrides.answer(0x11, 1, 7, 1) == 7
    assert overrides.answer(0x10, 2, 7, 1) == 0x2345


def test_steering_before_an_override_forgets_it() -> None:
    overrides = Overrides()
    overrides.all.append(Override(0x10, 1, since=10))
    overrides.end(20)
    assert [overrides.answer(0x10, 1, 7, ticks) for ticks in (11, 21)] == [1, 7]
    overrides.forget_after(15)
    assert overrides.answer(0x10, 1, 7, 21) == 1
    overrides.forget_after(5)
    assert overrides.answer(0x10, 1, 7, 11) == 7
