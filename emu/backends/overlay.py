"""A copy-on-write overlay in memory: the guest writes, the image stays as it is.

With `write` the image behaves as a disk at a power cut: what was flushed is on the file, what was not may
be lost. With `deferred` besides, writes stay here until `commit`, so that going back in time never undoes
what is on the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.core.backends import BlockBackend
from emu.core.errors import HostError
from emu.core.state import Plain, from_plain, to_plain

PAGE = 4096


@dataclass
class OverlayState:
    """The pages that were written, by number. They are immutable: a saved state shares them."""

    pages: dict[int, bytes] = field(default_factory=dict)


class Overlay:
    """A writable view of an image. Memory is bounded by what the guest writes."""

    def __init__(self, base: BlockBackend, *, write: bool = False, deferred: bool = False) -> None:
        """`write` lets flushes reach `base`, which must be writable then; else it is only ever read."""
        self.state = OverlayState()
        self._base = base
        self._write = write
        self._deferred = deferred

    @property
    def size(self) -> int:
        """Bytes in the image."""
        return self._base.size

    @property
    def read_only(self) -> bool:
        """An overlay takes writes whatever is below."""
        return False

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`."""
        pages = self.state.pages
        if not pages:
            return self._base.read(offset, length)
        first, last = offset // PAGE, (offset + length - 1) // PAGE
        if first == last:
            page = pages.get(first)
            if page is None:
                return self._base.read(offset, length)
            return page[offset - first * PAGE : offset - first * PAGE + length]
        return self._read_pages(offset, length, first, last)

    def write(self, offset: int, data: bytes) -> None:
        """Store `data` at `offset`, here."""
        end = offset + len(data)
        if end > self.size:
            raise HostError("write beyond the end of the image")
        at = 0
        while offset < end:
            number, start = divmod(offset, PAGE)
            count = min(PAGE - start, end - offset)
            piece = data[at : at + count]
            if count < PAGE:
                old = self._page(number)
                piece = old[:start] + piece + old[start + count :]
            self.state.pages[number] = bytes(piece)
            offset, at = offset + count, at + count

    def flush(self) -> None:
        """With `write`, unless deferred: what was written is on the file."""
        if not self._deferred:
            self.commit()

    def commit(self) -> None:
        """With `write`: put what was written on the file, in order, and make it durable. Raises HostError."""
        if not self._write:
            return
        for number in sorted(self.state.pages):
            self._base.write(number * PAGE, self.state.pages[number])
        self._base.flush()
        self.state.pages = {}

    def close(self) -> None:
        """Flush, then let go of the image. What stays in memory, because it is not committed, is kept."""
        try:
            self.flush()
        finally:
            self._base.close()

    def save(self) -> Plain:
        """The pages that were written, as plain data."""
        return to_plain(self.state)

    def restore(self, plain: Plain) -> None:
        """Take saved pages instead of those here."""
        self.state = from_plain(OverlayState, plain, "overlay")

    def _page(self, number: int) -> bytes:
        page = self.state.pages.get(number)
        if page is None:
            start = number * PAGE
            page = self._base.read(start, min(PAGE, self.size - start))
        return page

    def _read_pages(self, offset: int, length: int, first: int, last: int) -> bytes:
        """A read across pages: runs of untouched ones come from the image in one go."""
        pages = self.state.pages
        parts, number, end = [], first, offset + length
        while number <= last:
            page = pages.get(number)
            start = max(offset, number * PAGE)
            if page is not None:
                stop = min(end, (number + 1) * PAGE)
                parts.append(page[start - number * PAGE : stop - number * PAGE])
                number += 1
                continue
            while number <= last and number not in pages:
                number += 1
            parts.append(self._base.read(start, min(end, number * PAGE) - start))
        return b"".join(parts)
