"""What devices need from the host, as protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class BlockBackend(Protocol):
    """A handle on an image, addressed in bytes. Every method may raise HostError."""

    @property
    def size(self) -> int:
        """Bytes in the image."""

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`."""

    def write(self, offset: int, data: bytes) -> None:
        """Store `data` at `offset`."""

    def flush(self) -> None:
        """Make what was written durable."""

    def close(self) -> None:
        """Flush, then let go of the image; other handles on it are not touched. Idempotent."""


class NetBackend(Protocol):
    """A handle on a link that carries Ethernet frames without their checksum."""

    def send(self, frame: bytes) -> None:
        """Put a frame on the link."""

    def attach(self, receive: Callable[[bytes], None]) -> None:
        """Hand each arriving frame to `receive`."""

    def close(self) -> None:
        """Let go of the link: nothing arrives any more. Idempotent."""


class ByteSink(Protocol):
    """Where bytes leave the machine."""

    def write(self, data: bytes) -> None:
        """Take `data`."""


class Unpluggable(Protocol):
    """A target that the unplug protocol can remove."""

    def unplug(self) -> None:
        """Leave the bus; flush and close the back end. Idempotent."""
