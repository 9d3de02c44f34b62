"""So many steps forwards and so many back are the identical machine, wherever it stands and in every mode."""

from __future__ import annotations

from random import Random

import pytest

from emu.debug.detectors import ModeChanged
from emu.debug.places import Hit, Place
from emu.debug.time_travel import TimeTravel
from tests.guests.test_time_travel import travel

MOST_STEPS = 15
PLACES = {"modes": 100, "exceptions": 50, "unplug-all-long": 50}
MODES = {
    "real mode",
    "protected mode, 16 bits",
    "protected mode, 32 bits",
    "virtual-8086 mode",
    "long mode",
    "compatibility mode, 32 bits",
}
"""What `modes` goes through, at least."""


def stretches(journey: TimeTravel) -> dict[str, list[tuple[int, int]]]:
    """From when to when the processor is in which mode, in ticks."""
    found: dict[str, list[tuple[int, int]]] = {}
    machine = journey.machine
    before, since = machine.processor.mode, 0

    def note(hit: Hit | None) -> bool:
        nonlocal before, since
        now = machine.clock.ticks if hit is None else hit.place.ticks
        found.setdefault(before, []).append((since, now))
        before, since = machine.processor.mode, now
        return False

    journey.run([ModeChanged()], accept=note)
    note(None)
    return found


def there_and_back(journey: TimeTravel, random: Random) -> bool:
    """From here; whether there is somewhere to go."""
    if journey.machine.processor.halted or journey.step(random.randrange(5)) is not None:
        return False
    place, before = journey.place, journey.machine.save()
    count = random.randrange(1, MOST_STEPS)
    if journey.step(count) is not None:
        return False
    assert journey.step_back(count)
    assert (journey.place, journey.machine.save()) == (place, before), count
    return True


def chosen(modes: dict[str, list[tuple[int, int]]], count: int, random: Random) -> list[int]:
    """Moments in order, as many in each mode."""
    moments = []
    for number in range(count):
        begin, end = random.choice(list(modes.values())[number % len(modes)])
        moments.append(begin if random.random() < 0.5 else random.randrange(begin, end))
    return sorted(moments)


@pytest.mark.parametrize("name", PLACES)
def test_so_many_steps_forwards_and_back_is_the_same_machine(name: str) -> None:
    random, journey = Random(name), travel(name)
    modes = stretches(journey)
    assert name != "modes" or modes.keys() >= MODES
    visited = dict.fromkeys(modes, 0)
    for ticks in chosen(modes, PLACES[name] * 5 // 4, random):
        journey.go_to(Place(ticks))
        mode = journey.machine.processor.mode
        visited[mode] += there_and_back(journey, random)
    journey.machine.close()
    assert sum(visited.values()) >= PLACES[name], visited
    assert all(visited.values()), visited
