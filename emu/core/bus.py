"""Regions as data, and the two buses that dispatch accesses to them.

A device takes accesses up to its `widest` whole; the bus splits a wider one, and one that straddles two
regions, into bytes, as an ISA bridge does. Unclaimed ports and addresses float: reads give all ones,
writes vanish; both can be observed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from emu.core.events import Observers
from emu.core.registers import RegisterMap

ALL_ONES = {1: 0xFF, 2: 0xFFFF, 4: 0xFFFF_FFFF, 8: 0xFFFF_FFFF_FFFF_FFFF}

Read = Callable[[int, int], int]
Write = Callable[[int, int, int], None]
ReadString = Callable[[int, int, int], bytes]
WriteString = Callable[[int, int, bytes], int]


@dataclass(frozen=True, eq=False)
class Region:
    """Ports or addresses that belong together.

    `read(offset, width)` gives a value, `write(offset, width, value)` takes one. A device with a data port
    may also move several elements in one go: `read_string(offset, width, count)` gives the bytes of at
    least one and at most `count` elements, `write_string(offset, width, data)` says how many bytes of
    `data` it took (at least one element). They serve at `string_offsets`; elsewhere elements move one by one.
    """

    name: str
    base: int
    size: int
    read: Read
    write: Write
    widest: int = 1
    registers: RegisterMap | None = None
    read_string: ReadString | None = None
    write_string: WriteString | None = None
    string_offsets: range = range(1)


class Interposer(Protocol):
    """Something between the processor and a port: it may pass an access on, change it, or keep it."""

    def read(self, port: int, width: int, ask: Callable[[], int]) -> int:
        """IN: what the guest gets, where the port's own answer is to be had from `ask`."""

    def write(self, port: int, width: int, value: int, pass_on: Callable[[], None]) -> None:
        """OUT: `pass_on` has the port take it."""


class PortBus:
    """The 65,536 I/O ports."""

    def __init__(self, observers: Observers | None = None) -> None:
        self._observers = observers or Observers()
        self._owners: list[Region | None] = [None] * 0x10000
        self._bases: dict[Region, int] = {}
        self._claims: dict[Region, int] = {}
        self.override: Callable[[int, int, int], int] | None = None
        """Somebody steers: takes port, width and the value read, gives what the guest reads instead."""
        self.interposed: dict[int, Interposer] = {}
        """What stands before ports, by port: that at which an access begins."""
        self.string_ports = bytearray(0x10000)
        """A byte for each port: whether several elements may move at once there."""

    @property
    def regions(self) -> list[tuple[int, Region]]:
        """Every claimed region with its current base, in order of ports."""
        return sorted(((base, region) for region, base in self._bases.items()), key=lambda pair: pair[0])

    def owner(self, port: int) -> tuple[Region, int] | None:
        """The region that answers at `port`, with the offset of `port` in it."""
        region = self._owners[port]
        return None if region is None else (region, port - self._bases[region])

    def claim(self, region: Region) -> None:
        """Let `region` answer at its base for good. Where two overlap, the one claimed last answers."""
        self._claims[region] = len(self._claims)
        self.move(region, region.base)

    def move(self, region: Region, base: int | None) -> None:
        """Let `region` answer at `base` and nowhere else, but for ports that another has claimed.

        With None it answers nowhere. Where two that move overlap, the one that begins later answers,
        whichever moved last: the order of moves is no part of a machine's state.
        """
        if region in self._bases:
            self._vacate(region, self._bases.pop(region))
            for other, start in self._bases.items():
                self._occupy(other, start)
        if base is not None:
            self._bases[region] = base
            self._occupy(region, base)

    def read(self, port: int, width: int) -> int:
        """IN of `width` (1, 2 or 4) bytes."""
        if self.interposed and port in self.interposed:
            value = self.interposed[port].read(port, width, lambda: self._read(port, width))
        else:
            value = self._read(port, width)
        if self.override is not None:
            value = self.override(port, width, value)
        for seen in self._observers.port_read:
            seen(port, width, value)
        return value

    def write(self, port: int, width: int, value: int) -> None:
        """OUT of `width` (1, 2 or 4) bytes."""
        for seen in self._observers.port_write:
            seen(port, width, value)
        if self.interposed and port in self.interposed:
            self.interposed[port].write(port, width, value, lambda: self._write(port, width, value))
        else:
            self._write(port, width, value)

    def moves_strings(self, port: int) -> bool:
        """Whether several elements may move at once at `port`."""
        return bool(self.string_ports[port])

    def read_string(self, port: int, width: int, count: int) -> bytes:
        """At least one and at most `count` elements from `port`, as REP INS wants them."""
        region = self._owners[port]
        whole = region is not None and self.override is None and self._fits(region, port, width)
        if region is None or region.read_string is None or not whole or port in self.interposed:
            return self.read(port, width).to_bytes(width, "little")
        data = region.read_string(port - self._bases[region], width, count)
        for seen in self._observers.port_string_read:
            seen(port, width, data)
        return data

    def write_string(self, port: int, width: int, data: bytes) -> int:
        """Write elements of `width` bytes to `port`; how many bytes were taken (at least one element)."""
        region = self._owners[port]
        whole = region is not None and self._fits(region, port, width)
        if region is None or region.write_string is None or not whole or port in self.interposed:
            self.write(port, width, int.from_bytes(data[:width], "little"))
            return width
        taken = region.write_string(port - self._bases[region], width, data)
        for seen in self._observers.port_string_written:
            seen(port, width, data[:taken])
        return taken

    def _fits(self, region: Region, port: int, width: int) -> bool:
        """Whether an access is the region's alone, and no wider than it takes."""
        return width <= region.widest and port - self._bases[region] + width <= region.size

    def _read(self, port: int, width: int) -> int:
        region = self._owners[port]
        if region is None and width == 1:
            return 0xFF
        if region is not None:
            offset = port - self._bases[region]
            if width <= region.widest and offset + width <= region.size:
                return region.read(offset, width) & ALL_ONES[width]
        return sum(self._read((port + n) & 0xFFFF, 1) << (8 * n) for n in range(width))

    def _write(self, port: int, width: int, value: int) -> None:
        region = self._owners[port]
        if region is None and width == 1:
            return
        if region is not None:
            offset = port - self._bases[region]
            if width <= region.widest and offset + width <= region.size:
                region.write(offset, width, value)
                return
        for n in range(width):
            self._write((port + n) & 0xFFFF, 1, value >> (8 * n) & 0xFF)

    def _rank(self, region: Region) -> tuple[int, int, int, str]:
        """Of two regions at a port the one with the higher rank answers."""
        order = self._claims.get(region)
        if order is not None:
            return 1, order, 0, ""
        return 0, self._bases[region], -region.size, region.name

    def _occupy(self, region: Region, base: int) -> None:
        rank = self._rank(region)
        for port in range(base, min(base + region.size, 0x10000)):
            owner = self._owners[port]
            if owner is None or rank >= self._rank(owner):
                self._owners[port] = region
                moves = region.read_string is not None and port - base in region.string_offsets
                self.string_ports[port] = moves

    def _vacate(self, region: Region, base: int) -> None:
        for port in range(base, min(base + region.size, 0x10000)):
            if self._owners[port] is region:
                self._owners[port] = None
                self.string_ports[port] = False


