"""What a run can be stopped for: detectors that look at the machine's events, and breakpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.core.events import Observer
from emu.debug.places import Detector
from emu.inspect.history import plain_words
from emu.machine.machine import Machine

Found = Callable[[Detector, str], None]
Words = Callable[[int, int, int, bool], str]
"""Tells of an access to a port: port, width, value, whether it is a write."""


class EventDetector(Observer):
    """Looks at events of the machine."""

    _found: Found

    def attach(self, machine: Machine, found: Found) -> None:
        """Look from now on."""
        self._found = found
        machine.observers.attach(self)

    def detach(self, machine: Machine) -> None:
        """Look no more."""
        machine.observers.detach(self)

    def tell(self, text: str) -> None:
        """It has come."""
        self._found(self, text)


@dataclass(eq=False)
class PortAccess(EventDetector):
    """An access to one of `ports`."""

    ports: range
    reads: bool = True
    writes: bool = True
    width: int | None = None
    value: int | None = None
    words: Words = plain_words

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        if self.reads and self._matches(port, width, value):
            self.tell(self.words(port, width, value, False))

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        if self.writes and self._matches(port, width, value):
            self.tell(self.words(port, width, value, True))

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS."""
        if self.reads:
            self._string("read", port, width, data)

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS."""
        if self.writes:
            self._string("write", port, width, data)

    def _string(self, verb: str, port: int, width: int, data: bytes) -> None:
        for at in range(0, len(data), width):
            value = int.from_bytes(data[at : at + width], "little")
            if self._matches(port, width, value):
                self.tell(
                    f"{verb} {width} port {port:#x} = {value:#0{2 + 2 * width}x}, element {at // width}"
                )
                return

    def _matches(self, port: int, width: int, value: int) -> bool:
        overlaps = port < self.ports.stop and port + width > self.ports.start
        return overlaps and self.width in (None, width) and self.value in (None, value)


class Unplugging(EventDetector):
    """A drive or a NIC leaves its bus."""

    def unplugged(self, target: str, location: str) -> None:
        """It leaves."""
        self.tell(f"{target} leaves {location}")


@dataclass(eq=False)
class Interrupted(EventDetector):
    """An interrupt, an exception or INT of one vector (None: any)."""

    kind: str
    vector: int | None = None

    def interrupt_delivered(self, vector: int) -> None:
        """An external interrupt."""
        self._come("interrupt", vector, "")

    def exception_delivered(self, vector: int, error_code: int | None, address: int) -> None:
        """An exception."""
        code = "" if error_code is None else f", error code {error_code:#x}"
        self._come("exception", vector, f" at {address:#x}{code}")

    def software_interrupt(self, vector: int, address: int) -> None:
        """INT."""
        self._come("int", vector, "")

    def _come(self, kind: str, vector: int, more: str) -> None:
        if kind == self.kind and self.vector in (None, vector):
            self.tell(f"{kind} {vector:#x}{more}")


@dataclass(eq=False)
class StoreAccess(EventDetector):
    """An access to a node of the store, or below it."""

    path: str

    def store_access(self, operation: str, path: str, value: str) -> None:
        """It is accessed."""
        if path == self.path or path.startswith(self.path.rstrip("/") + "/"):
            self.tell(f"store {operation} {path} {value}".rstrip())


@dataclass(eq=False)
class MmioAccess(EventDetector):
    """An access to device memory at `addresses`, guest-physical."""

    addresses: range
    reads: bool = True
    writes: bool = True

    def mmio_read(self, address: int, width: int, value: int) -> None:
        """A read."""
        if self.reads and address in self.addresses:
            self.tell(f"read {width} device memory {address:#x} = {value:#x}")

    def mmio_write(self, address: int, width: int, value: int) -> None:
        """A write."""
        if self.writes and address in self.addresses:
            self.tell(f"write {width} device memory {address:#x} = {value:#x}")


@dataclass(eq=False)
class AtAddress:
    """The instruction at a linear address is about to be executed."""

    address: int
    _hook: int | None = field(default=None, init=False)

    def attach(self, machine: Machine, found: Found) -> None:
        """Look from now on."""
        words = f"at {self.address:#x}"
        self._hook = machine.processor.watches.on_code(self.address, lambda: found(self, words))

    def detach(self, machine: Machine) -> None:
        """Look no more."""
        hook, self._hook = self._hook, None
        if hook is not None:
            machine.processor.watches.remove(hook)


@dataclass
class Breakpoint:
    """A detector as a person set it: number, words, condition, and how often it has been met."""

    number: int
    text: str
    detector: Detector
    condition: str | None = None
    hits: int = 0
