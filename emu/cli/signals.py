"""Signals that end a run in good order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end a run with a summary."""


@contextmanager
def ending_signals(machine: Machine) -> Iterator[None]:
    """Ctrl-C and its like end the run with a summary."""

    def heard(number: int, frame: FrameType | None) -> None:
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        machine.stop(Stop(Reason.ASKED, detail=f"stopped by {name}"))

    before = {number: signal.getsignal(number) for number in ENDING}
    for number in ENDING:
        if before[number] is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
