"""Guest-physical memory: one host buffer, and a map of what answers at which address.

The map is a list of segments. A segment's reads come from one place in the buffer and its writes go to
another, so RAM, ROM, holes and the four states of shadowed ROM are all the same thing:

    RAM                     reads_from == writes_to
    ROM, write-locked RAM   writes_to is None: writes vanish
    ROM over RAM            reads_from the ROM, writes_to the RAM below (how firmware copies itself)
    hole, device memory     both None: the MMIO bus answers

Over the map lie the images that cards show, in holes alone: RAM hides them, as a host bridge does.

Devices reach memory through `read` and `write`, which follow the map. `written` is told what devices
wrote, so that the processor can drop translated code.
"""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from emu.core.bus import MmioBus
from emu.core.errors import ConfigError
from emu.core.pages import TrackedPages

PAGE = 0x1000
ADDRESS_SPACE = (1 << 40) - 0x1_0000
"""What the map covers; the 64 KiB above are the processor's own, and float for everybody else."""
LOW_LIMIT = 0xC000_0000
"""RAM beyond this continues at 4 GiB: the space between belongs to device memory and ROM."""
ONE_MIB = 1 << 20
"""RAM below is a segment of its own, because shadowing cuts it again and again, and a processor may have to
pay for each page of a segment that changes."""
FIRST_SPECIAL, LAST_SPECIAL = 0xA_0000, 0xF_FFFF
"""Between these, memory may be something else than RAM: the VGA's window, ROM, shadowed or not."""
SMALLEST_MIB, LARGEST_MIB = 2, 16384


@dataclass(frozen=True)
class Segment:
    """Addresses `base` to `base + size - 1` and where in the buffer their reads and writes go."""

    base: int
    size: int
    reads_from: int | None
    writes_to: int | None

    @property
    def end(self) -> int:
        """The first address behind the segment."""
        return self.base + self.size

    def part(self, start: int, end: int) -> Segment:
        """The segment cut to `start` to `end - 1`."""
        skip = start - self.base
        return Segment(
            start,
            end - start,
            None if self.reads_from is None else self.reads_from + skip,
            None if self.writes_to is None else self.writes_to + skip,
        )


@dataclass(frozen=True, eq=False)
class Image:
    """Read-only memory that may answer anywhere: `size` bytes from `starts_at` of the buffer, whole pages."""

    name: str
    starts_at: int
    size: int


BEYOND = Segment(ADDRESS_SPACE, 1 << 64, None, None)


