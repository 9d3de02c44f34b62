"""A host that misbehaves at given moments: injected at the bus, the wires, the back ends, never in a chip.

The configuration says what goes wrong and when; what was counted so far is the state of a device like any
other, so a run with faults can be saved, restored and repeated. Each fault that happens is an event. Where no
fault is of a kind, nothing is put in between, and nothing is paid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.backends.faulty import FaultyBlock, FaultyLink
from emu.backends.network import Link
from emu.core.backends import BlockBackend, ByteSink
from emu.core.bus import ALL_ONES, PortBus
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.errors import ConfigError
from emu.core.events import Observers
from emu.devices.ide.channel import Mechanics
from emu.devices.pic import PicPair
from emu.machine.config import Fault, MachineConfig
from emu.xen.profiles import PROFILES

SECTOR, BLOCK = 512, 2048
LOG_PORT, NEWLINE = 0x12, 10
BYTE = 0xFF
OF_PORTS = ("port-floats", "wrong-value", "lost-write")
OF_DRIVES = ("disk-error", "slow-disk")
OF_FRAMES = ("dropped-frame", "damaged-frame")
OF_WIRES = ("lost-interrupt", "doubled-interrupt")

Feel = Callable[[bool], None]


@dataclass
class Progress:
    """What has become of one fault: accesses since its time came, and how many of them went wrong.

    `touched` and `failing` are about the command that the drive is carrying out.
    """

    accesses: int = 0
    fired: int = 0
    text_seen: bool = False
    touched: bool = False
    failing: bool = False


@dataclass
class FaultsState:
    """All faults' progress; the end of what each console has put out; masks of interrupt wires.

    `high` are those that their chips drive high, `held` those that are kept high until an interrupt has come
    a second time.
    """

    progress: list[Progress] = field(default_factory=list)
    heard: dict[str, bytes] = field(default_factory=dict)
    high: int = 0
    held: int = 0


class Faults(Device[FaultsState]):
    """The faults of one machine, and what stands between its parts on their behalf."""

    def __init__(self, config: MachineConfig, clock: Clock, observers: Observers) -> None:
        """Raises ConfigError where a fault is of something that the machine does not have."""
        super().__init__("faults", FaultsState([Progress() for _ in config.faults]))
        self._faults = config.faults
        self._cds = {drive.position for drive in config.drives if drive.cdrom}
        self._clock = clock
        self._observers = observers
        self._inputs: dict[int, Feel] = {}
        self._pics: PicPair | None = None
        self._exhaust_log: Callable[[], None] = lambda: None
        for fault in self._faults:
            _refuse_impossible(fault, config)
        self._longest_text = max((len(each.after_text.encode()) for each in self._faults), default=0)

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Each fault's name, and how often it has happened."""
        return [
            (fault.name, progress.fired)
            for fault, progress in zip(self._faults, self.state.progress, strict=True)
        ]

    def reset(self) -> None:
        """The machine is reset: what was counted stays, but no wire is held."""
        held, self.state.held = self.state.held, 0
        for number, feel in self._inputs.items():
            if (held & ~self.state.high) >> number & 1:
                feel(False)

    # When

    def _strikes(self, number: int) -> bool:
        """An access of the kind that fault `number` is about: count it; whether it goes wrong."""
        fault, progress = self._faults[number], self.state.progress[number]
        if self._clock.now < fault.after_ns or (fault.after_text and not progress.text_seen):
            return False
        progress.accesses += 1
        behind, odd = divmod(progress.accesses - fault.first, fault.every)
        if behind < 0 or odd or (fault.count is not None and behind >= fault.count):
            return False
        progress.fired += 1
        for seen in self._observers.fault:
            seen(fault.name)
        return True

    def _striking(self, *kinds: str, **facts: int) -> list[Fault]:
        """The faults of these kinds, about these facts, that happen at this access."""
        return [self._faults[number] for number in self._about(*kinds, **facts) if self._strikes(number)]

    def _about(self, *kinds: str, **facts: int) -> list[int]:
        return [
            number
            for number, fault in enumerate(self._faults)
            if fault.kind in kinds and all(getattr(fault, name) == value for name, value in facts.items())
        ]

    def console(self, name: str, sink: ByteSink) -> ByteSink:
        """`sink`, listened to if a fault waits for a text."""
        if not self._longest_text:
            return sink

        return _HeardSink(sink, lambda data: self._hear(name, data))

    def _hear(self, console: str, data: bytes) -> None:
        heard = self.state.heard.get(console, b"") + data
        for fault, progress in zip(self._faults, self.state.progress, strict=True):
            if fault.after_text and fault.after_text.encode() in heard:
                progress.text_seen = True
        self.state.heard[console] = heard[-self._longest_text :]

    # Ports

    def stand_before(self, bus: PortBus, exhaust_log: Callable[[], None]) -> None:
        """Stand before the ports that faults are about; `exhaust_log` empties the bucket of the log."""
        self._exhaust_log = exhaust_log
        for fault in self._faults:
            if fault.kind in OF_PORTS:
                bus.interposed[fault.port] = self
            elif fault.kind == "full-log":
                bus.interposed[LOG_PORT] = self

    def read(self, port: int, width: int, ask: Callable[[], int]) -> int:
        """IN: a port that floats is not asked."""
        striking = [
            self._faults[number]
            for number in self._about("port-floats", "wrong-value", port=port)
            if self._faults[number].width in (None, width) and self._strikes(number)
        ]
        floats = any(fault.kind == "port-floats" for fault in striking)
        value = ALL_ONES[width] if floats else ask()
        for fault in striking:
            if fault.kind == "wrong-value":
                value = value ^ fault.flip if fault.value is None else fault.value
        return value & ALL_ONES[width]

    def write(self, port: int, width: int, value: int, pass_on: Callable[[], None]) -> None:
        """OUT: a write may get lost; a line of the log may find the bucket empty."""
        if port == LOG_PORT and width == 1 and value & BYTE == NEWLINE and self._striking("full-log"):
            self._exhaust_log()
        lost = [
            self._strikes(number)
            for number in self._about("lost-write", port=port)
            if self._faults[number].width in (None, width)
        ]
        if not any(lost):
            pass_on()

    # Interrupts

    def wire(self, number: int, feel: Feel) -> Feel:
        """What stands at the end of the wires of an IRQ, before its input `feel` of the 8259A."""
        if not self._about(*OF_WIRES, irq=number):
            return feel
        self._inputs[number] = feel
        mask = 1 << number

        def changed(level: bool) -> None:
            self.state.high = self.state.high & ~mask | level << number
            if level and self._striking("lost-interrupt", irq=number):
                return
            if not self.state.held & mask:
                feel(level)

        return changed

    def answer_for(self, pics: PicPair) -> Faults:
        """The same, as what the processor's INTA cycles go to instead of to `pics`."""
        self._pics = pics
        return self

    def acknowledge(self) -> int:
        """The vector. Of an interrupt that comes twice the wire has another edge, and stays high for it."""
        assert self._pics is not None
        vector = self._pics.acknowledge()
        number = self._pics.number(vector)
        if number is not None and number in self._inputs:
            self._acknowledged(number, self._inputs[number])
        return vector

    def _acknowledged(self, number: int, feel: Feel) -> None:
        mask = 1 << number
        if self.state.held & mask:
            self.state.held &= ~mask
            if not self.state.high & mask:
                feel(False)
        elif self._striking("doubled-interrupt", irq=number):
            self.state.held |= mask
            feel(False)
            feel(True)

    # Drives

    def mechanics(self, first: int) -> Mechanics | None:
        """What makes the drives of a channel, whose master is at position `first`, take time."""
        if not any(self._about(*OF_DRIVES, drive=position) for position in (first, first + 1)):
            return None
        return Mechanics(self._clock, lambda slave: self._begin(first + slave))

    def image(self, position: int, image: BlockBackend) -> BlockBackend:
        """What the drive at `position` has for its image."""
        if not self._about("disk-error", drive=position):
            return image
        return FaultyBlock(
            image, lambda offset, length, access: self._failing(position, offset, length, access)
        )

    def _begin(self, position: int) -> int:
        """A drive begins a command: how many nanoseconds that takes."""
        for number in self._about("disk-error", drive=position):
            progress = self.state.progress[number]
            progress.touched = progress.failing = False
        return sum(fault.delay_ns for fault in self._striking("slow-disk", drive=position))

    def _failing(self, position: int, offset: int, length: int, access: str) -> str | None:
        """Why an access to an image fails. What counts is the command: it fails however often it tries."""
        unit = BLOCK if position in self._cds else SECTOR
        first, last = offset // unit, (offset + length - 1) // unit
        reason = None
        for number in self._about("disk-error", drive=position):
            fault, progress = self._faults[number], self.state.progress[number]
            low, high = fault.sectors or (first, last)
            if fault.access != access or not length or first > high or last < low:
                continue
            if not progress.touched:
                progress.touched = True
                progress.failing = self._strikes(number)
            if progress.failing:
                reason = fault.name
        return reason

    # Frames

    def link(self, number: int, link: Link) -> Link:
        """What a network card has for its link."""
        if not self._about(*OF_FRAMES, nic=number):
            return link
        return FaultyLink(
            link,
            sent=lambda frame: self._spoil(number, "sent", frame),
            received=lambda frame: self._spoil(number, "received", frame),
        )

    def _spoil(self, nic: int, direction: str, frame: bytes) -> bytes | None:
        left: bytes | None = frame
        for number in self._about(*OF_FRAMES, nic=nic):
            fault = self._faults[number]
            if fault.direction not in ("both", direction) or not self._strikes(number):
                continue
            if fault.kind == "dropped-frame":
                left = None
            elif left is not None:
                left = _damaged(left, fault)
        return left


