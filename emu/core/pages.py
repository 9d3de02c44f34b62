"""A buffer that knows which of its pages were written, so that going back costs what was written since.

The buffer is a private mapping of a nameless file, which holds the content of the last `keep`. A page that
is written becomes a copy of the process's own, which the kernel can tell: no hook, no cost to who writes.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from array import array
from collections.abc import Iterable, Iterator

PAGE = mmap.PAGESIZE
PRESENT_OR_SWAPPED, OF_FILE = 0b110, 0b001
"""The upper three bits of an entry of Linux's pagemap (Documentation/admin-guide/mm/pagemap.rst)."""


class TrackedPages:
    """A buffer of `size` bytes, its content at the last `keep`, and the pages written since."""

    def __init__(self, size: int) -> None:
        self._file = os.memfd_create("emu memory")
        os.ftruncate(self._file, size)
        self.buffer = mmap.mmap(self._file, size, flags=mmap.MAP_PRIVATE)
        self._address = ctypes.addressof(ctypes.c_uint8.from_buffer(self.buffer))
        self._count = -(-size // PAGE)

    def written(self) -> list[int]:
        """The numbers of the pages written since the last `keep` or `exchange`, in order."""
        entries = array("Q")
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            pagemap.seek(self._address // PAGE * 8)
            entries.frombytes(pagemap.read(self._count * 8))
        return [
            number
            for number, entry in enumerate(entries)
            if entry and not entry >> 61 & OF_FILE and entry >> 61 & PRESENT_OR_SWAPPED
        ]

    def keep(self) -> dict[int, bytes]:
        """Remember the buffer as it is; the pages written since the last time, as they were then."""
        numbers = self.written()
        return self.exchange({number: self.content(number) for number in numbers}, numbers)

    def exchange(self, pages: dict[int, bytes], written: list[int] | None = None) -> dict[int, bytes]:
        """Go back to what was remembered, with `pages` changed, and remember that; what `pages` were."""
        former = {}
        dropped = self.written() if written is None else written
        for number, content in pages.items():
            former[number] = os.pread(self._file, PAGE, number * PAGE)
            os.pwrite(self._file, content, number * PAGE)
        for first, count in _runs(sorted({*dropped, *pages})):
            self.buffer.madvise(mmap.MADV_DONTNEED, first * PAGE, count * PAGE)
        return former

    def content(self, number: int) -> bytes:
        """What page `number` holds now."""
        return self.buffer[number * PAGE : (number + 1) * PAGE]

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of successive numbers: the first, and how many."""
    first, count = -1, 0
    for number in numbers:
        if number == first + count:
            count += 1
            continue
        if count:
            yield first, count
        first, count = number, 1
    if count:
        yield first, count
