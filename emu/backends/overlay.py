"""A copy-on-write overlay in memory: the guest writes, the image stays as it is.

With `write` the image behaves as a disk at a power cut: what was flushed is on the file, what was not may
be lost. With `deferred` besides, writes stay here until `commit`, so that going back in time never undoes
what is on the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from emu.core.backends import BlockBackend
from emu.core.errors import HostError
from emu.core.state import Plain, from_plain, to_plain

PAGE = 4096
MOST_PAGES = 1 << 18
"""1 GiB: what is kept in memory of the changes to an image. Writes that would go beyond fail."""
MOST_UNWRITTEN_PAGES = 1 << 14
"""64 MiB: with `write` the cache is written back, but not flushed, before it grows larger."""
MOST_PAGES_AT_ONCE = 256


@dataclass
class OverlayState:
    """The pages that were written, by number. They are immutable: a saved state shares them."""

    pages: dict[int, bytes] = field(default_factory=dict)


class Overlay:
    """A writable view of an image. It takes memory for what the guest writes, at most `most_pages`."""

    def __init__(
        self,
        base: BlockBackend,
        *,
        write: bool = False,
        deferred: bool = False,
        most_pages: int | None = None,
    ) -> None:
        """`write` lets flushes reach `base`, which must be writable then; else it is only ever read."""
        writes_back = write and not deferred
        self._most_pages = most_pages or (MOST_UNWRITTEN_PAGES if writes_back else MOST_PAGES)
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
        """Store `data` at `offset`, here. Raises HostError where memory must not take more."""
        end = offset + len(data)
        if end > self.size:
            raise HostError("write beyond the end of the image")
        self._make_room(range(offset // PAGE, (end - 1) // PAGE + 1))
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
        for offset, data in self._runs():
            self._base.write(offset, data)
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

    def _make_room(self, numbers: range) -> None:
        """See that so many pages may come in."""
        if len(self.state.pages) + len(numbers) <= self._most_pages:
            return
        if (
            sum(number not in self.state.pages for number in numbers) + len(self.state.pages)
            <= self._most_pages
        ):
            return
        if not self._write or self._deferred:
            kept = self._most_pages * PAGE >> 20
            raise HostError(f"{kept} MiB of changes are kept in memory, and no more: use `write` on a copy")
        for offset, data in self._runs():
            self._base.write(offset, data)
        self.state.pages = {}

    def _runs(self) -> Iterator[tuple[int, bytes]]:
        """What was written, in order: neighbouring pages together, but those of zeros apart from others."""
        run: list[bytes] = []
        start, was_blank = 0, False
        for number in sorted(self.state.pages):
            page = self.state.pages[number]
            blank = page.count(0) == len(page)
            whole = len(run) == MOST_PAGES_AT_ONCE or number != start + len(run)
            if run and (whole or blank != was_blank):
                yield start * PAGE, b"".join(run)
                run = []
            if not run:
                start, was_blank = number, blank
            run.append(page)
        if run:
            yield start * PAGE, b"".join(run)

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
