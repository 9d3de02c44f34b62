"""Back ends that fail when they are told to: between a drive and its image, between a card and its link."""

from __future__ import annotations

from collections.abc import Callable

from emu.backends.network import Link
from emu.core.backends import BlockBackend
from emu.core.errors import HostError
from emu.core.state import Plain

Spoil = Callable[[bytes], bytes | None]
"""Takes a frame, gives what is left of it, if anything is."""


class FaultyBlock:
    """A handle on an image some of whose accesses fail."""

    def __init__(self, backend: BlockBackend, failing: Callable[[int, int, str], str | None]) -> None:
        """`failing` takes offset, length and `read` or `write`, and gives why that fails, or None."""
        self._backend = backend
        self._failing = failing

    @property
    def size(self) -> int:
        """Bytes in the image."""
        return self._backend.size

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return self._backend.read_only

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`. Raises HostError."""
        self._check(offset, length, "read")
        return self._backend.read(offset, length)

    def write(self, offset: int, data: bytes) -> None:
        """Store `data` at `offset`. Raises HostError."""
        self._check(offset, len(data), "write")
        self._backend.write(offset, data)

    def flush(self) -> None:
        """Make what was written durable."""
        self._backend.flush()

    def close(self) -> None:
        """Flush and let go of the image."""
        self._backend.close()

    def _check(self, offset: int, length: int, access: str) -> None:
        reason = self._failing(offset, length, access)
        if reason is not None:
            raise HostError(reason)


class FaultyLink:
    """A link that loses or damages frames."""

    def __init__(self, link: Link, *, sent: Spoil, received: Spoil) -> None:
        self._link = link
        self._sent = sent
        self._received = received

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
        """Put on the link what is left of a frame."""
        left = self._sent(frame)
        if left is not None:
            self._link.send(left)

    def attach(self, receive: Callable[[bytes], None]) -> None:
        """Hand what is left of each arriving frame to `receive`."""

        def arrived(frame: bytes) -> None:
            left = self._received(frame)
            if left is not None:
                receive(left)

        self._link.attach(arrived)

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()
