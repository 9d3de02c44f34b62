"""What crossed the machine's seams last, as the run that led here made it: ports, deliveries, disks, frames.

Accesses are kept as they are, and put into words only when somebody looks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from emu.core.bus import PortBus
from emu.core.clock import ELAPSED, Clock
from emu.core.events import Observer
from emu.devices.pci.bus import CONFIG_DATA_PORT, ConfigAddress
from emu.inspect.decoders import PciDecoder
from emu.observe.kinds import Decoder

KEPT, MOST_KEPT = 4096, 16384
CONFIG_DATA_END = CONFIG_DATA_PORT + 4
KINDS = ("ports", "irq", "exceptions", "disk", "net", "store")


def plain_words(port: int, width: int, value: int, write: bool) -> str:
    """What was moved."""
    return f"{'write' if write else 'read'} {width} port {port:#x} = {value:#0{2 + 2 * width}x}"


def describe(
    port: int, width: int, value: int, write: bool, ports: PortBus, decoders: Collection[Decoder]
) -> str:
    """An access in words: what was moved, and what it means to whom."""
    access = plain_words(port, width, value, write)
    for decoder in decoders:
        decoded = decoder(port, width, value, write)
        if decoded is not None:
            return f"{access}  {decoded.text}"
    owner = ports.owner(port)
    if owner is None:
        return f"{access}  nobody answers"
    region, offset = owner
    name = f"+{offset:#x}"
    fields = ""
    if region.registers is not None:
        name = region.registers.name(offset, write=write) or name
        fields = region.registers.explain(offset, value, write=write)
    return f"{access}  {region.name} {name}" + (f": {fields}" if fields else "")


@dataclass(frozen=True)
class Happened:
    """One thing that happened: when, in ticks, of which kind, and in words."""

    ticks: int
    kind: str
    text: str
    port: int | None = None
    """Of an access to a port."""


Access = tuple[int, int, int, int, bool]
"""An access to a port as it was: ticks, port, width, value, whether it was a write."""
ConfigAccess = tuple[int, int, int, int, bool, int]
"""The same of CONFIG_DATA, with CONFIG_ADDRESS."""
Entry = Access | ConfigAccess | Happened


class History(Observer):
    """Keeps the last things that happened; goes back with the machine."""

    def __init__(self, clock: Clock, ports: PortBus, decoders: Collection[Decoder]) -> None:
        self._clock, self._ports, self._decoders = clock, ports, decoders
        self._cells = clock.cells
        self._pci = next((each for each in decoders if isinstance(each, PciDecoder)), None)
        self._kept: list[Entry] = []
        self._dropped = 0

    def save(self) -> tuple[int, Entry | None]:
        """How much has happened, and what last."""
        return self._dropped + len(self._kept), self._kept[-1] if self._kept else None

    def restore(self, saved: tuple[int, Entry | None]) -> None:
        """Forget what came later; and everything, if what is known is of another run."""
        count, last = saved
        del self._kept[max(count - self._dropped, 0) :]
        if self._dropped + len(self._kept) != count or (self._kept and self._kept[-1] != last):
            self._kept.clear()
            self._dropped = count

    def last(self, count: int, kinds: Collection[str] = ("ports",)) -> list[Happened]:
        """The last `count` things of these kinds before now: accesses to ports, unless asked otherwise."""
        chosen: list[Entry] = []
        for entry in reversed(self._kept):
            if ("ports" if isinstance(entry, tuple) else entry.kind) in kinds:
                chosen.append(entry)
                if len(chosen) == count:
                    break
        return [self._told(entry) for entry in reversed(chosen)]

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN. This and `port_write` are called so often that they are written out."""
        if CONFIG_DATA_PORT <= port < CONFIG_DATA_END:
            self._configure(port, width, value, False)
            return
        kept = self._kept
        kept.append((self._cells[ELAPSED], port, width, value, False))
        if len(kept) > MOST_KEPT:
            self._shorten()

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        if CONFIG_DATA_PORT <= port < CONFIG_DATA_END:
            self._configure(port, width, value, True)
            return
        kept = self._kept
        kept.append((self._cells[ELAPSED], port, width, value, True))
        if len(kept) > MOST_KEPT:
            self._shorten()

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS."""
        self._add("ports", f"read {width} port {port:#x}, {len(data) // width} elements", port)

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS."""
        self._add("ports", f"write {width} port {port:#x}, {len(data) // width} elements", port)

    def interrupt_delivered(self, vector: int) -> None:
        """An external interrupt."""
        self._add("irq", f"interrupt {vector:#x}")

    def exception_delivered(self, vector: int, error_code: int | None, address: int) -> None:
        """An exception."""
        code = "" if error_code is None else f", error code {error_code:#x}"
        self._add("exceptions", f"exception {vector:#x} at {address:#x}{code}")

    def software_interrupt(self, vector: int, address: int) -> None:
        """INT."""
        self._add("exceptions", f"int {vector:#x} before {address:#x}")

    def disk_read(self, drive: str, offset: int, data: bytes) -> None:
        """A drive delivered data."""
        self._add("disk", f"{drive} read {len(data)} bytes at {offset:#x}")

    def disk_write(self, drive: str, offset: int, data: bytes) -> None:
        """A drive stored data."""
        self._add("disk", f"{drive} write {len(data)} bytes at {offset:#x}")

    def disk_flush(self, drive: str) -> None:
        """A drive made its writes durable."""
        self._add("disk", f"{drive} flush")

    def frame_sent(self, nic: str, frame: bytes) -> None:
        """A frame left."""
        self._add("net", f"{nic} sent {len(frame)} bytes: {frame[:14].hex(' ')}")

    def frame_received(self, nic: str, frame: bytes) -> None:
        """A frame came."""
        self._add("net", f"{nic} received {len(frame)} bytes: {frame[:14].hex(' ')}")

    def unplugged(self, target: str, location: str) -> None:
        """A device left its bus."""
        self._add("net" if location[:1].isdigit() else "disk", f"{target} left {location}")

    def store_access(self, operation: str, path: str, value: str) -> None:
        """The store was accessed."""
        self._add("store", f"store {operation} {path} {value}".rstrip())

    def _configure(self, port: int, width: int, value: int, write: bool) -> None:
        """CONFIG_DATA: what it means depends on what is selected now."""
        selected = 0 if self._pci is None else int(self._pci.address)
        self._kept.append((self._clock.ticks, port, width, value, write, selected))
        if len(self._kept) > MOST_KEPT:
            self._shorten()

    def _add(self, kind: str, text: str, port: int | None = None) -> None:
        self._kept.append(Happened(self._clock.ticks, kind, text, port))
        if len(self._kept) > MOST_KEPT:
            self._shorten()

    def _shorten(self) -> None:
        dropped = len(self._kept) - KEPT
        self._dropped += dropped
        del self._kept[:dropped]

    def _told(self, entry: Entry) -> Happened:
        if isinstance(entry, Happened):
            return entry
        ticks, port, width, value, write = entry[:5]
        decoders = self._decoders
        if len(entry) == 6 and self._pci is not None:
            decoders = [partial(self._pci.at, ConfigAddress(entry[5]))]
        text = describe(port, width, value, write, self._ports, decoders)
        return Happened(ticks, "ports", text, port)
