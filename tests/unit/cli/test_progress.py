"""The line of a long run."""

from __future__ import annotations

from io import StringIO
from typing import Any, cast

from emu.cli.progress import PATIENCE_S, PERIOD_S, Progress, Way


class FakeMachine:
    """As much of a machine as the line tells of."""

    def __init__(self) -> None:
        self.clock = self.processor = self
        self.now = self.retired = 0


class Bench:
    def __init__(self, limit_s: float | None = None) -> None:
        self.machine, self.stream, self.wall = FakeMachine(), StringIO(), 0.0
        self.line: Progress = Progress(cast(Any, self.machine), self.stream, limit_s, lambda: self.wall)

    def after(self, seconds: float, virtual_s: float = 0, retired: int = 0) -> str:
        self.wall += seconds
        self.machine.now += round(virtual_s * 1e9)
        self.machine.retired += retired
        self.line.breathe()
        return self.written()

    def written(self) -> str:
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text


def test_a_short_run_shows_nothing() -> None:
    bench = Bench()
    assert bench.after(PATIENCE_S / 2) == ""
    bench.line.wipe()
    assert bench.written() == ""


def test_a_long_run_tells_both_times_and_what_it_does() -> None:
    bench = Bench(limit_s=30)
    expected = "\r\x1b[Kemu: 12.5 of 30 s virtual, 2 s wall, 100 MB of code a second"
    assert bench.after(2, 12.5, 200_000_000) == expected
    assert bench.after(PERIOD_S / 2) == ""
    assert bench.after(PERIOD_S).endswith(", idle")


def test_it_is_gone_before_anything_else_is_written() -> None:
    bench = Bench()
    bench.after(2)
    bench.line.wipe()
    assert bench.written() == "\r\x1b[K"
    bench.line.wipe()
    assert bench.written() == ""


def test_each_movement_of_a_debugger_is_waited_for_anew() -> None:
    bench = Bench()
    bench.line = Way(cast(Any, bench.machine), bench.stream, lambda: bench.wall)
    assert bench.after(100) == ""
    assert bench.after(2, 0.0125) == "\r\x1b[Kemu: on the way at 12.500 ms, 2 s wall; Ctrl-C gives up"
    bench.line.wipe()
    assert bench.written() == "\r\x1b[K"
    assert bench.after(0) == ""
    assert bench.after(PATIENCE_S / 2) == ""