class Memory:
    """RAM of `ram_bytes` and room for `rom_bytes` of ROM images in one buffer."""

    def __init__(self, ram_bytes: int, rom_bytes: int, mmio: MmioBus, *, tracked: bool = False) -> None:
        """`tracked` memory knows which pages were written, for checkpoints."""
        mib = ram_bytes >> 20
        if not SMALLEST_MIB <= mib <= LARGEST_MIB:
            raise ConfigError(
                f"memory of {mib} MiB is out of range: give {SMALLEST_MIB} to {LARGEST_MIB} MiB"
            )
        self.ram_bytes = ram_bytes
        self.mmio = mmio
        self.pages = TrackedPages(ram_bytes + rom_bytes) if tracked else None
        self.buffer = self.pages.buffer if self.pages else mmap.mmap(-1, ram_bytes + rom_bytes)
        self.view = memoryview(self.buffer)
        self.plain_end = min(ram_bytes, LOW_LIMIT)
        """RAM below this lies in the buffer at its own address."""
        self.quads = self.view[: self.plain_end].cast("Q")
        self.words = self.view[: self.plain_end].cast("I")
        self.changed: Callable[[], None] = lambda: None
        """Told after the map has changed."""
        self.written: Callable[[int, int], None] = lambda address, length: None
        """Told (address, length) of each write that did not come from the processor."""
        self._rom_used = ram_bytes
        self._placed = [Segment(0, ADDRESS_SPACE, None, None)]
        self._shown: dict[Image, int] = {}
        self._segments = self._placed
        self._bases = [0]
        low = min(ram_bytes, LOW_LIMIT)
        self.place(Segment(0, ONE_MIB, 0, 0))
        self.place(Segment(ONE_MIB, low - ONE_MIB, ONE_MIB, ONE_MIB))
        if ram_bytes > low:
            self.place(Segment(1 << 32, ram_bytes - low, low, low))

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The whole map, in order of addresses, without gaps."""
        return tuple(self._segments)

    def add_image(self, image: bytes) -> int:
        """Keep a ROM image in the buffer, padded to a page; where in the buffer it begins."""
        start = self._rom_used
        self._rom_used += -(-len(image) // PAGE) * PAGE
        if self._rom_used > len(self.buffer):
            raise ConfigError("the firmware is too large: at most 1 MiB of ROM images fit")
        self.view[start : start + len(image)] = image
        return start

    def place(self, segment: Segment) -> None:
        """Let `segment` answer at its addresses instead of what did."""
        self._placed = _covered(self._placed, segment)
        self._arrange()

    def show(self, image: Image, base: int | None) -> None:
        """Let `image` answer at `base`, where nothing else does; with None it answers nowhere."""
        self._shown.pop(image, None)
        if base is not None:
            self._shown[image] = base
        self._arrange()

    def find(self, address: int) -> Segment:
        """The segment that answers at `address`."""
        if address >= ADDRESS_SPACE:
            return BEYOND
        return self._segments[bisect_right(self._bases, address) - 1]

    def read(self, address: int, length: int) -> bytes:
        """`length` bytes as a bus master sees them; device memory is read a byte at a time."""
        segment = self.find(address)
        if segment.reads_from is not None and address + length <= segment.end:
            start = segment.reads_from + address - segment.base
            return bytes(self.view[start : start + length])
        parts = []
        while length:
            segment = self.find(address)
            count = min(length, segment.end - address)
            if segment.reads_from is None:
                count = min(count, PAGE)
                if self.mmio.is_silent(address, count):
                    parts.append(b"\xff" * count)
                else:
                    parts.append(bytes(self.mmio.read(address + n, 1) for n in range(count)))
            else:
                parts.append(self.peek(address, count))
            address, length = address + count, length - count
        return b"".join(parts)

    def write(self, address: int, data: bytes) -> None:
        """A bus master's write; the processor forgets code that it has translated from there."""
        while data:
            segment = self.find(address)
            count = min(len(data), segment.end - address)
            if segment.writes_to is not None:
                start = segment.writes_to + address - segment.base
                self.view[start : start + count] = data[:count]
                self.written(address, count)
            elif segment.reads_from is None:
                count = min(count, PAGE)
                silent = self.mmio.is_silent(address, count)
                for n in range(0 if silent else count):
                    self.mmio.write(address + n, 1, data[n])
            address, data = address + count, data[count:]

    def clear(self, address: int, length: int) -> None:
        """Write zeros, piece by piece: `length` may be most of RAM."""
        while length:
            count = min(length, ONE_MIB)
            self.write(address, bytes(count))
            address, length = address + count, length - count

    def is_plain(self, address: int) -> bool:
        """Whether the page at `address` is RAM that nothing ever covers."""
        return address < self.plain_end and not FIRST_SPECIAL <= address <= LAST_SPECIAL

    def peek(self, address: int, length: int) -> bytes:
        """What memory holds behind reads at `address`, within one segment; device memory holds nothing."""
        segment = self.find(address)
        if segment.reads_from is None:
            return b""
        start = segment.reads_from + address - segment.base
        return bytes(self.view[start : start + length])

    def _arrange(self) -> None:
        """Put shown images into the holes of the map; of two in one place the one added first is seen."""
        segments = self._placed
        for image, base in sorted(self._shown.items(), key=lambda pair: -pair[0].starts_at):
            card = Segment(base, image.size, image.starts_at, None)
            for hole in self._placed:
                start, end = max(hole.base, card.base), min(hole.end, card.end)
                if start < end and hole.reads_from is hole.writes_to is None:
                    segments = _covered(segments, card.part(start, end))
        self._segments = segments
        self._bases = [part.base for part in segments]
        self.changed()

    def poke(self, address: int, data: bytes) -> None:
        """Put back what `peek` gave; nobody is told."""
        segment = self.find(address)
        if segment.reads_from is not None:
            start = segment.reads_from + address - segment.base
            self.view[start : start + len(data)] = data


def _covered(segments: list[Segment], top: Segment) -> list[Segment]:
    """The map `segments` with `top` instead of what is at its addresses."""
    kept = [top]
    for old in segments:
        if old.base < top.base:
            kept.append(old.part(old.base, min(old.end, top.base)))
        if old.end > top.end:
            kept.append(old.part(max(old.base, top.end), old.end))
    return sorted(kept, key=lambda part: part.base)
