"""Who answers at a port, and where in memory, when regions overlap."""

from __future__ import annotations

from itertools import permutations

import pytest

from emu.core.bus import MmioBus, PortBus, Region


def region(name: str, base: int, size: int, value: int) -> Region:
    return Region(name, base, size, lambda offset, width: value, lambda offset, width, written: None)


def test_of_two_claims_the_later_one_answers() -> None:
    bus = PortBus()
    bus.claim(region("wide", 0xCF8, 8, 1))
    bus.claim(region("inside", 0xCF9, 1, 2))
    assert [bus.read(port, 1) for port in (0xCF8, 0xCF9, 0xCFA)] == [1, 2, 1]


def test_a_region_that_moves_leaves_claimed_ports_alone() -> None:
    bus = PortBus()
    bus.claim(region("chip", 0xCF8, 8, 1))
    bus.claim(region("inside", 0xCF9, 1, 2))
    card = region("card", 0, 32, 3)
    bus.move(card, 0xCE0)
    assert [bus.read(port, 1) for port in (0xCF7, 0xCF8, 0xCF9)] == [3, 1, 2]
    bus.move(card, 0xD00)
    assert [bus.read(port, 1) for port in (0xCF7, 0xCF8, 0xCF9, 0xD00)] == [0xFF, 1, 2, 3]


def test_what_lay_under_a_region_answers_again_when_it_has_moved_away() -> None:
    bus = PortBus()
    one, other = region("one", 0, 16, 1), region("other", 0, 16, 2)
    bus.move(one, 0x100)
    bus.move(other, 0x108)
    assert [bus.read(port, 1) for port in (0x107, 0x108, 0x10F, 0x110)] == [1, 2, 2, 2]
    bus.move(other, None)
    assert [bus.read(port, 1) for port in (0x107, 0x108, 0x10F, 0x110)] == [1, 1, 1, 0xFF]


PLACES = (("one", 0x100, 16), ("two", 0x108, 16), ("three", 0x108, 8), ("four", 0x108, 8))


@pytest.mark.parametrize("bus_type", [PortBus, MmioBus])
def test_who_answers_does_not_depend_on_the_order_of_moves(bus_type: type[PortBus | MmioBus]) -> None:
    answers = set()
    for order in permutations(range(len(PLACES))):
        bus = bus_type()
        for n in order:
            name, base, size = PLACES[n]
            bus.move(region(name, 0, size, n), base)
        answers.add(tuple(bus.read(address, 1) for address in range(0x100, 0x120)))
    assert len(answers) == 1
