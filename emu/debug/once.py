"""Outputs of a machine that goes back and runs again: what was shown once is not shown again.

The run is the same each time, so the so-and-so-many-th event is the same event. Each outlet counts what the
run has made of it so far, which goes back with the machine, and what was passed on, which does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emu.core.backends import ByteSink
from emu.core.events import EVENTS, Observer


class Count:
    """How much of one output was made, and how much passed on."""

    def __init__(self) -> None:
        self.made = self.shown = 0

    def fresh(self, amount: int) -> int:
        """`amount` more was made; how much of that, at its end, is to be passed on."""
        self.made += amount
        new = max(self.made - self.shown, 0)
        self.shown = max(self.shown, self.made)
        return min(new, amount)


class _Sink:
    def __init__(self, passed_to: ByteSink, count: Count) -> None:
        self._passed_to, self._count = passed_to, count

    def write(self, data: bytes) -> None:
        """Pass on what is new of `data`."""
        fresh = self._count.fresh(len(data))
        if fresh:
            self._passed_to.write(data[-fresh:])


class Once:
    """All outlets of one machine."""

    def __init__(self) -> None:
        self._counts: list[Count] = []

    def sink(self, passed_to: ByteSink) -> ByteSink:
        """`passed_to`, without repetitions."""
        return _Sink(passed_to, self._count())

    def call(self, passed_to: Callable[..., None]) -> Callable[..., None]:
        """The same for a function that is told of events."""
        count = self._count()

        def told(*arguments: Any) -> None:
            if count.fresh(1):
                passed_to(*arguments)

        return told

    def observer(self, passed_to: Observer) -> Observer:
        """The same for an observer."""
        wanted = [name for name in EVENTS if getattr(type(passed_to), name) is not getattr(Observer, name)]
        members: dict[str, Any] = {}
        for name in wanted:
            members[name] = staticmethod(self.call(getattr(passed_to, name)))
        kind: Any = type("Once" + type(passed_to).__name__, (Observer,), members)
        observer: Observer = kind()
        return observer

    def save(self) -> tuple[int, ...]:
        """Where in its run the machine is."""
        return tuple(count.made for count in self._counts)

    def restore(self, made: tuple[int, ...]) -> None:
        """The machine was put back to where `save` was called."""
        for count, value in zip(self._counts, made, strict=True):
            count.made = value

    def begin_again(self) -> None:
        """From here on the run is another one: what comes is new."""
        for count in self._counts:
            count.shown = count.made

    def _count(self) -> Count:
        self._counts.append(Count())
        return self._counts[-1]
