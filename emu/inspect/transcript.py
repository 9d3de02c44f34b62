"""The transcript of the unplug protocol: what the guest asked, what it means, and what came of it.

Bytes of the guest's log are gathered into one step, repetitions are counted, and a guest that goes on for
ever fills only the steps that a person would read.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.core.clock import Clock
from emu.core.events import Observer
from emu.inspect.decoders import UnplugDecoder, meaning
from emu.xen.profiles import Does

MOST_STEPS = 1000
LONGEST_LOG = 4096


@dataclass
class Access:
    """The guest read or wrote a port, `count` times in a row."""

    ns: int
    port: int
    width: int
    write: bool
    value: int
    meaning: str
    count: int = 1


@dataclass
class LogBytes:
    """The guest wrote bytes of its log, in a row, up to the end of a line."""

    ns: int
    port: int
    text: bytes
    count: int = 1


@dataclass(frozen=True)
class Left:
    """Something left its bus."""

    ns: int
    target: str
    location: str


@dataclass(frozen=True)
class HostLine:
    """The device model wrote a line to the host's log."""

    ns: int
    text: str


@dataclass
class Misbehaved:
    """The host did what one of the configuration's faults says, `count` times in a row."""

    ns: int
    name: str
    count: int = 1


Step = Access | LogBytes | Left | HostLine | Misbehaved


class Transcript(Observer):
    """Gathers the steps; `left_out` counts those beyond the first thousand."""

    def __init__(self, clock: Clock, decoder: UnplugDecoder) -> None:
        self.steps: list[Step] = []
        self.left_out = 0
        self._clock = clock
        self._rule = decoder.rule

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        rule = self._rule(port, width, False)
        if rule is not None:
            self._add_access(Access(self._clock.now, port, width, False, value, meaning(rule, value)))

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        rule = self._rule(port, width, True)
        if rule is None:
            return
        if rule.does is Does.LOG or (rule.does is Does.UNPLUG_OR_LOG and value not in rule.values):
            self._add_log(port, value & 0xFF)
        else:
            self._add_access(Access(self._clock.now, port, width, True, value, meaning(rule, value)))

    def unplugged(self, target: str, location: str) -> None:
        """Something left its bus."""
        self._add(Left(self._clock.now, target, location))

    def host_log(self, text: str) -> None:
        """A line for the host's log."""
        self._add(HostLine(self._clock.now, text))

    def fault(self, name: str) -> None:
        """The host misbehaves."""
        last = self.steps[-1] if self.steps else None
        if isinstance(last, Misbehaved) and last.name == name:
            last.count += 1
        else:
            self._add(Misbehaved(self._clock.now, name))

    @property
    def departures(self) -> list[Left]:
        """What left which bus, in order."""
        return [step for step in self.steps if isinstance(step, Left)]

    def _add(self, step: Step) -> None:
        if len(self.steps) < MOST_STEPS or isinstance(step, Left):
            self.steps.append(step)
        else:
            self.left_out += 1

    def _add_access(self, access: Access) -> None:
        last = self.steps[-1] if self.steps else None
        if isinstance(last, Access) and _same(last, access):
            last.count += 1
        else:
            self._add(access)

    def _add_log(self, port: int, byte: int) -> None:
        last = self.steps[-1] if self.steps else None
        if isinstance(last, LogBytes) and last.port == port and not last.text.endswith(b"\n"):
            last.count += 1
            if len(last.text) < LONGEST_LOG:
                last.text += bytes([byte])
        else:
            self._add(LogBytes(self._clock.now, port, bytes([byte])))


def _same(one: Access, other: Access) -> bool:
    return (one.port, one.width, one.write, one.value) == (other.port, other.width, other.write, other.value)
