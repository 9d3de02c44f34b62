"""A machine that is run for a test: its console, transcript and trace hash are kept, its limits heeded."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from emu.core.errors import ConfigError
from emu.core.events import Observer
from emu.inspect.cues import Cues
from emu.inspect.decoders import PciDecoder, UnplugDecoder
from emu.inspect.history import History
from emu.inspect.outcome import Verdict, judge
from emu.inspect.transcript import Transcript
from emu.machine.config import MachineConfig
from emu.machine.inbox import Arrival, Stamped
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason, Stop
from emu.observe.timeline import Timeline
from emu.observe.trace_hash import TraceHash

MOST_CONSOLE = 4 << 20
"""Bytes of console that are kept: the last ones."""
MOST_LOG_LINES = 4096
KEPT_FOR_VERDICT = 4096
LARGEST_INPUT = 16 << 20
CTRL_C = "stopped by Ctrl-C"


class Kept(Observer):
    """What a guest wrote, to its console and to both logs."""

    def __init__(self) -> None:
        self.console = bytearray()
        self.guest_lines: list[bytes] = []
        self.host_lines: list[str] = []

    def console_output(self, name: str, data: bytes) -> None:
        """Bytes left the machine."""
        if name == "com1":
            self.console += data
            if len(self.console) > 2 * MOST_CONSOLE:
                del self.console[:-MOST_CONSOLE]

    def guest_log(self, line: bytes) -> None:
        """A line of the guest's log."""
        self.guest_lines.append(line)
        del self.guest_lines[:-MOST_LOG_LINES]

    def host_log(self, text: str) -> None:
        """A line of the host's log."""
        self.host_lines.append(text)
        del self.host_lines[:-MOST_LOG_LINES]


class Watched:
    """A machine with observers. Outputs that its configuration names go nowhere: tests run side by side."""

    def __init__(
        self,
        config: MachineConfig,
        *,
        wall_s: float | None = None,
        arrivals: Sequence[Stamped] | None = None,
        tracked: bool = False,
    ) -> None:
        """`arrivals`: what came from outside in the run that is to be made again.

        Raises ConfigError where the configuration asks for the impossible.
        """
        if config.run.input == "-":
            raise ConfigError(
                "[run] input: standard input is no input of a test: name a file, or use [[input]]"
            )
        self.config = config
        self.machine = machine = Machine(config, tracked=tracked)
        machine.loop.pace = Pace(config.run.slice_bytes, config.run.single_step)
        machine.loop.breathe = self._breathe
        self._attach()
        if arrivals is not None:
            machine.inbox.replay(arrivals)
        else:
            self._take_input()
        self.stop: Stop | None = None
        """How the last run ended."""
        self.wall_s = 0.0
        """How long it ran, on the host's clock."""
        self._wall_limit_s, self._begun = wall_s, 0.0
        self.is_closed = False

    def _attach(self) -> None:
        machine = self.machine
        self.kept = Kept()
        decoder = UnplugDecoder(machine.pc.unplug, machine.ports)
        self.transcript = Transcript(machine.clock, decoder)
        self.history = History(machine.clock, machine.ports, (PciDecoder(machine.pci), decoder))
        self.hash = TraceHash(machine.clock)
        for observer in (self.kept, self.transcript, self.history, self.hash):
            machine.observers.attach(observer)

    def _take_input(self) -> None:
        """Have typed what the configuration says."""
        machine, config = self.machine, self.config
        if config.typings:
            machine.observers.attach(Cues(machine, config.typings))
        if config.run.input is not None:
            machine.inbox.post(Arrival("serial", _contents(Path(config.run.input))))

    def run(self, until_ns: int | None) -> Stop:
        """Run until something stops it. Raises KeyboardInterrupt at Ctrl-C, with the machine in order."""
        return self.run_to(None if until_ns is None else until_ns * self.machine.clock.ticks_per_ns)

    def run_to(self, until: int | None) -> Stop:
        """The same with virtual time in ticks."""
        self._begun = time.monotonic()
        with self._interruptible():
            self.stop = self.machine.loop.run_to(until)
        self.wall_s += time.monotonic() - self._begun
        if self.stop.detail == CTRL_C:
            raise KeyboardInterrupt
        return self.stop

    @property
    def verdict(self) -> Verdict:
        """What the guest made of it so far."""
        return judge(self.stop or Stop(Reason.ASKED), bytes(self.kept.console[-KEPT_FOR_VERDICT:]))

    def timeline(self) -> Timeline:
        """A timeline of what happens from now on."""
        machine = self.machine
        timeline = Timeline(machine.clock, machine.ports, lambda: machine.processor.mode)
        machine.observers.attach(timeline)
        return timeline

    def close(self) -> None:
        """Let go of images and of the engine. Idempotent."""
        if not self.is_closed:
            self.is_closed = True
            self.machine.close()

    def _breathe(self) -> None:
        """Between blocks: heed the wall clock."""
        limit = self._wall_limit_s
        if limit is not None and self.wall_s + time.monotonic() - self._begun >= limit:
            self.machine.stop(Stop(Reason.ASKED, detail=wall_limit(limit)))

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl-C ends the run between blocks, not somewhere in a chip."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def heard(number: int, frame: FrameType | None) -> None:
            self.machine.stop(Stop(Reason.ASKED, detail=CTRL_C))

        before = signal.signal(signal.SIGINT, heard)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def wall_limit(limit_s: float) -> str:
    """What is said where a run took too long."""
    return f"the limit of {limit_s:g} s on the wall clock was reached"


def _contents(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_INPUT + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the input {path} ({error.strerror}): give another file") from None
    if len(data) > LARGEST_INPUT:
        raise ConfigError(f"the input {path} is too long: give at most {LARGEST_INPUT >> 20} MiB")
    return data
