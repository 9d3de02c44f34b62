"""Outlets of a machine that goes back and runs again: what was shown once is not shown again.

The run is the same each time, so the so-and-so-many-th event is the same event. Each outlet counts what the
run has made of it so far, which goes back with the machine, and what was passed on, which does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emu.core.backends import ByteSink
from emu.core.events import EVENTS, Observer


class Gates:
    """All outlets of one machine; goes back with it."""

    def __init__(self) -> None:
        self._counts: list[_Count] = []
        self._held = False
        self._now: Callable[[], int] = lambda: 0
        self._shown_until = -1

    def mute_until(self, ticks: int, now: Callable[[], int]) -> None:
        """What leaves the machine up to then has been shown elsewhere; `now` tells its time in ticks."""
        self._shown_until, self._now = ticks, now

    def sink(self, passed_to: ByteSink) -> ByteSink:
        """`passed_to`, without repetitions."""
        return _Sink(passed_to, self._fresh())

    def call(self, passed_to: Callable[..., None]) -> Callable[..., None]:
        """The same for a function that is told of events."""
        fresh = self._fresh()

        def told(*arguments: Any) -> None:
            if fresh(1):
                passed_to(*arguments)

        return told

    def observer(self, passed_to: Observer) -> Observer:
        """The same for an observer."""
        wanted = [name for name in EVENTS if getattr(type(passed_to), name) is not getattr(Observer, name)]
        members: dict[str, Any] = {}
        for name in wanted:
            members[name] = staticmethod(self.call(getattr(passed_to, name)))
        kind: Any = type("Gated" + type(passed_to).__name__, (Observer,), members)
        observer: Observer = kind()
        return observer

    def hold(self) -> None:
        """The machine runs on to the end of its block and will be put back before what comes now."""
        self._held = True

    def forget_future(self) -> None:
        """From here on the run is another one: what comes is new."""
        for count in self._counts:
            count.shown = count.made

    def save(self) -> tuple[int, ...]:
        """Where in its run the machine is."""
        return tuple(count.made for count in self._counts)

    def restore(self, saved: tuple[int, ...]) -> None:
        """The machine was put back to where `save` was called: what comes now is meant."""
        self._held = False
        for count, value in zip(self._counts, saved, strict=True):
            count.made = value

    def _fresh(self) -> Callable[[int], int]:
        """For another outlet: takes how much more was made, gives how much of that is to be passed on."""
        count = _Count()
        self._counts.append(count)

        def fresh(amount: int) -> int:
            if self._now() <= self._shown_until:
                return 0
            count.made += amount
            if self._held:
                return 0
            new = max(count.made - count.shown, 0)
            count.shown = max(count.shown, count.made)
            return min(new, amount)

        return fresh


class _Count:
    """How much of one output was made, and how much passed on."""

    def __init__(self) -> None:
        self.made = self.shown = 0


class _Sink:
    def __init__(self, passed_to: ByteSink, fresh: Callable[[int], int]) -> None:
        self._passed_to, self._fresh = passed_to, fresh

    def write(self, data: bytes) -> None:
        """Pass on what is new of `data`."""
        new = self._fresh(len(data))
        if new:
            self._passed_to.write(data[-new:])
