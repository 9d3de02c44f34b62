"""A hash over everything that crossed a bus, a wire or a back end, each with its time.

The record of an event is canonical: one line of UTF-8,

    TICKS EVENT ARGUMENT ARGUMENT ...

with the virtual time in ticks (a quarter of a nanosecond unless configured otherwise) in decimal, the
name of the event as in `emu.core.events.Observer`, and its arguments: integers in hexadecimal without
prefix, True and False as 1 and 0, None as `-`, bytes in hexadecimal behind a `:`, text JSON-quoted. The
hash is SHA-256 over the lines, each with its newline. Events that say what the host made of a run
(`host_log`, `note`, the text forms of what has crossed a bus already) are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from emu.core.clock import Clock
from emu.core.events import EVENTS, Observer

LEFT_OUT = frozenset(("host_log", "note", "guest_log", "console_output"))
RECORDED = tuple(name for name in EVENTS if name not in LEFT_OUT)


def canonical(value: Any) -> str:
    """One argument as the record spells it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return f"{value:x}"
    if isinstance(value, bytes | bytearray | memoryview):
        return ":" + bytes(value).hex()
    return json.dumps(value)


class TraceHash(Observer):
    """Observes every recorded event; `hexdigest` at any time."""

    def __init__(self, clock: Clock, keep_lines: bool = False) -> None:
        """With `keep_lines` the records are kept in `lines`, to show where two runs part."""
        self._clock = clock
        self._hash = hashlib.sha256()
        self.lines: list[str] | None = [] if keep_lines else None

    def hexdigest(self) -> str:
        """The hash of what was seen so far."""
        return self._hash.hexdigest()

    def record(self, event: str, *arguments: Any) -> None:
        """Add one event."""
        self.add(" ".join((str(self._clock.ticks), event, *map(canonical, arguments))))

    def add(self, line: str) -> None:
        """Add the record of one event."""
        self._hash.update(line.encode() + b"\n")
        if self.lines is not None:
            self.lines.append(line)


def _recorder(event: str) -> Callable[..., None]:
    def seen(self: TraceHash, *arguments: Any) -> None:
        self.record(event, *arguments)

    seen.__name__ = event
    seen.__doc__ = getattr(Observer, event).__doc__
    return seen


for _event in RECORDED:
    setattr(TraceHash, _event, _recorder(_event))
