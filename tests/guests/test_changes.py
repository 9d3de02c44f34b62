"""A machine that somebody changed: the change is part of its run, and met again from before it."""

from __future__ import annotations

from random import Random

import pytest

from emu.core.pages import PAGE
from emu.debug.detectors import PortAccess
from emu.debug.errors import CommandError
from emu.debug.places import Hit, Place
from emu.debug.time_travel import TimeTravel
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.snapshot import Snapshot
from tests.guests.test_time_travel import length, travel

SCRATCH = 0x9F000
GUESTS = ["modes", "interrupts", "unplug-all"]


def change(journey: TimeTravel, value: int) -> None:
    """Write to memory and to a register."""
    machine = journey.machine

    def act() -> None:
        machine.memory.write(SCRATCH, value.to_bytes(4, "little"))
        machine.processor.restore({**machine.processor.save(), "r8": value})

    journey.change(act)


def wander(journey: TimeTravel, random: Random, place: Place) -> None:
    """To `place`, and a few steps on."""
    journey.go_to(place)
    journey.step(random.randrange(6))


def to_the_end(journey: TimeTravel) -> tuple[object, Snapshot]:
    return journey.run(), journey.machine.save()


@pytest.mark.parametrize("interval_s", [0.01, 60])
@pytest.mark.parametrize("name", GUESTS)
def test_a_change_is_met_again_however_it_is_come_to(
    name: str, interval_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emu.debug.journey.INTERVAL_S", interval_s)
    random, whole, journey = Random(name), length(name), travel(name)
    for value in range(1, 5):
        wander(journey, random, Place(random.randrange(whole * value // 5, whole * (value + 1) // 5)))
        before = journey.place
        change(journey, value)
        place, changed = journey.place, journey.machine.save()
        journey.step(3)
        later, stepped = journey.place, journey.machine.save()
        end = to_the_end(journey)

        assert journey.machine.memory.read(SCRATCH, 4) == value.to_bytes(4, "little")
        for go in (Place(0), Place(place.ticks - 1), Place(random.randrange(place.ticks))):
            journey.go_to(go)
            assert to_the_end(journey) == end, "at full speed"
            journey.go_to(go)
            journey.go_to(later)
            assert journey.machine.save() == stepped, "by going to a place behind it"
        journey.go_to(place)
        assert journey.machine.save() == changed
        assert journey.step_back()
        assert journey.place < before
        assert journey.machine.save() != changed
        journey.step()
        assert (journey.place, journey.machine.save()) == (place, changed), "by a step"
        assert journey.step_back(20)
        journey.step(20)
        assert (journey.place, journey.machine.save()) == (place, changed), "by twenty steps"
        journey.go_to(place)
    journey.machine.close()


@pytest.mark.parametrize("name", GUESTS)
def test_a_changed_run_is_that_of_a_machine_changed_there(name: str) -> None:
    random, journey = Random(name), travel(name)
    wander(journey, random, Place(length(name) // 2))
    place = journey.place
    change(journey, 7)
    journey.go_to(Place(0))
    end = to_the_end(journey)
    journey.machine.close()

    other = travel(name)
    other.go_to(place)
    change(other, 7)
    assert to_the_end(other) == end
    other.machine.close()


@pytest.mark.parametrize("interval_s", [0.01, 60])
def test_hits_on_both_sides_of_changes_are_the_same_forwards_and_backwards(
    interval_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emu.debug.journey.INTERVAL_S", interval_s)
    journey, detector = travel("unplug-all"), PortAccess(range(0x10, 0x14))
    forwards: list[tuple[Place, str]] = []
    while isinstance(hit := journey.run([detector]), Hit):
        forwards.append((hit.place, hit.text))
        if len(forwards) in (1, 4, 6):
            change(journey, len(forwards))  # right before the access
            forwards[-1] = journey.place, hit.text
    assert len(forwards) > 6
    for _ in range(2):
        backwards = []
        while (found := journey.run_back([detector])) is not None:
            backwards.append((found.place, found.text))
        assert backwards[::-1] == forwards
        assert journey.place == Place(0)
        again = []
        while isinstance(hit := journey.run([detector]), Hit):
            again.append((hit.place, hit.text))
        assert again == forwards
    journey.machine.close()


def test_a_change_before_another_takes_its_place() -> None:
    journey = travel("unplug-all")
    whole = length("unplug-all")
    journey.go_to(Place(whole // 2))
    change(journey, 1)
    journey.go_to(Place(whole // 3))
    change(journey, 2)
    journey.run()
    assert journey.machine.memory.read(SCRATCH, 4) == b"\2\0\0\0"
    journey.go_to(Place(0))
    assert journey.machine.memory.read(SCRATCH, 4) == bytes(4)
    change(journey, 3)
    change(journey, 4)
    assert journey.machine.memory.read(SCRATCH, 4) == b"\4\0\0\0"
    assert not journey.step_back()
    assert journey.machine.memory.read(SCRATCH, 4) == b"\4\0\0\0"
    journey.machine.close()


def test_more_changes_than_memory_may_hold_are_refused_in_a_sentence() -> None:
    journey = TimeTravel(Machine(load("hello"), tracked=True), budget=64 * PAGE)
    journey.step(3)
    memory = journey.machine.memory
    journey.change(lambda: memory.write(0x10_0000, b"x" * 60 * PAGE))
    journey.step(3)
    journey.change(lambda: memory.write(0x20_0000, b"y" * 60 * PAGE))
    journey.step(3)
    place, held = journey.place, journey.machine.save()
    with pytest.raises(CommandError, match="hold 0 MiB of memory: go back"):
        journey.change(lambda: memory.write(0x30_0000, b"z" * 60 * PAGE))
    assert (journey.place, journey.machine.save()) == (place, held)
    journey.machine.close()


def test_the_end_of_a_run_is_no_further_than_it_was() -> None:
    journey = travel("unplug-all")
    end = journey.run()
    place = journey.place
    assert (journey.ended, journey.run(), journey.step(5), journey.place) == (end, end, end, place)
    journey.go_to(Place(place.ticks * 2))
    assert journey.place == place
    assert journey.step_back(5)
    assert journey.ended is None
    assert journey.step(9) == end
    assert journey.place == place
    journey.machine.close()
