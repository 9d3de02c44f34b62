"""Runs a recording again, and says where the run first differs from the recorded one, if it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emu.machine.fingerprint import Comparison
from emu.machine.inbox import DivergedError
from emu.machine.machine import Machine
from emu.machine.recording import Mark, Recording
from emu.machine.run_loop import Reason, Stop

SHOWN = 200
"""Characters of an event's record."""
OUTSIDE = (Reason.ASKED, Reason.LIMIT)
"""Ends that are not the guest's doing."""


@dataclass(frozen=True)
class Difference:
    """Where a replay first differs, in ticks, at the earliest and as it was found; and what is different."""

    since: int
    ticks: int
    what: str


class Replay:
    """One replay of a recording."""

    def __init__(self, recording: Recording, machine: Machine) -> None:
        """`machine` is one that the recording has made."""
        self._recording, self._machine = recording, machine
        self._same_until = machine.clock.ticks
        self._found: Difference | None = None
        self._mine = Stop(Reason.ASKED, detail="the run differs")
        marks = [*recording.marks, recording.end]
        hashes = {mark.events: mark.hash for mark in marks if mark.events}
        self.comparison = Comparison(machine.clock, recording.checks, hashes, self._event_differs)
        machine.observers.attach(self.comparison)

    def run(self, breathe: Callable[[], None] = lambda: None) -> Difference | Stop | None:
        """Run to the recorded end: what differs first, the stop if somebody asked for one, or None.

        `breathe` is called now and then.
        """
        self._machine.loop.breathe = breathe
        try:
            for number, mark in enumerate(self._recording.marks):
                if self._machine.clock.ticks < mark.ticks < self._recording.end.ticks:
                    ended = self._run_to(mark, number)
                    if ended is not None:
                        return ended
            return self._run_to_the_end()
        except DivergedError as error:
            kind, recorded = error.stamped.arrival.kind, error.stamped.position
            what = (
                f"{kind!r} came from outside at {self._time(recorded.ticks)}, where this run does not come by"
            )
            return Difference(self._same_until, error.found.ticks, what)

    def _run_to(self, mark: Mark, number: int) -> Difference | Stop | None:
        stop = self._advance(mark.ticks)
        ended = self._ended(stop)
        if ended is not None:
            return ended
        ticks = self._machine.clock.ticks
        if stop.reason is not Reason.LIMIT:
            return Difference(self._same_until, ticks, f"this run ended there: {stop.reason.value}")
        held = self._machine.processor.save()
        recorded = self._recording.state(number).processor
        other = [name for name in held if held[name] != recorded.get(name)]
        if ticks != mark.ticks or other:
            names = ", ".join(other[:4])
            return Difference(
                self._same_until, ticks, f"the processor is in another state ({names or 'time'})"
            )
        self._same_until = ticks
        return None

    def _run_to_the_end(self) -> Difference | Stop | None:
        end, recorded = self._recording.end, self._recording.stop
        outside = recorded is None or recorded.reason in OUTSIDE
        stop = self._advance(end.ticks if outside else end.ticks + 1)
        ended = self._ended(stop)
        if ended is not None:
            return ended
        machine, seen = self._machine, self.comparison
        ticks = machine.clock.ticks
        if (
            not outside
            and recorded is not None
            and (stop.reason, stop.status) != (recorded.reason, recorded.status)
        ):
            what = f"the recorded run ended there ({recorded.reason.value}), this one: {stop.reason.value}"
        elif ticks != end.ticks:
            what = f"the recorded run ended at {self._time(end.ticks)}"
        elif recorded is None:
            return None  # it broke off behind that
        elif machine.processor.retired != end.retired:
            what = (
                f"{machine.processor.retired} bytes of code were executed, {end.retired} in the recorded run"
            )
        elif (seen.events, seen.hexdigest()) != (end.events, end.hash):
            what = f"there were {seen.events} events, {end.events} in the recorded run"
        else:
            return None
        return Difference(self._same_until, ticks, what)

    def _advance(self, ticks: int) -> Stop:
        """Run until then; a machine that is idle for ever waits, as it did for whoever could have come."""
        stop = self._machine.loop.run_to(ticks)
        end = self._recording.stop
        waits = end is None or end.reason in OUTSIDE
        if stop.reason is Reason.IDLE and waits and self._machine.clock.ticks < ticks:
            self._machine.clock.skip_to(ticks)
            return Stop(Reason.LIMIT)
        return stop

    def _ended(self, stop: Stop) -> Difference | Stop | None:
        """What ends the replay besides the run itself."""
        if self._found is not None:
            return self._found
        return stop if stop.reason is Reason.ASKED else None

    def _event_differs(self, record: str) -> None:
        ticks, _, event = record.partition(" ")
        shown = event if len(event) <= SHOWN else event[:SHOWN] + "..."
        seen = self.comparison
        since = int(ticks) if seen.events <= len(self._recording.checks) else self._same_until
        self._found = Difference(since, int(ticks), f"event {seen.events} is here: {shown}")
        self._machine.stop(self._mine)

    def _time(self, ticks: int) -> str:
        return f"{ticks / self._machine.clock.ticks_per_ns / 1e6:.6f} ms"
