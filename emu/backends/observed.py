"""The seam around a back end at which disk events arise."""

from __future__ import annotations

from collections.abc import Callable

from emu.core.backends import BlockBackend
from emu.core.errors import HostError
from emu.core.events import Observers


class ObservedBlock:
    """A drive's handle on a back end. Observers see what passes; failures are put in the host's log."""

    def __init__(
        self,
        drive: str,
        backend: BlockBackend,
        observers: Observers,
        failed: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`failed` is told which drive failed and why."""
        self._drive = drive
        self._backend = backend
        self._observers = observers
        self._failed = failed

    @property
    def size(self) -> int:
        """Bytes in the image."""
        return self._backend.size

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return self._backend.read_only

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; seen as `disk_read`."""
        try:
            data = self._backend.read(offset, length)
        except HostError as error:
            self._report(error)
            raise
        for seen in self._observers.disk_read:
            seen(self._drive, offset, data)
        return data

    def write(self, offset: int, data: bytes) -> None:
        """Store `data` at `offset`; seen as `disk_write`."""
        try:
            self._backend.write(offset, data)
        except HostError as error:
            self._report(error)
            raise
        for seen in self._observers.disk_write:
            seen(self._drive, offset, data)

    def flush(self) -> None:
        """Make writes durable; seen as `disk_flush`."""
        try:
            self._backend.flush()
        except HostError as error:
            self._report(error)
            raise
        for seen in self._observers.disk_flush:
            seen(self._drive)

    def close(self) -> None:
        """Flush and let go of the image; seen as `disk_close`."""
        try:
            self._backend.close()
        except HostError as error:
            self._report(error)
            raise
        for seen in self._observers.disk_close:
            seen(self._drive)

    def _report(self, error: HostError) -> None:
        text = f"{self._drive}: {error}"
        self._failed(text)
        for seen in self._observers.host_log:
            seen(text)
