"""Virtual time: counted, never read from the host.

One tick is what one byte of retired guest code costs. The processor adds ticks (a native block callback
may do so directly in `cells`), events add their price, and HLT skips to the next deadline.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from emu.core.state import StateError

FAR_FUTURE_TICKS = 1 << 62
ELAPSED, DEADLINE, NEXT_TIMER = 0, 1, 2
"""Indices into `Clock.cells`, which hold ticks."""


@dataclass(frozen=True)
class Costs:
    """What things cost: bytes of code a nanosecond, and nanoseconds for each event."""

    bytes_per_ns: int = 4
    port_access_ns: int = 1000
    mmio_access_ns: int = 100
    timestamp_read_ns: int = 100
    delivery_ns: int = 100


class Timer:
    """One alarm on the clock. Chips arm it; it fires once, where a block begins."""

    def __init__(self, clock: Clock, name: str, fire: Callable[[], None]) -> None:
        self.name = name
        self.deadline: int | None = None
        self._clock = clock
        self._fire = fire

    def arm(self, deadline_ns: int) -> None:
        """Fire at virtual time `deadline_ns`, or at the next decision point if that is past."""
        self.deadline = min(max(deadline_ns, 0), self._clock.end_ns)
        self._clock._timers_changed()

    def cancel(self) -> None:
        """Do not fire."""
        self.deadline = None
        self._clock._timers_changed()

    def fire(self) -> None:
        """Disarm, then do what the timer is for (which may arm it again)."""
        self.deadline = None
        self._fire()


class Clock:
    """The machine's only clock. `now` is in nanoseconds since reset."""

    def __init__(self, costs: Costs | None = None) -> None:
        self.costs = costs or Costs()
        self.ticks_per_ns = self.costs.bytes_per_ns
        self.end_ns = FAR_FUTURE_TICKS // self.ticks_per_ns
        """Nothing is due later, whatever a saved state says."""
        self.cells = array("q", [0, FAR_FUTURE_TICKS, FAR_FUTURE_TICKS])
        self.limit: int | None = None
        """Ticks at which whoever runs the machine wants control: not an event of the machine itself."""
        self._timers: list[Timer] = []
        self._next_timer: int | None = None

    @property
    def now(self) -> int:
        """Virtual nanoseconds since reset."""
        return self.cells[ELAPSED] // self.ticks_per_ns

    @property
    def ticks(self) -> int:
        """Virtual time in ticks, the unit that events and snapshots use."""
        return self.cells[ELAPSED]

    def timer(self, name: str, fire: Callable[[], None]) -> Timer:
        """A new timer; of several that are due together the one made first fires first."""
        timer = Timer(self, name, fire)
        self._timers.append(timer)
        return timer

    def charge(self, cost_ns: int) -> None:
        """An event costs `cost_ns`."""
        self.cells[ELAPSED] += cost_ns * self.ticks_per_ns

    def next_deadline(self) -> int | None:
        """When the next timer is due, or None."""
        return self._next_timer

    @property
    def due(self) -> bool:
        """Whether the processor has reached the deadline that it was given."""
        return self.cells[ELAPSED] >= self.cells[DEADLINE]

    def advance_to(self, now_ns: int) -> None:
        """Let time pass up to `now_ns`; never backwards."""
        self.skip_to(now_ns * self.ticks_per_ns)

    def skip_to(self, ticks: int) -> None:
        """Skip idle time up to `ticks`; never backwards."""
        self.cells[ELAPSED] = max(self.cells[ELAPSED], ticks)

    def fire_due(self) -> None:
        """Fire every timer that is due, in order of deadline."""
        while self._next_timer is not None and self._next_timer <= self.now:
            due = [timer for timer in self._timers if timer.deadline is not None]
            first = min(due, key=lambda timer: timer.deadline or 0)
            first.fire()
            if first.deadline is None:  # else it was armed again, and we were told
                self._timers_changed()

    def set_limit(self, ticks: int | None) -> None:
        """Bound the processor's run at `ticks`, besides the timers."""
        self.limit = ticks
        self._set_deadline()

    def restore(self, ticks: int) -> None:
        """Put time at a saved point; timers are re-armed by their devices. Raises StateError for no time."""
        if not 0 <= ticks < FAR_FUTURE_TICKS:
            raise StateError(f"{ticks} is no time in ticks")
        self.cells[ELAPSED] = ticks

    def _timers_changed(self) -> None:
        self._next_timer = min((t.deadline for t in self._timers if t.deadline is not None), default=None)
        self._set_deadline()

    def _set_deadline(self) -> None:
        timer = FAR_FUTURE_TICKS if self._next_timer is None else self._next_timer * self.ticks_per_ns
        self.cells[NEXT_TIMER] = timer
        self.cells[DEADLINE] = timer if self.limit is None else min(timer, self.limit)
