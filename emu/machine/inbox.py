"""All that comes from outside: keys, bytes for the serial port, another CD, the power button.

An arrival enters the machine at a decision point and is stamped with it. The same machine, given the same
arrivals at the same positions, makes the same run: so the log of what was taken is all that a recording
needs besides the configuration, and `replay` takes it back.

A decision point takes arrivals once, before anything else is decided there. What is posted later waits
for the next one, so that a position says exactly when an arrival was taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emu.core.clock import Clock
from emu.core.state import Plain, StateError, from_plain


@dataclass(frozen=True)
class Arrival:
    """Something from outside: what kind it is of, and its contents as plain data."""

    kind: str
    payload: Plain = None


@dataclass(frozen=True, order=True)
class Position:
    """A decision point: virtual time in ticks, which no two have in common, and bytes retired.

    Bytes alone would not do: a halted processor retires none, nor does one that faults for ever.
    """

    ticks: int
    retired: int


@dataclass(frozen=True)
class Stamped:
    """An arrival and where it was taken."""

    position: Position
    arrival: Arrival


class DivergedError(Exception):
    """A replayed run did not come by where an arrival was taken: it is not the recorded one."""

    def __init__(self, stamped: Stamped, found: Position) -> None:
        super().__init__(f"{stamped.arrival.kind} was taken at {stamped.position}, the replay is at {found}")
        self.stamped = stamped
        self.found = found


class Looking:
    """Where arrivals were last taken, and when whoever watches looks next, in ticks."""

    def __init__(self) -> None:
        self.decided_at: int | None = None
        self.next_at = 0

    def save(self) -> tuple[int | None, int]:
        """As it is now."""
        return self.decided_at, self.next_at

    def restore(self, saved: tuple[int | None, int]) -> None:
        """As it was."""
        self.decided_at, self.next_at = saved


class Inbox:
    """Takes arrivals from live sources and from recordings; the run loop has them applied."""

    def __init__(
        self,
        *,
        clock: Clock,
        retired: Callable[[], int],
        wake: Callable[[], None],
        appliers: Mapping[str, Callable[[Any], None]],
        payloads: Mapping[str, Any] = {},
    ) -> None:
        """`retired` tells the bytes retired; `wake` makes the processor come back at a decision point.

        `appliers` put the payload of each kind of arrival where it belongs; `payloads` are their types, where
        they have any.
        """
        self._clock = clock
        self._retired = retired
        self._wake = wake
        self._appliers = appliers
        self._payloads = payloads
        self._posted: deque[Arrival] = deque()
        self._history: list[Stamped] = []
        self._unknown = 0
        self.looking = Looking()
        self._look: Callable[[], None] | None = None
        self._look_every = 0
        self.taken = 0
        """How many arrivals the machine has taken in its life: part of its state."""

    @property
    def log(self) -> list[Stamped]:
        """What was taken, in order (since the snapshot, in a machine restored from another's)."""
        return self._history[: self.taken - self._unknown]

    def post(self, arrival: Arrival) -> None:
        """Have `arrival` taken at the next decision point. Any thread may call this."""
        if arrival.kind not in self._appliers:
            raise KeyError(f"nothing in this machine takes {arrival.kind!r}")
        self._posted.append(arrival)
        self._wake()

    @property
    def replaying(self) -> bool:
        """Whether something is still to be taken where it was taken before: nothing new is then."""
        return self._following() is not None

    def watch(self, look: Callable[[], None] | None, every: int = 0) -> None:
        """Call `look` every so many ticks, and before the machine is given up as idle; it may post.

        For a source whose mind depends on the machine alone, so that it speaks up at the same positions
        in each run. None ends it.
        """
        self._look, self._look_every, self.looking.next_at = look, every, self._clock.ticks

    def look(self) -> None:
        """Whoever watches the machine looks at it now."""
        if self._look is not None:
            self.looking.next_at = self._clock.ticks + self._look_every
            self._look()

    def replay(self, arrivals: Iterable[Stamped]) -> None:
        """Take these exactly where they were taken before; what is posted meanwhile waits until after.

        Raises StateError where the machine takes no such thing.
        """
        known = list(arrivals)
        for stamped in known:
            kind = stamped.arrival.kind
            if kind not in self._appliers:
                raise StateError(f"nothing in this machine takes {kind!r}")
            from_plain(self._payloads.get(kind, Any), stamped.arrival.payload, kind)
        self._history = self.log + known

    def forget_future(self) -> None:
        """Replay nothing more: from here on the run is another one."""
        self._history = self.log

    def restore(self, taken: int) -> None:
        """The machine is as it was after `taken` arrivals; those known beyond will be replayed.

        Raises StateError for no number of arrivals.
        """
        if taken < 0:
            raise StateError(f"there cannot have been {taken} arrivals")
        if taken > self._unknown + len(self._history) or taken < self._unknown:
            self._history, self._unknown = [], taken
        self.taken = taken
        self.looking.restore((self._clock.ticks, self._clock.ticks))

    def attention_at(self) -> int | None:
        """When the loop has to come by while the processor runs, or None."""
        coming = self.next_ticks()
        if self._look is None:
            return coming
        look_at = max(self.looking.next_at, self._clock.ticks + 1)
        return look_at if coming is None else min(coming, look_at)

    def next_ticks(self) -> int | None:
        """When something is known to arrive, or None."""
        following = self._following()
        if following is not None:
            return following.position.ticks
        return self._clock.ticks + 1 if self._posted else None

    def deliver(self) -> None:
        """At a decision point: apply what is to be taken here. Raises DivergedError."""
        if not self._posted and self._look is None and self._following() is None:
            self.looking.decided_at = self._clock.ticks
            return
        position = Position(self._clock.ticks, self._retired())
        while (following := self._following()) is not None and following.position.ticks <= position.ticks:
            if following.position != position:
                raise DivergedError(following, position)
            self._apply(following.arrival)
        if position.ticks != self.looking.decided_at:
            self.looking.decided_at = position.ticks
            if position.ticks >= self.looking.next_at:
                self.look()
            while self._posted and self._following() is None:
                arrival = self._posted.popleft()
                self._history.append(Stamped(position, arrival))
                self._apply(arrival)

    def _following(self) -> Stamped | None:
        """The next arrival to be replayed."""
        index = self.taken - self._unknown
        return self._history[index] if index < len(self._history) else None

    def _apply(self, arrival: Arrival) -> None:
        self.taken += 1
        self._appliers[arrival.kind](arrival.payload)
