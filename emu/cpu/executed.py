"""How often what code was executed: by blocks, or as much of one as was retired before it was left.

Counted where blocks are charged to the clock, natively in a table of its own (`native/counts.c`), else in
Python, with the same outcome. A guest loads one program over another: so what is translated is noticed, and
where other code than before lies at an address, what was counted there is put aside with the code it was.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterator
from ctypes import POINTER, byref, c_int, c_uint32, c_uint64, c_void_p
from typing import Any, NamedTuple

from emu.cpu.blocks import Blocks
from emu.cpu.guard import Failed, guarded

MOST = 1 << 20
"""Places in the code: a guest must not fill the host's memory."""

NoticeCallback = ctypes.PYFUNCTYPE(None, c_uint64, c_uint32, c_void_p)


class Count(ctypes.Structure):
    """`struct count` of native/native.h."""

    _fields_ = [("start", c_uint64), ("size", c_uint64), ("times", c_uint64)]


class Counts(ctypes.Structure):
    """`struct counts` of native/native.h."""

    _fields_ = [
        ("table", POINTER(Count)),
        ("capacity", c_uint64),
        ("used", c_uint64),
        ("most", c_uint64),
        ("lost", c_uint64),
    ]


class Ran(NamedTuple):
    """`size` bytes at linear `start` were executed so many times; `code` is what is known of them."""

    start: int
    size: int
    code: bytes
    times: int


class Executed:
    """Counts from when it is made."""

    def __init__(self, blocks: Blocks, failed: Failed) -> None:
        self._code: dict[int, bytes] = {}
        self._counted: dict[int, Counter[int]] = {}
        self._aside: Counter[tuple[int, int, bytes]] = Counter()
        self._lost = 0
        self._native: Any = blocks.library
        self._counts = Counts(most=MOST)
        blocks.counter = self
        if self._native is not None:
            self._share(blocks, failed)
        blocks.cells.counting = 1

    def _share(self, blocks: Blocks, failed: Failed) -> None:
        def notice(start: int, size: int, code: int) -> None:
            self.notice(start, ctypes.string_at(code, size))

        self._callback = NoticeCallback(guarded(notice, failed, None))
        self._native.emu_take_count.restype = c_int
        self._native.emu_take_count.argtypes = [c_void_p, c_uint64, c_void_p, c_void_p]
        blocks.cells.counts = ctypes.addressof(self._counts)
        blocks.cells.notice = ctypes.cast(self._callback, c_void_p).value

    def __del__(self) -> None:
        if self._native is not None:
            self._native.emu_free_counts(byref(self._counts))

    @property
    def is_complete(self) -> bool:
        """Whether everything was counted: there was room."""
        return not (self._lost or self._counts.lost)

    def add(self, start: int, size: int) -> None:
        """Code was executed, and nobody counts it natively."""
        counted = self._counted.get(start)
        if counted is None:
            if len(self._counted) >= MOST:
                self._lost += 1
                return
            counted = self._counted[start] = Counter()
        counted[size] += 1

    def notice(self, start: int, code: bytes) -> None:
        """Code was translated."""
        known = self._code.get(start)
        if known is None:
            if len(self._code) < MOST:
                self._code[start] = code
            return
        shared = min(len(known), len(code))
        if known[:shared] != code[:shared]:
            self._put_aside(start, known)
            self._code[start] = code
        elif shared == len(known):
            self._code[start] = code

    def ranges(self) -> list[Ran]:
        """What was executed so far, in order of addresses."""
        total = Counter(self._aside)
        for start, counted in self._counted.items():
            for size, times in counted.items():
                total[start, size, self._code.get(start, b"")[:size]] += times
        for count in self._table():
            total[count.start, count.size, self._code.get(count.start, b"")[: count.size]] += count.times
        return [Ran(*place, times) for place, times in sorted(total.items())]

    def _table(self) -> Iterator[Count]:
        for at in range(self._counts.capacity):
            count = self._counts.table[at]
            if count.times:
                yield count

    def _put_aside(self, start: int, code: bytes) -> None:
        taken = self._counted.pop(start, Counter())
        size, times = c_uint64(), c_uint64()
        counts = byref(self._counts)
        if self._native is not None:
            while self._native.emu_take_count(counts, start, byref(size), byref(times)):
                taken[size.value] += times.value
        for length, count in taken.items():
            place = start, length, code[:length]
            if place in self._aside or len(self._aside) < MOST:
                self._aside[place] += count
            else:
                self._lost += count
