"""The device laws: state is data, and it is all that a chip remembers.

Each runs over every chip of `tests.laws.devices` after a storm of port accesses, idle time and whatever
else may happen to the chip, drawn from a seed.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from emu.core.clock import Clock
from tests.laws.devices import FACTORIES, Factory, Mounted

SEEDS = range(3)
ROUNDS = 50
STORM = 40
WAITS_NS = (0, 250, 1_000, 20_000, 700_000, 30_000_000, 1_100_000_000)

every_chip = pytest.mark.parametrize("factory", FACTORIES.values(), ids=list(FACTORIES))
every_seed = pytest.mark.parametrize("seed", SEEDS)


def storm(clock: Clock, mounted: Mounted, seed: int) -> list[Any]:
    """Let a random life happen to the chip; everything that it answered or showed at its pins."""
    random = Random(seed)
    places = [(base + n, region.widest) for base, region in mounted.bus.regions for n in range(region.size)]
    mounted.outputs.clear()
    # Time passes first: what was under way before the storm must come to its end undisturbed.
    wait(clock, random.choice(WAITS_NS))
    seen: list[Any] = [line.level for line in mounted.lines]
    for _ in range(STORM):
        port, widest = random.choice(places)
        width = random.choice([each for each in (1, 2, 4) if each <= widest] * 4 + [1, 2, 4])
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                seen.append(mounted.bus.read(port, width))
            case 4 | 5 | 6:
                mounted.bus.write(port, width, random.getrandbits(8 * width))
            case 7 | 8:
                wait(clock, random.choice(WAITS_NS) + random.randrange(500))
            case _ if mounted.stimuli:
                random.choice(mounted.stimuli)(random)
        seen.append([line.level for line in mounted.lines])
    return [*seen, *mounted.outputs]


def wait(clock: Clock, duration_ns: int) -> None:
    """Idle time, with the stops at deadlines that an idle processor makes (at most so many)."""
    target = clock.now + duration_ns
    for _ in range(200):
        deadline = clock.next_deadline()
        if deadline is None or deadline > target:
            break
        clock.advance_to(deadline)
        clock.fire_due()
    clock.advance_to(target)
    clock.fire_due()


def twin_of(clock: Clock, mounted: Mounted, factory: Factory) -> tuple[Clock, Mounted]:
    """A second chip, on a clock of its own, restored from the state of the first."""
    twin_clock = Clock()
    twin = factory(twin_clock)
    twin_clock.restore(clock.ticks)
    for line, original in zip(twin.lines, mounted.lines, strict=True):
        line.restore(original.level)
    twin.device.restore(mounted.device.save())
    return twin_clock, twin


@every_seed
@every_chip
def test_saving_a_restored_chip_gives_what_was_saved(factory: Factory, seed: int) -> None:
    clock = Clock()
    mounted = factory(clock)
    for n in range(ROUNDS):
        storm(clock, mounted, seed * ROUNDS + n)
        saved = mounted.device.save()
        _, twin = twin_of(clock, mounted, factory)
        assert twin.device.save() == saved


@every_seed
@every_chip
def test_a_restored_twin_answers_every_port_alike(factory: Factory, seed: int) -> None:
    clock = Clock()
    mounted = factory(clock)
    for n in range(ROUNDS):
        storm(clock, mounted, 2 * (seed * ROUNDS + n))
        twin_clock, twin = twin_of(clock, mounted, factory)
        next_seed = 2 * (seed * ROUNDS + n) + 1
        assert storm(clock, mounted, next_seed) == storm(twin_clock, twin, next_seed)
        assert mounted.device.save() == twin.device.save()


@every_chip
def test_restoring_an_old_state_leaves_no_trace_of_the_life_since(factory: Factory) -> None:
    clock = Clock()
    mounted = factory(clock)
    saved = mounted.device.save()
    storm(clock, mounted, 1)
    clock.restore(0)
    mounted.device.restore(saved)
    fresh_clock = Clock()
    fresh = factory(fresh_clock)
    assert storm(clock, mounted, 2) == storm(fresh_clock, fresh, 2)


@every_chip
def test_saved_state_shares_nothing_with_the_chip(factory: Factory) -> None:
    clock = Clock()
    mounted = factory(clock)
    storm(clock, mounted, 3)
    saved = mounted.device.save()
    before = repr(saved)
    storm(clock, mounted, 4)
    assert repr(saved) == before
