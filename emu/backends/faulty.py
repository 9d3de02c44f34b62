"""Back ends that fail when they are told to: between a drive and its image, between a card and its link."""

from __future__ import annotations

from collections.abc import Callable

from emu.backends.network import Link
from emu.backends.passing import PassingBlock, PassingLink
from emu.core.backends import BlockBackend
from emu.core.errors import HostError

Spoil = Callable[[bytes], bytes | None]
"""Takes a frame, gives what is left of it, if anything is."""


class FaultyBlock(PassingBlock):
    """A handle on an image some of whose accesses fail."""

    def __init__(self, backend: BlockBackend, failing: Callable[[int, int, str], str | None]) -> None:
        """`failing` takes offset, length and `read` or `write`, and gives why that fails, or None."""
        super().__init__(backend)
        self._failing = failing

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`. Raises HostError."""
        self._check(offset, length, "read")
        return super().read(offset, length)

    def write(self, offset: int, data: bytes) -> None:
        """Store `data` at `offset`. Raises HostError."""
        self._check(offset, len(data), "write")
        super().write(offset, data)

    def _check(self, offset: int, length: int, access: str) -> None:
        reason = self._failing(offset, length, access)
        if reason is not None:
            raise HostError(reason)


class FaultyLink(PassingLink):
    """A link that loses or damages frames."""

    def __init__(self, link: Link, *, sent: Spoil, received: Spoil) -> None:
        super().__init__(link)
        self._sent = sent
        self._received = received

    def send(self, frame: bytes) -> None:
        """Put on the link what is left of a frame."""
        left = self._sent(frame)
        if left is not None:
            super().send(left)

    def attach(self, receive: Callable[[bytes], None]) -> None:
        """Hand what is left of each arriving frame to `receive`."""

        def arrived(frame: bytes) -> None:
            left = self._received(frame)
            if left is not None:
                receive(left)

        super().attach(arrived)
