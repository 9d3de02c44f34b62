"""One line that says how a long run is getting on, where the console is not to be seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from emu.machine.machine import Machine

PATIENCE_S = 1.0
PERIOD_S = 0.25
WIPE = "\r\x1b[K"
IDLE_BYTES_PER_S = 1_000_000


class Progress:
    """Shows itself after a while; whoever writes to the same terminal wipes it first."""

    def __init__(
        self,
        machine: Machine,
        stream: TextIO,
        limit_s: float | None,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine = machine
        self._stream = stream
        self._limit = "" if limit_s is None else f" of {limit_s:g}"
        self._wall = wall
        self._began = self._looked_at = wall()
        self._due = self._began + PATIENCE_S
        self._retired = 0
        self._shown = False

    def breathe(self) -> None:
        """Show the line anew, if it is time."""
        now = self._wall()
        if now < self._due:
            return
        self._due = now + PERIOD_S
        self._stream.write(f"{WIPE}emu: {self._words(now)}")
        self._stream.flush()
        self._shown = True

    def _words(self, now: float) -> str:
        retired = self._machine.processor.retired
        speed = (retired - self._retired) / max(now - self._looked_at, 1e-9)
        self._retired, self._looked_at = retired, now
        doing = "idle" if speed < IDLE_BYTES_PER_S else f"{speed / 1e6:.0f} MB of code a second"
        virtual = f"{self._machine.clock.now / 1e9:.1f}{self._limit} s virtual"
        return f"{virtual}, {now - self._began:.0f} s wall, {doing}"

    def wipe(self) -> None:
        """Take the line away for now."""
        if self._shown:
            self._shown = False
            self._stream.write(WIPE)
            self._stream.flush()


class Way(Progress):
    """The same for a debugger's movements, one after the other: `wipe` ends each."""

    def __init__(self, machine: Machine, stream: TextIO, wall: Callable[[], float] = time.monotonic) -> None:
        super().__init__(machine, stream, None, wall)
        self._under_way = False

    def breathe(self) -> None:
        """The machine is on its way."""
        if not self._under_way:
            self._under_way, self._began = True, self._wall()
            self._due = self._began + PATIENCE_S
        super().breathe()

    def wipe(self) -> None:
        """The movement has ended, or there is something to say."""
        self._under_way = False
        super().wipe()

    def _words(self, now: float) -> str:
        at = self._machine.clock.now / 1e6
        return f"on the way at {at:.3f} ms, {now - self._began:.0f} s wall; Ctrl-C gives up"
