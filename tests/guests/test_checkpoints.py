"""A machine put back to a checkpoint is the machine that was there, whatever was taken or dropped since."""

from __future__ import annotations

from random import Random

import pytest

from emu.core.pages import PAGE
from emu.machine.checkpoints import SPARED, Checkpoints
from emu.machine.loader import load
from emu.machine.machine import Machine

STRETCHES = 14


def prepared(name: str, budget: int = 1 << 30) -> tuple[Machine, Checkpoints, list[int]]:
    """A run with a checkpoint after each of equal stretches, and when they were taken."""
    whole = Machine(load(name))
    whole.run()
    length = whole.clock.now
    whole.close()
    machine = Machine(load(name), tracked=True)
    checkpoints = Checkpoints(machine, budget)
    checkpoints.take()
    for number in range(1, STRETCHES):
        machine.run(until_ns=length * number // STRETCHES)
        checkpoints.take()
    return machine, checkpoints, checkpoints.times


@pytest.mark.parametrize("name", ["modes", "unplug-all", "smc"])
def test_each_checkpoint_is_the_machine_that_was_there(name: str) -> None:
    machine, checkpoints, times = prepared(name)
    fresh = Machine(load(name))
    for ticks in Random(name).sample(times, len(times)) + times:
        assert checkpoints.go(ticks) == ticks
        if ticks == times[len(times) // 2]:
            fresh.loop.run_to(ticks)
            assert machine.save() == fresh.save()
        kept = machine.save()
        machine.run(until_ns=machine.clock.now + 100_000)
        checkpoints.go(ticks)
        assert machine.save() == kept
    machine.close()
    fresh.close()


def test_a_run_that_goes_on_from_a_checkpoint_ends_as_it_did() -> None:
    machine, checkpoints, times = prepared("unplug-all")
    end = machine.run(), machine.save()
    for ticks in times[::4]:
        checkpoints.go(ticks)
        assert (machine.run(), machine.save()) == end
    machine.close()


def test_checkpoints_between_others_are_found_again() -> None:
    machine, checkpoints, times = prepared("modes")
    checkpoints.go(times[5])
    machine.run(until_ns=(times[5] + times[6]) // 2 // machine.clock.ticks_per_ns)
    checkpoints.take()
    between, kept = machine.clock.ticks, machine.save()
    for ticks in (times[-1], times[0]):
        checkpoints.go(ticks)
        assert checkpoints.go(between) == between
        assert machine.save() == kept
    machine.close()


def test_checkpoints_that_the_run_passes_by_hold() -> None:
    machine, checkpoints, times = prepared("unplug-all")
    expected = {}
    for ticks in times:
        checkpoints.go(ticks)
        expected[ticks] = machine.save()
    for start in (0, 3, 6):
        checkpoints.go(times[start])
        machine.loop.run_to((times[-2] + times[-1 - start]) // 2)
        checkpoints.take()
        expected[machine.clock.ticks] = machine.save()
    for ticks in Random(3).sample(checkpoints.times, len(checkpoints.times)):
        checkpoints.go(ticks)
        assert machine.save() == expected[ticks]
    machine.close()


def test_old_checkpoints_make_room_and_the_others_hold() -> None:
    machine, checkpoints, left = prepared("unplug-all", budget=40 * PAGE)
    assert SPARED < len(left) < STRETCHES
    assert left[0] == 0
    fresh = Machine(load("unplug-all"))
    fresh.loop.run_to(left[-3])
    checkpoints.go(left[0])
    assert checkpoints.go(left[-3] + 1) == left[-3]
    assert machine.save() == fresh.save()
    machine.close()
    fresh.close()