class _HeardSink:
    """A sink whose bytes somebody listens to."""

    def __init__(self, sink: ByteSink, hear: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._hear = hear

    def write(self, data: bytes) -> None:
        """Take `data`."""
        self._hear(data)
        self._sink.write(data)


def _damaged(frame: bytes, fault: Fault) -> bytes:
    at = len(frame) - 1 if fault.byte is None else fault.byte
    if not 0 <= at < len(frame):
        return frame
    return frame[:at] + bytes((frame[at] ^ fault.flip,)) + frame[at + 1 :]


def _refuse_impossible(fault: Fault, config: MachineConfig) -> None:
    """Raises ConfigError where the machine has nothing that `fault` could be about."""
    positions = [drive.position for drive in config.drives]
    if fault.kind in OF_DRIVES and fault.drive not in positions:
        known = f"give {_either(positions)}" if positions else "give the machine one"
        raise ConfigError(f"the fault {fault.name!r}: there is no drive at position {fault.drive}: {known}")
    if fault.kind in OF_FRAMES and fault.nic >= len(config.nics):
        raise ConfigError(
            f"the fault {fault.name!r}: there is no network card {fault.nic}: "
            "count them from 0, or give the machine one by [[nic]] or --nic"
        )
    if fault.kind == "full-log" and not (config.log_throttle and PROFILES[config.profile].throttled):
        raise ConfigError(
            f"the fault {fault.name!r}: the guest's log has no limit here: "
            "leave log_throttle alone, and take a profile that has one, such as seed"
        )


def _either(numbers: list[int]) -> str:
    return " or ".join(map(str, numbers))
