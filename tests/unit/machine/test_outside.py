"""Live sources and the wall clock, on a wall clock of the test's own."""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterator
from typing import Any

import pytest

from emu.machine.outside import LARGEST_LAG_S, LONGEST_WAIT_S, Outside

TICKS_PER_S = 1_000_000


class FakeSelector(selectors.DefaultSelector):
    """Time passes here; what can be read, can be read at once."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = 100.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found:
            self.wall += timeout or 0
        return found


class Pipe:
    """A source that keeps what it reads."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.got: list[bytes] = []

    def fileno(self) -> int:
        return self.reading

    def receive(self) -> bool:
        self.got.append(os.read(self.reading, 100))
        return bool(self.got[-1])


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    os.close(pipe.reading)


class Bench:
    def __init__(self) -> None:
        self.selector = FakeSelector()
        self.outside = Outside(TICKS_PER_S, wall=lambda: self.selector.wall, selector=self.selector)

    def idle(self, now: int, target: int | None) -> int:
        """Idle until the target is reached, as the run loop does."""
        while target is None or now < target:
            now = self.outside.idle(now, target)
        return now


def test_without_sources_idle_time_is_skipped() -> None:
    bench = Bench()
    assert bench.outside.idle(5, 5_000_000) == 5_000_000
    assert bench.selector.wall == 100.0


def test_with_a_source_idle_time_lasts_as_long_as_on_the_wall_clock(pipe: Pipe) -> None:
    bench = Bench()
    bench.outside.add(pipe)
    assert bench.idle(0, 2 * TICKS_PER_S) == 2 * TICKS_PER_S
    assert bench.selector.wall == pytest.approx(102.0, abs=0.001)


def test_idle_time_comes_in_pieces_so_that_the_loop_can_look_about(pipe: Pipe) -> None:
    bench = Bench()
    bench.outside.add(pipe)
    bench.outside.idle(0, 2 * TICKS_PER_S)
    assert bench.selector.wall == pytest.approx(100.0 + LONGEST_WAIT_S)


def test_pace_real_needs_no_source_and_pace_none_wants_none(pipe: Pipe) -> None:
    bench = Bench()
    bench.outside.pace = True
    bench.idle(0, TICKS_PER_S)
    assert bench.selector.wall == pytest.approx(101.0, abs=0.001)
    bench.outside.pace = False
    bench.outside.add(pipe)
    assert bench.outside.idle(0, TICKS_PER_S) == TICKS_PER_S


def test_input_ends_a_wait_at_once(pipe: Pipe) -> None:
    bench = Bench()
    bench.outside.add(pipe)
    bench.outside.idle(0, TICKS_PER_S)
    before = bench.selector.wall
    os.write(pipe.writing, b"x")
    assert bench.outside.idle(50_000, TICKS_PER_S) < TICKS_PER_S
    assert (pipe.got, bench.selector.wall) == ([b"x"], before)


def test_nothing_but_input_to_wait_for_waits_for_input_at_any_pace(pipe: Pipe) -> None:
    bench = Bench()
    bench.outside.add(pipe)
    assert bench.outside.idle(0, None) == pytest.approx(LONGEST_WAIT_S * TICKS_PER_S, abs=1)
    bench.outside.pace = False
    assert bench.outside.idle(7, None) == 7
    assert bench.selector.wall == pytest.approx(100.0 + 2 * LONGEST_WAIT_S)


def test_a_guest_that_was_busy_for_long_does_not_rush_through_its_sleep(pipe: Pipe) -> None:
    bench = Bench()
    bench.outside.add(pipe)
    bench.idle(0, 1000)
    bench.selector.wall += 10
    before = bench.selector.wall
    bench.idle(1000, 1000 + TICKS_PER_S)
    assert bench.selector.wall - before == pytest.approx(1.0, abs=0.001)


def test_a_small_delay_is_caught_up_with(pipe: Pipe) -> None:
    bench = Bench()
    bench.outside.add(pipe)
    bench.idle(0, 1000)
    bench.selector.wall += LARGEST_LAG_S / 2
    bench.idle(1000, TICKS_PER_S)
    assert bench.selector.wall == pytest.approx(101.0, abs=0.001)


def test_a_source_that_has_ended_is_waited_for_no_more(pipe: Pipe) -> None:
    bench = Bench()
    bench.outside.add(pipe)
    os.close(pipe.writing)
    bench.outside.idle(0, TICKS_PER_S)
    assert not bench.outside.is_open
    assert not bench.outside.is_paced
