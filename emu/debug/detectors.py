"""What a run can be stopped for: detectors that look at the machine's events, its code and its memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.core.events import Observer
from emu.debug.places import BetweenBlocks, Found
from emu.devices.pci.bus import CONFIG_DATA_PORT
from emu.inspect.history import plain_words
from emu.machine.machine import Machine

LINES_OF_A_CHIP, PAGE = 8, 0x1000
IDE_CHANNELS = ("primary", "secondary")
"""How the places begin that disks leave; NICs leave those of the PCI bus."""
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

    def tell(self, text: str, **values: int) -> None:
        """It has come."""
        self._found(self, text, values)


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
        """IN. This and `port_write` are called so often that they look at the port themselves."""
        if port < self._end and port + width > self._first and self.reads:
            self._accessed(port, width, value, write=False)

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        if port < self._end and port + width > self._first and self.writes:
            self._accessed(port, width, value, write=True)

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS."""
        if self.reads:
            self._string("read", port, width, data)

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS."""
        if self.writes:
            self._string("write", port, width, data)

    def __post_init__(self) -> None:
        self._first, self._end = self.ports.start, self.ports.stop

    def _accessed(self, port: int, width: int, value: int, *, write: bool) -> None:
        if self.width in (None, width) and self.value in (None, value):
            self.tell(self.words(port, width, value, write), value=value, port=port, width=width)

    def _string(self, verb: str, port: int, width: int, data: bytes) -> None:
        overlaps = port < self._end and port + width > self._first
        if not overlaps or self.width not in (None, width):
            return
        element = self._element(width, data)
        if element is not None:
            value = int.from_bytes(data[element * width : (element + 1) * width], "little")
            text = f"{verb} {width} port {port:#x} = {value:#0{2 + 2 * width}x}, element {element}"
            self.tell(text, value=value, port=port, width=width)

    def _element(self, width: int, data: bytes) -> int | None:
        """The first element with the value that is looked for."""
        if self.value is None:
            return 0
        if self.value >> 8 * width:
            return None
        wanted = self.value.to_bytes(width, "little")
        at = data.find(wanted)
        while at >= 0 and at % width:
            at = data.find(wanted, at + 1)
        return None if at < 0 else at // width


@dataclass(eq=False)
class Unplugging(EventDetector):
    """A drive or a NIC leaves its bus."""

    disks: bool = True
    nics: bool = True

    def unplugged(self, target: str, location: str) -> None:
        """It leaves."""
        if self.disks if location.startswith(IDE_CHANNELS) else self.nics:
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
            values = {"value": vector}
            self._found(self, f"{kind} {vector:#x}{more}", values, left=kind != "interrupt")


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
            self.tell(
                f"read {width} device memory {address:#x} = {value:#x}",
                value=value,
                address=address,
                width=width,
            )

    def mmio_write(self, address: int, width: int, value: int) -> None:
        """A write."""
        if self.writes and address in self.addresses:
            self.tell(
                f"write {width} device memory {address:#x} = {value:#x}",
                value=value,
                address=address,
                width=width,
            )


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


@dataclass(eq=False)
class PciAccess(EventDetector):
    """An access to a function's configuration space through ports 0xCF8 and 0xCFC."""

    function: tuple[int, int, int]
    """Bus, device, function."""
    offsets: range
    reads: bool = True
    writes: bool = True
    words: Words = plain_words

    def attach(self, machine: Machine, found: Found) -> None:
        """Look from now on."""
        self._bus = machine.pci
        super().attach(machine, found)

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        if self.reads:
            self._accessed(port, width, value, write=False)

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        if self.writes:
            self._accessed(port, width, value, write=True)

    def _accessed(self, port: int, width: int, value: int, *, write: bool) -> None:
        lane, address = port - CONFIG_DATA_PORT, self._bus.state.address
        if not 0 <= lane < 4 or not address.enable:
            return
        offset = address.register * 4 + lane
        selected = address.bus, address.device, address.function
        if selected == self.function and offset < self.offsets.stop and offset + width > self.offsets.start:
            text = self.words(port, width, value, write)
            self.tell(text, value=value, port=port, width=width, offset=offset)


@dataclass(eq=False)
class LineDelivered(EventDetector):
    """The interrupt of one line of the 8259A pair is delivered."""

    line: int

    def attach(self, machine: Machine, found: Found) -> None:
        """Look from now on."""
        self._pics = machine.pc.pics
        super().attach(machine, found)

    def interrupt_delivered(self, vector: int) -> None:
        """An external interrupt."""
        chips = self._pics.state
        chip = chips.master if self.line < LINES_OF_A_CHIP else chips.slave
        if vector == chip.vector(self.line % LINES_OF_A_CHIP):
            self.tell(f"interrupt of irq {self.line}, vector {vector:#x}", value=vector)


class ModeChanged(BetweenBlocks):
    """The processor has come to another mode: found where the first block in that mode begins."""

    def attach(self, machine: Machine, found: Found) -> None:
        """Look from now on."""
        self._mode = machine.processor.mode

        def look() -> None:
            before, self._mode = self._mode, machine.processor.mode
            if before != self._mode:
                found(self, f"from {before} to {self._mode}", between=True)

        self._look = look
        machine.loop.watchers.append(look)

    def detach(self, machine: Machine) -> None:
        """Look no more."""
        machine.loop.watchers.remove(self._look)


@dataclass(eq=False)
class MemoryAccess:
    """An instruction reads or writes `size` bytes at a linear address, by the page tables at `attach`."""

    address: int
    size: int
    reads: bool = True
    writes: bool = True
    changes: bool = False
    """Whether only writes of other values than are there count."""
    _hooks: list[int] = field(default_factory=list, init=False)

    def attach(self, machine: Machine, found: Found) -> None:
        """Look from now on."""
        look, watches = machine.processor.look(), machine.processor.watches
        at, left = self.address, self.size
        while left:
            count = min(left, PAGE - at % PAGE)
            physical = look.physical(at)
            if physical is not None:
                accessed = self._accessed(machine, found, at - physical)
                last = physical + count - 1
                self._hooks.append(
                    watches.on_memory(
                        physical, last, accessed, reads=self.reads and not self.changes, writes=self.writes
                    )
                )
            at, left = at + count, left - count

    def detach(self, machine: Machine) -> None:
        """Look no more."""
        while self._hooks:
            machine.processor.watches.remove(self._hooks.pop())

    def _accessed(
        self, machine: Machine, found: Found, distance: int
    ) -> Callable[[int, int, int | None], None]:
        """What to call for accesses to physical addresses, so far from their linear ones."""

        def accessed(physical: int, width: int, written: int | None) -> None:
            held = int.from_bytes(machine.memory.peek(physical, width), "little")
            if self.changes and held == written:
                return
            linear = physical + distance
            values = {"value": held if written is None else written, "address": linear, "width": width}
            if written is None:
                text = f"read {width} memory {linear:#x} = {held:#0{2 + 2 * width}x}"
            else:
                text = f"write {width} memory {linear:#x} = {written:#0{2 + 2 * width}x}, was {held:#x}"
            found(self, text, values)

        return accessed
