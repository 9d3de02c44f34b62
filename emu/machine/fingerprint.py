"""What two runs are compared by: the trace hash, and a check of each event to find where they part.

The check of an event is the last byte of a running CRC-32 over the records of all events up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zlib import crc32

from emu.core.clock import Clock
from emu.observe.trace_hash import TraceHash

MOST_CHECKS = 1 << 24
"""Of as many events checks are kept; what comes behind is compared by the hash at snapshots and the end."""


class Fingerprint(TraceHash):
    """Observes every event of a run."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.events = 0
        """How many there were."""
        self.checks = bytearray()
        """One byte each, of the first of them."""
        self._crc = 0

    def add(self, line: str) -> None:
        """Add the record of one event."""
        super().add(line)
        self._crc = crc32(line.encode(), self._crc)
        if self.events < MOST_CHECKS:
            self.checks.append(self._crc & 0xFF)
        self.events += 1


class Comparison(Fingerprint):
    """Observes a run that should be a recorded one, and tells where it first is not."""

    def __init__(
        self, clock: Clock, checks: bytes, hashes: Mapping[int, str], differs: Callable[[str], None]
    ) -> None:
        """`hashes` are known after so many events; `differs` is told once, with the record of an event."""
        super().__init__(clock)
        self._wanted = checks
        self._hashes = hashes
        self._differs: Callable[[str], None] | None = differs

    def add(self, line: str) -> None:
        """Compare one event."""
        number = self.events
        super().add(line)
        other = number < min(len(self._wanted), MOST_CHECKS) and self.checks[number] != self._wanted[number]
        known = self._hashes.get(self.events)
        if (other or (known is not None and known != self.hexdigest())) and self._differs is not None:
            told, self._differs = self._differs, None
            told(line)
