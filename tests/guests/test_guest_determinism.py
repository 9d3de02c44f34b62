"""The law over whole guests: however a run is cut, watched, saved or stepped, it is the same run.

Stepping a whole guest takes minutes, so here it is stepped through windows all along its run; the small
programs of `tests/laws` are stepped from end to end.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from emu.machine.run_loop import Pace
from emu.machine.snapshot import Snapshot
from tests.guests.machines import DETERMINED, Guest

WINDOWS = 6
CORE = ("modes", "exceptions", "interrupts", "smc", "rep", "unplug-all")
"""The guests that the design names: they are cut in all windows, the others in two."""
WHERE = [(name, window) for name in DETERMINED for window in (range(WINDOWS) if name in CORE else (1, 4))]
STEPS = 4000
WAYS: dict[str, dict[str, Any]] = {
    "in slices of one byte": {"pace": Pace(slice_bytes=1)},
    "in slices of 10007 bytes": {"pace": Pace(slice_bytes=10007)},
    "watched by every observer": {"watched": True},
    "with the Python callback": {"native": False},
}
SLOW_IN_SLICES = ("interrupts", "rep")
"""Tens of megabytes of code, a stop for each block: these are cut finely in windows only."""
CUTS = [
    (name, way)
    for name in DETERMINED
    for way in WAYS
    if not (way == "in slices of one byte" and name in SLOW_IN_SLICES)
]
SLICED_NS = 200_000


@cache
def whole_run(name: str) -> str:
    return Guest(name).run()


@cache
def virtual_end_ns(name: str) -> int:
    return int(whole_run(name).split()[2]) // 4


@pytest.mark.parametrize(("name", "way"), CUTS)
def test_however_a_guest_is_cut_or_watched_it_is_the_same_run(name: str, way: str) -> None:
    assert Guest(name, **WAYS[way]).run() == whole_run(name)


def at(name: str, time_ns: int) -> Guest:
    guest = Guest(name)
    guest.run(time_ns)
    return guest


@pytest.mark.parametrize(("name", "window"), WHERE)
def test_a_stepped_window_is_the_same_run(name: str, window: int) -> None:
    start = virtual_end_ns(name) * (2 * window + 1) // (2 * WINDOWS)
    stepped = at(name, start)
    begin = stepped.machine.save()
    stepped.machine.loop.pace = Pace(single_step=True)
    stop = stepped.machine.run_steps(STEPS)
    straight = at(name, start)
    assert straight.machine.save() == begin
    if stop is None:
        end_ns = stepped.machine.clock.now + 1
        assert straight.run(end_ns) == stepped.run(end_ns)
    else:
        assert straight.run() == stepped.describe(stop)
    assert straight.machine.save() == stepped.machine.save()


@pytest.mark.parametrize("window", range(WINDOWS))
@pytest.mark.parametrize("name", SLOW_IN_SLICES)
def test_a_window_in_slices_of_one_byte_is_the_same_run(name: str, window: int) -> None:
    start = virtual_end_ns(name) * (2 * window + 1) // (2 * WINDOWS)
    sliced = at(name, start)
    sliced.machine.loop.pace = Pace(slice_bytes=1)
    assert sliced.run(start + SLICED_NS) == at(name, start).run(start + SLICED_NS)


@pytest.mark.parametrize(("name", "window"), WHERE)
def test_a_saved_and_restored_machine_runs_on_as_if_nothing_had_happened(name: str, window: int) -> None:
    start = virtual_end_ns(name) * (2 * window + 1) // (2 * WINDOWS)
    original = at(name, start)
    snapshot = original.machine.save()
    end = virtual_end_ns(name) * (2 * window + 2) // (2 * WINDOWS)
    other = Guest(name)
    other.run(virtual_end_ns(name) // 5)
    other.machine.restore(snapshot)
    assert other.machine.save() == snapshot
    original.run(end)
    other.run(end)
    assert_equal(other.machine.save(), original.machine.save())


def assert_equal(found: Snapshot, wanted: Snapshot) -> None:
    assert found.processor == wanted.processor
    assert found.devices == wanted.devices
    assert found == wanted
