"""Outlets that show each byte once, however often the run that makes it is gone through.

A byte is known by when it leaves the machine, and as the how-manieth write of that moment: the run is the
same each time. What comes no later than the last that was shown has been shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Gate(Generic[T]):
    """Passes on what has not been shown yet."""

    def __init__(self, passed_to: Callable[[T], None]) -> None:
        self._pass = passed_to
        self._now: Callable[[], int] = lambda: 0
        self._last = self._shown = (-1, 0)
        self._held = False

    def watch(self, now: Callable[[], int]) -> None:
        """`now` tells the machine's time in ticks; the machine is made after its outlets."""
        self._now = now

    def rewound(self) -> None:
        """The machine was put to another moment."""
        self._last = (-1, 0)
        self.release()

    def release(self) -> None:
        """What comes now is meant."""
        self._held = False

    def hold(self) -> None:
        """The machine runs on to the end of its block and will be put back before what comes now."""
        self._held = True

    def forget_after(self, ticks: int) -> None:
        """The run after `ticks` is another one: nothing of it has been shown."""
        self._shown = min(self._shown, (ticks + 1, -1))

    def write(self, data: T) -> None:
        """Take `data`."""
        ticks = self._now()
        self._last = (ticks, self._last[1] + 1 if self._last[0] == ticks else 0)
        if self._last > self._shown and not self._held:
            self._shown = self._last
            self._pass(data)
