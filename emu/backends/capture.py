"""A network card's frames as a pcap file, stamped with virtual time in nanoseconds.

[pcap] draft-ietf-opsawg-pcap: a header of 24 bytes, then 16 bytes before each frame. Each frame is written
whole, or the file ends before it: whatever becomes of the run, the file can be read.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from emu.core.clock import Clock
from emu.core.errors import ConfigError
from emu.core.events import Observer

_HEADER = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_NANOSECONDS = 0xA1B2_3C4D
_VERSION = (2, 4)
_ETHERNET = 1
_LARGEST = 65535
"""Bytes of a frame that are kept."""
_NS_PER_S = 1_000_000_000
_MAGICS = tuple(
    magic.to_bytes(4, order) for magic in (0xA1B2_C3D4, _NANOSECONDS) for order in ("little", "big")
)
"""How a pcap file begins."""


class Capture(Observer):
    """Observes one card. There is a file from `open` to `close`; one that fails is told of once."""

    def __init__(self, path: Path, *, nic: str, clock: Clock, failed: Callable[[str], None]) -> None:
        self.path = path
        self._nic = nic
        self._clock = clock
        self._failed = failed
        self._descriptor: int | None = None
        self._size = 0

    def open(self) -> None:
        """Begin the file anew. Raises ConfigError where it cannot be written, or holds something else."""
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
            descriptor = os.open(self.path, flags, 0o666)
        except OSError as error:
            raise self._refusal(error.strerror) from None
        try:
            self._occupy(descriptor)
            os.ftruncate(descriptor, 0)
        except OSError as error:
            os.close(descriptor)
            taken = error.errno == errno.EWOULDBLOCK
            raise self._refusal("another run writes it" if taken else error.strerror) from None
        except ConfigError:
            os.close(descriptor)
            raise
        self._descriptor, self._size = descriptor, 0
        self._write(_HEADER.pack(_NANOSECONDS, *_VERSION, 0, 0, _LARGEST, _ETHERNET))

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def frame_sent(self, nic: str, frame: bytes) -> None:
        """The card put a frame on its link."""
        if nic == self._nic:
            self._record(frame)

    def frame_received(self, nic: str, frame: bytes) -> None:
        """The link brought the card a frame."""
        if nic == self._nic:
            self._record(frame)

    def _record(self, frame: bytes) -> None:
        seconds, nanoseconds = divmod(self._clock.now, _NS_PER_S)
        kept = frame[:_LARGEST]
        self._write(_RECORD.pack(seconds & 0xFFFF_FFFF, nanoseconds, len(kept), len(frame)) + kept)

    def _write(self, data: bytes) -> None:
        if self._descriptor is None:
            return
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]
            self._size += len(data)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            self.close()
            self._failed(f"{self.path} takes no more: {error.strerror}")

    def _occupy(self, descriptor: int) -> None:
        """Keep other runs off the file. An earlier capture may be overwritten, anything else may not."""
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise self._refusal("it is no regular file")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        start = os.pread(descriptor, len(_MAGICS[0]), 0)
        if start and start not in _MAGICS:
            raise self._refusal("it holds something else than a capture")

    def _refusal(self, reason: str | None) -> ConfigError:
        return ConfigError(f"the capture {self.path} cannot be written ({reason}): give another path")
