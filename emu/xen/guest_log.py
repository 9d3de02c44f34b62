"""The guest's log: bytes from a port become lines for the host, at a bounded rate.

The arithmetic is that of the mail's `throttle()`, in whole nanoseconds and tokens: a token for each byte of a
line, a bucket of 128 KiB that starts full and fills at 256 bytes a second. It is refilled only when a line
does not fit; then the guest is blocked until it does, which here means that virtual time passes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.core.clock import Clock

BUFFER_SIZE = 4096
BUCKET_SIZE = 128 * 1024
BUCKET_FILL_RATE = 256
"""Tokens a second."""

_NS = 1_000_000_000
_NS_PER_TOKEN = _NS // BUCKET_FILL_RATE
_NEWLINE = ord("\n")


@dataclass
class GuestLogState:
    """What has been buffered, and the bucket."""

    buffer: bytearray = field(default_factory=bytearray)
    available: int = BUCKET_SIZE
    last_refill_ns: int | None = None
    """None until the first line: the bucket's time begins with it."""
    warned: bool = False


class GuestLog:
    """The rules by which a `GuestLogState` takes bytes and gives lines."""

    def __init__(
        self,
        *,
        clock: Clock,
        sink: Callable[[bytes], None],
        warn: Callable[[str], None],
        throttled: bool,
    ) -> None:
        """`sink` takes lines without their newline, `warn` the one warning to the host's log."""
        self._clock = clock
        self._sink = sink
        self._warn = warn
        self._throttled = throttled

    def take(self, state: GuestLogState, byte: int) -> None:
        """One byte from the guest; a newline flushes, and so does a byte for which only NUL's room is left.

        That byte is lost, as in the mail. A line is a C string: what follows a NUL in it is not printed.
        """
        if byte != _NEWLINE and len(state.buffer) < BUFFER_SIZE - 1:
            state.buffer.append(byte)
            return
        if self._throttled:
            self._throttle(state, len(state.buffer))
        line = bytes(state.buffer).partition(b"\0")[0]
        state.buffer.clear()
        self._sink(line)

    def exhaust(self, state: GuestLogState) -> None:
        """Leave no token in the bucket."""
        state.available, state.last_refill_ns = 0, self._clock.now

    def _throttle(self, state: GuestLogState, count: int) -> None:
        if state.last_refill_ns is None:
            state.last_refill_ns = self._clock.now
        if state.available < count:
            self._wait_until(state, state.last_refill_ns + (count - state.available) * _NS_PER_TOKEN)
            now = self._clock.now
            filled = (now - state.last_refill_ns) * BUCKET_FILL_RATE // _NS
            state.available = min(state.available + filled, BUCKET_SIZE)
            state.last_refill_ns = now
        state.available -= count

    def _wait_until(self, state: GuestLogState, full_enough_ns: int) -> None:
        if full_enough_ns <= self._clock.now:
            return
        if not state.warned:
            self._warn("throttling guest access to syslog")
            state.warned = True
        self._clock.advance_to(full_enough_ns)
