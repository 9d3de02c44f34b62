"""The live sources of a run, and the wall clock that idle time is paced to while there are any.

Sources are polled now and then while the processor runs, and waited for while it is halted. What they
bring they post to the inbox; how long anything takes here decides where it arrives, and nothing else.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable
from time import monotonic
from typing import Protocol

POLL_S = 0.005
LONGEST_WAIT_S = 0.05
"""The loop comes by at least so often while it waits: signals, limits and displays want to be heeded."""
LARGEST_LAG_S = 0.1
"""Virtual time that is later than that behind the wall clock does not catch up: a sleep stays a sleep."""


class Source(Protocol):
    """Something that a person or a program feeds: a terminal, a pipe, a socket."""

    def fileno(self) -> int:
        """What to wait for."""

    def receive(self) -> bool:
        """It can be read: post what is there. False at its end."""


class Outside:
    """Polls sources, waits for them, and lets idle time pass no faster than the wall clock."""

    def __init__(
        self,
        ticks_per_s: int,
        *,
        wall: Callable[[], float] = monotonic,
        selector: selectors.BaseSelector | None = None,
    ) -> None:
        self._ticks_per_s = ticks_per_s
        self._wall = wall
        self._selector = selector
        self._sources = 0
        self._polled_at = wall()
        self._began_s: float | None = None
        self._began_ticks = 0
        self.pace: bool | None = None
        """Whether idle time lasts as long as on the wall clock; None: while a source is open."""

    @property
    def is_open(self) -> bool:
        """Whether anything may still come."""
        return self._sources > 0

    @property
    def is_paced(self) -> bool:
        """Whether idle time lasts as long as on the wall clock."""
        return self.is_open if self.pace is None else self.pace

    def add(self, source: Source) -> None:
        """Listen to `source` until its end. Raises OSError where the host cannot wait for it."""
        self._selector = self._selector or selectors.DefaultSelector()
        self._selector.register(source.fileno(), selectors.EVENT_READ, source)
        self._sources += 1

    def close(self) -> None:
        """Listen to nothing any more."""
        self._sources = 0
        if self._selector is not None:
            self._selector.close()
            self._selector = None

    def poll(self) -> None:
        """Let sources post what has come meanwhile; cheap if called often."""
        if self._sources and self._wall() - self._polled_at >= POLL_S:
            self._receive(0)

    def idle(self, now: int, target: int | None) -> int:
        """Let idle time pass from `now` towards `target`; the time in ticks that it is then.

        Waits for a while at most. None waits for sources alone.
        """
        if not self.is_paced:
            if target is not None:
                return target
            self._receive(LONGEST_WAIT_S)
            return now
        due = self._due(now)
        if target is None or due < target:
            left_s = LONGEST_WAIT_S if target is None else (target - due) / self._ticks_per_s
            self._receive(min(left_s, LONGEST_WAIT_S))
            due = self._due(now)
        reached = max(now, due)
        return reached if target is None else min(reached, target)

    def _due(self, now: int) -> int:
        """Where virtual time, which is `now`, would be if it kept up with the wall clock."""
        wall = self._wall()
        if self._began_s is not None:
            due = self._began_ticks + int((wall - self._began_s) * self._ticks_per_s)
            if due - now <= LARGEST_LAG_S * self._ticks_per_s:
                return due
        self._began_s, self._began_ticks = wall, now
        return now

    def _receive(self, timeout_s: float) -> None:
        selector = self._selector = self._selector or selectors.DefaultSelector()
        for key, _ in selector.select(timeout_s):
            source: Source = key.data
            if not source.receive():
                selector.unregister(key.fileobj)
                self._sources -= 1
        self._polled_at = self._wall()
