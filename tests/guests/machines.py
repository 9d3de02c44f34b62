"""Machines of bundled guests, for laws: quiet, hashed, at any pace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emu.core.events import Observers
from emu.machine.bundled import guest_names
from emu.machine.config import Fault
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Stop
from emu.observe.trace_hash import TraceHash
from emu.smoke.guest import Guest as TestedGuest
from tests.laws.bench import Everything

UNDETERMINED: dict[str, str] = {}
"""Bundled guests that the law does not hold for, each with the reason."""
DETERMINED = tuple(name for name in guest_names() if name not in UNDETERMINED)
NS_PER_S = 1_000_000_000


class Guest:
    """A bundled guest's machine with its trace hash."""

    def __init__(
        self,
        name: str,
        *,
        pace: Pace | None = None,
        watched: bool = False,
        native: bool = True,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        self.config = replace(load(name), faults=faults)
        self.observers = Observers()
        self.machine = Machine(self.config, observers=self.observers, native=native)
        self.hash = TraceHash(self.machine.clock)
        self.machine.observers.attach(self.hash)
        if watched:
            self.machine.observers.attach(Everything())
        self.machine.loop.pace = pace or Pace()

    def run(self, until_ns: int | None = None) -> str:
        """Run to the end, or to `until_ns`; the stop, described."""
        limit = int((self.config.run.limit_s or 10) * NS_PER_S)
        return self.describe(self.machine.run(limit if until_ns is None else until_ns))

    def describe(self, stop: Stop) -> str:
        """Everything that two equal runs up to `stop` have in common, as text."""
        clock, cpu = self.machine.clock, self.machine.processor
        return f"{stop.reason.name} {stop.status} {clock.ticks} {cpu.retired} {self.hash.hexdigest()}"


def finished(name: str, **changes: Any) -> TestedGuest:
    """A bundled guest after its run, on a machine of which some fields are changed."""
    guest = TestedGuest(replace(load(name), **changes))
    guest.run()
    guest.close()
    return guest
