"""Answers that a person puts in the place of a port's own.

An override belongs to the history of the run: it holds from the moment it was made, and going back before
that and forwards again meets it again. The device sees the read; only the guest is told something else.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field


@dataclass
class Override:
    """Reads of `port` give `value`, after `since` and not after `until` ticks, `times` times (None: any)."""

    port: int
    value: int
    since: int
    times: int | None = None
    width: int | None = None
    until: int | None = None
    used: list[int] = field(default_factory=list)
    """When it was heeded, in ticks."""

    def answers(self, port: int, width: int, ticks: int) -> bool:
        """Whether the guest gets this at `ticks`; notes that it does."""
        if port != self.port or ticks <= self.since or self.width not in (None, width):
            return False
        if self.until is not None and ticks > self.until:
            return False
        del self.used[bisect_left(self.used, ticks) :]  # these are about to come again
        if self.times is not None and len(self.used) >= self.times:
            return False
        self.used.append(ticks)
        return True

    def __str__(self) -> str:
        often = "" if self.times is None else f", {self.times} times" if self.times > 1 else ", once"
        ended = "" if self.until is None else " (ended)"
        return f"port {self.port:#x} reads as {self.value:#x}{often}{ended}"


class Overrides:
    """The overrides of a run, the newest of which counts."""

    def __init__(self) -> None:
        self.all: list[Override] = []

    def forget_after(self, ticks: int) -> None:
        """The run after `ticks` is another one."""
        self.all = [each for each in self.all if each.since <= ticks]
        for each in self.all:
            if each.until is not None and each.until > ticks:
                each.until = None

    def end(self, ticks: int) -> None:
        """From `ticks` on no override holds."""
        for each in self.all:
            each.until = ticks if each.until is None else each.until

    def answer(self, port: int, width: int, value: int, ticks: int) -> int:
        """What the guest reads where the device says `value`."""
        for each in reversed(self.all):
            if each.answers(port, width, ticks):
                return each.value & (1 << 8 * width) - 1
        return value
