"""The seams around back ends at which events of disks and of networks arise."""

from __future__ import annotations

from collections.abc import Callable

from emu.backends.network import Link
from emu.backends.passing import PassingBlock, PassingLink
from emu.core.backends import BlockBackend
from emu.core.errors import HostError
from emu.core.events import Observers


class ObservedBlock(PassingBlock):
    """A drive's handle on a back end. Observers see what passes; failures are put in the host's log."""

    def __init__(
        self,
        drive: str,
        backend: BlockBackend,
        observers: Observers,
        failed: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`failed` is told which drive failed and why."""
        super().__init__(backend)
        self._drive = drive
        self._observers = observers
        self._failed = failed

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; seen as `disk_read`."""
        try:
            data = super().read(offset, length)
        except HostError as error:
            self._report(error)
            raise
        for seen in self._observers.disk_read:
            seen(self._drive, offset, data)
        return data

    def write(self, offset: int, data: bytes) -> None:
        """Store `data` at `offset`; seen as `disk_write`."""
        try:
            super().write(offset, data)
        except HostError as error:
            self._report(error)
            raise
        for seen in self._observers.disk_write:
            seen(self._drive, offset, data)

    def flush(self) -> None:
        """Make writes durable; seen as `disk_flush`."""
        try:
            super().flush()
        except HostError as error:
            self._report(error)
            raise
        for seen in self._observers.disk_flush:
            seen(self._drive)

    def close(self) -> None:
        """Flush and let go of the image; seen as `disk_close`."""
        try:
            super().close()
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


class ObservedLink(PassingLink):
    """A NIC's handle on a link, with what passes it shown to observers."""

    def __init__(self, link: Link, *, nic: str, observers: Observers) -> None:
        super().__init__(link)
        self._nic = nic
        self._observers = observers

    @property
    def name(self) -> str:
        """The card whose link it is."""
        return self._nic

    def send(self, frame: bytes) -> None:
        """Put a frame on the link; on a closed one nothing is sent."""
        if self.closed:
            return
        for seen in self._observers.frame_sent:
            seen(self._nic, frame)
        super().send(frame)

    def attach(self, receive: Callable[[bytes], None]) -> None:
        """Hand each arriving frame to `receive`."""

        def arrived(frame: bytes) -> None:
            for seen in self._observers.frame_received:
                seen(self._nic, frame)
            receive(frame)

        super().attach(arrived)

    def close(self) -> None:
        """Let go of the link, once."""
        if self.closed:
            return
        super().close()
        for seen in self._observers.link_close:
            seen(self._nic)
