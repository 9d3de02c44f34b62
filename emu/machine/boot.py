"""What all ways of starting a kernel without firmware share: the result, flat segments, where RAM is free.

Bytes in, bytes and registers out: nothing here touches a machine.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from struct import pack

from emu.core.memory import PAGE
from emu.cpu.registers import Registers
from emu.devices.fw_cfg import MemoryKind, MemoryRange

CODE, DATA = 0x10, 0x18
"""Selectors of the flat segments."""
FLAGS_DATA, FLAGS_CODE_32, FLAGS_CODE_64 = 0xCF_9300, 0xCF_9B00, 0xAF_9B00
"""The upper halves of flat descriptors without their bases: accessed, ring 0, 4 GiB."""
PROTECTED = 0x11
"""CR0: protected mode, no paging."""
HANDED_OVER = 0x8000
"""Where the loader's tables lie, unless the image does."""


class BootError(ValueError):
    """What was given cannot be booted; one sentence with the remedy."""


@dataclass(frozen=True)
class Boot:
    """What a boot loader leaves behind."""

    memory: dict[int, bytes]
    """Pieces of memory by address."""
    registers: Registers
    """Those that the loader sets; the others have their reset values."""
    cleared: tuple[MemoryRange, ...] = ()
    """Memory that the loader fills with zeros."""
    warnings: tuple[str, ...] = ()
    """What the image asked for and does not get."""


def flat_descriptors(code: int) -> bytes:
    """A table with a flat code segment whose flags are `code`, and a flat data segment."""
    return bytes(CODE) + b"".join(pack("<II", 0xFFFF, flags | 0xF_0000) for flags in (code, FLAGS_DATA))


def flat_registers(code: int, descriptors: int) -> Registers:
    """Flat segments in force, their table at `descriptors`, everything else zero, interrupts off."""
    data = (DATA, 0, 0xFFFF_FFFF, FLAGS_DATA)
    values: Registers = dict.fromkeys(("ds", "es", "fs", "gs", "ss"), data)
    values |= {"cs": (CODE, 0, 0xFFFF_FFFF, code), "gdtr": (0, descriptors, DATA + 7, 0)}
    values |= dict.fromkeys(("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"), 0)
    return values | {"rflags": 2, "cr0": PROTECTED}


@dataclass(frozen=True)
class Piece:
    """A part of an image: `data` goes to `address`, zeros follow up to `size` bytes."""

    address: int
    data: bytes
    size: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.size


@dataclass(frozen=True)
class Program:
    """An executable: its pieces, and the physical address where it begins."""

    pieces: tuple[Piece, ...]
    entry: int

    @property
    def end(self) -> int:
        """The first address behind its last piece."""
        return max((piece.end for piece in self.pieces), default=0)

    def place(self, room: Room) -> Boot:
        """The program in memory, without any registers. Raises BootError where RAM has no place for it."""
        for piece in self.pieces:
            room.take(piece.address, piece.size)
        return Boot(
            {piece.address: piece.data for piece in self.pieces},
            {},
            tuple(
                MemoryRange(piece.address + len(piece.data), piece.size - len(piece.data))
                for piece in self.pieces
                if piece.size > len(piece.data)
            ),
        )


class Room:
    """The RAM that nothing has been put into yet."""

    def __init__(self, ranges: Iterable[MemoryRange]) -> None:
        """`ranges` is the memory map that the kernel will be told."""
        self._ram = [each for each in ranges if each.kind is MemoryKind.RAM]
        self._taken: list[tuple[int, int]] = []

    def take(self, start: int, size: int) -> None:
        """Use memory at a given place. Raises BootError where it is no RAM, or used already."""
        end = start + size
        if not any(ram.base <= start and end <= ram.base + ram.size for ram in self._ram):
            last = max(ram.base + ram.size for ram in self._ram if ram.base < 1 << 32)
            raise BootError(
                f"its part from {start:#x} to {end - 1:#x} lies outside RAM, which ends at {last:#x}: "
                "link it elsewhere (1 MiB is usual), or give more memory"
            )
        if any(start < other_end and other < end for other, other_end in self._taken):
            raise BootError(f"its part from {start:#x} to {end - 1:#x} overlaps another: link it again")
        insort(self._taken, (start, end))

    def find(self, what: str, size: int, above: int) -> int:
        """Use the first free pages from `above` on, below 4 GiB. Raises BootError where there are none."""
        for ram in self._ram:
            start, end = max(ram.base, above), min(ram.base + ram.size, 1 << 32)
            start = -(-start // PAGE) * PAGE
            for taken, taken_end in self._taken:
                if taken < start + size and start < taken_end:
                    start = -(-taken_end // PAGE) * PAGE
            if start + size <= end:
                insort(self._taken, (start, start + size))
                return start
        raise BootError(f"{what} of {size} bytes does not fit beside the image: give more memory")
