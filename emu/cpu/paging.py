"""Linear to physical addresses as the processor's page tables say [SDM] volume 3, chapter 4.

The engine walks tables by itself when guest code runs; this walk is for what we do in the processor's
name: delivery of interrupts, task switches, string port accesses, looking at memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from emu.core.memory import Memory

PRESENT, WRITABLE, USER, ACCESSED, DIRTY, LARGE = 1, 2, 4, 0x20, 0x40, 0x80
NO_EXECUTE = 1 << 63
ADDRESS = 0x000F_FFFF_FFFF_F000
PHYSICAL_LIMIT = 1 << 40

CR0_WP, CR0_PG = 1 << 16, 1 << 31
CR4_PSE, CR4_PAE = 1 << 4, 1 << 5
EFER_LMA, EFER_NXE = 1 << 10, 1 << 11

PF_PRESENT, PF_WRITE, PF_USER, PF_RESERVED = 1, 2, 4, 8
"""Bits of a page fault's error code."""


class Mode(NamedTuple):
    """One way of paging: levels as (shift, index mask, whether rights count, whether a page may end here)."""

    entry_size: int
    base_mask: int
    table_mask: int
    levels: tuple[tuple[int, int, bool, bool], ...]


TWO_LEVELS = Mode(4, 0xFFFF_F000, 0xFFFF_F000, ((22, 1023, True, True), (12, 1023, True, False)))
THREE_LEVELS = Mode(
    8, 0xFFFF_FFE0, ADDRESS, ((30, 3, False, False), (21, 511, True, True), (12, 511, True, False))
)
FOUR_LEVELS = Mode(
    8,
    ADDRESS,
    ADDRESS,
    ((39, 511, True, False), (30, 511, True, True), (21, 511, True, True), (12, 511, True, False)),
)


class Translation(NamedTuple):
    """What a walk finds: the physical address, and whether a store there needs no further walk."""

    physical: int
    writable: bool


class PageFault(Exception):
    """The walk ended in #PF with this error code, at this linear address."""

    def __init__(self, linear: int, error_code: int) -> None:
        super().__init__(f"page fault at {linear:#x}, error code {error_code:#x}")
        self.linear = linear
        self.error_code = error_code


@dataclass(slots=True)
class Paging:
    """The control registers that decide a walk, and the memory it walks through."""

    memory: Memory
    cr0: int = 0
    cr3: int = 0
    cr4: int = 0
    efer: int = 0
    a20_mask: int = 0xFFFF_FFFF_FFFF_FFFF

    def translate(self, linear: int, *, write: bool = False, user: bool = False, touch: bool = True) -> int:
        """The physical address behind `linear`; sets accessed and dirty bits if `touch`.

        Raises PageFault where the access is not allowed.
        """
        return self.walk(linear, write=write, user=user, touch=touch).physical

    def walk(
        self, linear: int, *, write: bool = False, user: bool = False, touch: bool = True
    ) -> Translation:
        """The same, and whether stores are allowed and the dirty bit is set already."""
        if not self.cr0 & CR0_PG:
            return Translation(linear & 0xFFFF_FFFF & self.a20_mask, True)
        if not self.cr4 & CR4_PAE:
            return self._walk_tables(linear & 0xFFFF_FFFF, TWO_LEVELS, write, user, touch)
        if self.efer & EFER_LMA:
            return self._walk_tables(linear, FOUR_LEVELS, write, user, touch)
        return self._walk_tables(linear & 0xFFFF_FFFF, THREE_LEVELS, write, user, touch)

    def probe(self, linear: int) -> int | None:
        """The physical address behind `linear` for a supervisor's read, or None; nothing is touched."""
        try:
            return self.translate(linear, touch=False)
        except PageFault:
            return None

    def read(self, linear: int, length: int, *, user: bool = False) -> bytes:
        """Read through the tables. Raises PageFault."""
        if (linear & 0xFFF) + length <= 0x1000:
            return self.memory.read(self.translate(linear, user=user), length)
        parts = []
        while length:
            count = min(length, 0x1000 - (linear & 0xFFF))
            parts.append(self.memory.read(self.translate(linear, user=user), count))
            linear, length = linear + count, length - count
        return b"".join(parts)

    def write(self, linear: int, data: bytes, *, user: bool = False) -> None:
        """Write through the tables. Raises PageFault, and then nothing was written."""
        if (linear & 0xFFF) + len(data) <= 0x1000:
            self.memory.write(self.translate(linear, write=True, user=user), data)
            return
        pieces = []
        position = 0
        while position < len(data):
            count = min(len(data) - position, 0x1000 - (linear + position & 0xFFF))
            physical = self.translate(linear + position, write=True, user=user)
            pieces.append((physical, data[position : position + count]))
            position += count
        for physical, piece in pieces:
            self.memory.write(physical, piece)

    def _walk_tables(self, linear: int, mode: Mode, write: bool, user: bool, touch: bool) -> Translation:
        code = (PF_WRITE if write else 0) | (PF_USER if user else 0)
        size, long_entries = mode.entry_size, mode.entry_size == 8
        table = self.cr3 & mode.base_mask
        allowed = WRITABLE | USER
        path = []
        for shift, index_mask, checks_rights, may_be_large in mode.levels:
            where = table + (linear >> shift & index_mask) * size & self.a20_mask
            entry = self._entry(where, size)
            if not entry & PRESENT:
                raise PageFault(linear, code)
            if long_entries and (entry & ADDRESS >= PHYSICAL_LIMIT or self._executes_by_reserved_bit(entry)):
                raise PageFault(linear, code | PF_PRESENT | PF_RESERVED)
            if checks_rights:
                allowed &= entry
                path.append((where, entry))
            large = may_be_large and entry & LARGE and (long_entries or self.cr4 & CR4_PSE)
            if large or shift == 12:
                break
            table = entry & mode.table_mask
        may_write = bool(allowed & WRITABLE) or not (user or self.cr0 & CR0_WP)
        if (user and not allowed & USER) or (write and not may_write):
            raise PageFault(linear, code | PF_PRESENT)
        if touch:
            self._touch(path, size, write)
        offset = (1 << shift) - 1
        base = entry & ADDRESS & ~offset
        if large and not long_entries:
            base = entry & 0xFFC0_0000 | (entry >> 13 & 0xFF) << 32  # [SDM] 4.3: PSE-36
        writable = may_write and (write or bool(entry & DIRTY))
        return Translation((base | linear & offset) & self.a20_mask, writable)

    def _executes_by_reserved_bit(self, entry: int) -> bool:
        """Bit 63 is reserved unless EFER.NXE makes it the no-execute bit."""
        return bool(entry & NO_EXECUTE and not self.efer & EFER_NXE)

    def _entry(self, where: int, size: int) -> int:
        """A table's entry; most tables lie in plain RAM, where a view is the short way."""
        memory = self.memory
        if memory.is_plain(where):
            return memory.quads[where >> 3] if size == 8 else memory.words[where >> 2]
        return int.from_bytes(memory.read(where, size), "little")

    def _touch(self, path: list[tuple[int, int]], size: int, write: bool) -> None:
        """Set accessed bits along the way, and the dirty bit of the last entry."""
        last = len(path) - 1
        for level, (where, entry) in enumerate(path):
            marked = entry | ACCESSED | (DIRTY if write and level == last else 0)
            if marked != entry:
                self.memory.write(where, marked.to_bytes(size, "little"))