class MmioBus:
    """Device memory by guest-physical address; `changed` is told when the layout moves."""

    def __init__(self, observers: Observers | None = None) -> None:
        self._observers = observers or Observers()
        self._starts: list[int] = []
        self._placed: list[tuple[int, Region]] = []
        self.changed: Callable[[], None] = lambda: None

    @property
    def regions(self) -> list[tuple[int, Region]]:
        """Every placed region with its current base, in order of addresses."""
        return list(self._placed)

    def claim(self, region: Region) -> None:
        """Let `region` answer at its base."""
        self.move(region, region.base)

    def move(self, region: Region, base: int | None) -> None:
        """Let `region` answer at `base` and nowhere else; with None it answers nowhere."""
        placed = [pair for pair in self._placed if pair[1] is not region]
        if base is not None:
            placed.append((base, region))
        self._placed = sorted(placed, key=lambda pair: (pair[0], -pair[1].size, pair[1].name))
        self._starts = [start for start, _ in self._placed]
        self.changed()

    def is_silent(self, address: int, length: int) -> bool:
        """Whether nobody answers in all of `length` bytes, and nobody watches."""
        seen = self._observers
        if seen.mmio_read or seen.mmio_write:
            return False
        return not any(base < address + length and address < base + each.size for base, each in self._placed)

    def read(self, address: int, width: int) -> int:
        """A read of `width` bytes (1 to 8); where nobody answers, all ones."""
        found = self._find(address)
        value = found[0].read(found[1], width) if found else -1
        value &= (1 << 8 * width) - 1
        for seen in self._observers.mmio_read:
            seen(address, width, value)
        return value

    def write(self, address: int, width: int, value: int) -> None:
        """A write of `width` bytes (1 to 8); where nobody answers, it vanishes."""
        for seen in self._observers.mmio_write:
            seen(address, width, value)
        found = self._find(address)
        if found:
            found[0].write(found[1], width, value)

    def _find(self, address: int) -> tuple[Region, int] | None:
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        base, region = self._placed[index]
        return (region, address - base) if address < base + region.size else None
