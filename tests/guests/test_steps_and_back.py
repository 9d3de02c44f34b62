"""So many steps forwards and so many back are the identical machine, wherever it stands and in every mode."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from emu.debug.detectors import AtAddress, ModeChanged
from emu.debug.places import Hit, Place
from emu.debug.time_travel import TimeTravel
from emu.machine.config import Drive, MachineConfig
from emu.machine.machine import Machine
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


def test_code_that_cannot_be_decoded_is_gone_back_to(tmp_path: Path) -> None:
    """Over the end of a 64 KiB segment and from its start, to a storm of invalid opcodes."""
    undecodable, entry = b"\xff\xff", 0xFFF0
    above = b"\x90" * 16 + b"\x90\xeb\x00" + undecodable  # from `entry` on, over the end of the segment
    to_entry = bytes.fromhex("31c08ed8 b8ff0f8ec0 fc be007d 31ff b91500 f3a4 ea f0ff0000")
    sector = to_entry.ljust(0x100, b"\0") + above
    image = tmp_path / "disk.img"
    image.write_bytes(sector.ljust(510, b"\0") + b"\x55\xaa")
    journey = TimeTravel(Machine(MachineConfig(drives=(Drive(image, 0),)), tracked=True))
    assert isinstance(journey.run([AtAddress(entry)]), Hit)
    places = [journey.place]
    for _ in range(40):
        assert journey.step() is None
        places.append(journey.place)
    assert len({*places}) == len(places)
    for place in places[-2::-1]:
        assert journey.step_back()
        assert journey.place == place
    journey.machine.close()
