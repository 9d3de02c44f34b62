"""Handles that pass everything on, for those that put themselves before an image or a link."""

from __future__ import annotations

from collections.abc import Callable

from emu.backends.network import Link
from emu.core.backends import BlockBackend
from emu.core.state import Plain


class PassingBlock:
    """A handle on an image that is another one's."""

    def __init__(self, backend: BlockBackend) -> None:
        self._backend = backend

    @property
    def size(self) -> int:
        """Bytes in the image."""
        return self._backend.size

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return self._backend.read_only

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`."""
        return self._backend.read(offset, length)

    def write(self, offset: int, data: bytes) -> None:
        """Store `data` at `offset`."""
        self._backend.write(offset, data)

    def flush(self) -> None:
        """Make what was written durable."""
        self._backend.flush()

    def close(self) -> None:
        """Flush and let go of the image."""
        self._backend.close()


class PassingLink:
    """A handle on a link that is another one's."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def closed(self) -> bool:
        """Whether the link was closed."""
        return self._link.closed

    def reset(self) -> None:
        """Open the link again, with nothing on it."""
        self._link.reset()

    def save(self) -> Plain:
        """The state of the link."""
        return self._link.save()

    def restore(self, plain: Plain) -> None:
        """Take a saved state of the link."""
        self._link.restore(plain)

    def send(self, frame: bytes) -> None:
        """Put a frame on the link."""
        self._link.send(frame)

    def attach(self, receive: Callable[[bytes], None]) -> None:
        """Hand each arriving frame to `receive`."""
        self._link.attach(receive)

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()
