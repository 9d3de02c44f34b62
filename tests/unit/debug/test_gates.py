"""Outlets while the past is gone through again, and overrides that belong to a moment."""

from __future__ import annotations

from emu.core.events import Observer
from emu.debug.gates import Gates
from emu.debug.overrides import Override, Overrides


class Shown:
    """A sink."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


class Heard(Observer):
    """An observer of two events."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def guest_report(self, status: int) -> None:
        self.told.append(status)

    def powered_off(self) -> None:
        self.told.append("off")


def test_what_was_shown_is_not_shown_again() -> None:
    shown, gates = Shown(), Gates()
    sink = gates.sink(shown)
    sink.write(b"ab")
    before = gates.save()
    sink.write(b"c")
    gates.restore(before)
    sink.write(b"cde")
    assert shown.data == b"abcde"


def test_each_outlet_is_counted_by_itself() -> None:
    shown, called, heard, gates = Shown(), list[bytes](), Heard(), Gates()
    sink, call, observer = gates.sink(shown), gates.call(called.append), gates.observer(heard)
    start = gates.save()
    for length in (1, 2):
        gates.restore(start)
        for _ in range(length):
            sink.write(b"a")
            call(b"line")
            observer.guest_report(3)
        observer.powered_off()
    assert (shown.data, called, heard.told) == (b"aa", [b"line"] * 2, [3, "off", 3])


def test_a_gated_observer_wants_what_the_observer_wants() -> None:
    gated = type(Gates().observer(Heard()))
    assert gated.guest_report is not Observer.guest_report
    assert gated.port_read is Observer.port_read


def test_what_comes_behind_a_hit_waits_until_it_comes_again() -> None:
    shown, gates = Shown(), Gates()
    sink, before = gates.sink(shown), gates.save()
    gates.hold()
    sink.write(b"ab")
    assert shown.data == b""
    gates.restore(before)
    sink.write(b"ab")
    assert shown.data == b"ab"


def test_another_run_shows_what_it_makes() -> None:
    shown, gates = Shown(), Gates()
    sink = gates.sink(shown)
    sink.write(b"a")
    before = gates.save()
    sink.write(b"aa")
    gates.restore(before)
    gates.forget_future()
    sink.write(b"bb")
    assert shown.data == b"aaabb"


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


def test_what_was_shown_elsewhere_is_neither_shown_nor_counted() -> None:
    shown: list[str] = []
    gates = Gates()
    tell = gates.call(shown.append)
    now = 5
    gates.mute_until(10, lambda: now)
    before = gates.save()
    tell("at 5")
    assert gates.save() == before
    now = 11
    tell("at 11")
    gates.restore(before)
    now = 3
    tell("at 3")
    now = 11
    tell("at 11")
    now = 12
    tell("at 12")
    assert shown == ["at 11", "at 12"]
