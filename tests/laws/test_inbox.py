"""The law over what comes from outside: given back at the same positions, it makes the same run.

The guest echoes what it gets at COM1 and halts in between; its timer runs all the time.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from emu.core.events import Observer, Observers
from emu.machine.config import MachineConfig
from emu.machine.inbox import Arrival, DivergedError, Position, Stamped
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason
from emu.observe.trace_hash import TraceHash
from tests.echo import echo
from tests.unit.rom import write_rom

END_NS = 12_000_000


class Typing(Observer):
    """Posts letters at odd moments amid a run, as a live source might."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.machine: Machine | None = None

    def port_write(self, port: int, width: int, value: int) -> None:
        if self.machine and self.random.random() < 0.5:
            letters = self.random.randbytes(self.random.randrange(1, 4))
            self.machine.inbox.post(Arrival("serial", letters))


class Run:
    """A machine with the guest, and how it went."""

    def __init__(self, folder: Path, *observers: Observer, native: bool = True) -> None:
        rom = Path(write_rom(folder, echo()))
        seen = Observers(*observers)
        self.machine = Machine(MachineConfig(memory_mib=2, firmware=rom), observers=seen, native=native)
        self.hash = TraceHash(self.machine.clock, keep_lines=True)
        seen.attach(self.hash)

    def end(self) -> tuple[list[str] | None, list[Stamped], object]:
        stop = self.machine.run(END_NS)
        assert stop.reason is Reason.LIMIT
        return self.hash.lines, self.machine.inbox.log, self.machine.save()


def live_run(folder: Path, seed: int, **arguments: bool) -> Run:
    typing = Typing(seed)
    run = Run(folder, typing, **arguments)
    typing.machine = run.machine
    return run


WAYS = {
    "at full speed": Pace(),
    "in slices of one byte": Pace(slice_bytes=1),
    "in slices of 1000 bytes": Pace(slice_bytes=1000),
    "single-stepped": Pace(single_step=True),
}


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_what_was_taken_from_outside_is_taken_again_at_the_same_positions(
    tmp_path: Path, way: str, native: bool
) -> None:
    lines, log, saved = live_run(tmp_path, 1).end()
    assert len(log) > 20, log
    replay = Run(tmp_path, native=native)
    replay.machine.inbox.replay(log)
    replay.machine.loop.pace = WAYS[way]
    assert replay.end() == (lines, log, saved)


@pytest.mark.parametrize("way", WAYS)
def test_a_source_that_goes_by_the_guests_run_is_heard_at_the_same_positions_however_it_is_cut(
    tmp_path: Path, way: str
) -> None:
    live = live_run(tmp_path, 2)
    live.machine.loop.pace = WAYS[way]
    assert live.end() == live_run(tmp_path, 2).end()


def test_a_machine_taken_back_to_a_snapshot_gets_what_came_after_it_again(tmp_path: Path) -> None:
    typing = Typing(3)
    live = Run(tmp_path, typing)
    typing.machine = live.machine
    live.machine.run(END_NS // 3)
    middle = live.machine.save()
    _, log, saved = live.end()
    typing.machine = None
    live.machine.restore(middle)
    assert 0 < live.machine.inbox.taken == middle.arrivals < len(log)
    live.end()
    assert (live.machine.inbox.log, live.machine.save()) == (log, saved)


def test_a_run_that_does_not_come_by_where_an_arrival_was_taken_has_diverged(tmp_path: Path) -> None:
    _, log, _ = live_run(tmp_path, 1).end()
    other = Run(tmp_path)
    at = log[0].position
    other.machine.inbox.replay([Stamped(Position(at.ticks, at.retired + 1), log[0].arrival)])
    with pytest.raises(DivergedError):
        other.machine.run(END_NS)
