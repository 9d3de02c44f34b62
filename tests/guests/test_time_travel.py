"""Forwards and backwards: steps there and back are the same machine, and what was found is found again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emu.core.events import Observer
from emu.debug.places import Detector, Hit, Place
from emu.debug.time_travel import TimeTravel
from emu.machine.loader import load
from emu.machine.machine import Machine


class PortWritten(Observer):
    """Looks for writes to one port."""

    def __init__(self, port: int) -> None:
        self.port = port

    def attach(self, machine: Machine, found: Callable[[Detector, str], None]) -> None:
        self._found = found
        machine.observers.attach(self)

    def detach(self, machine: Machine) -> None:
        machine.observers.detach(self)

    def port_write(self, port: int, width: int, value: int) -> None:
        if port == self.port:
            self._found(self, f"{value:#x}")


def travel(name: str) -> TimeTravel:
    return TimeTravel(Machine(load(name), tracked=True))


def length(name: str) -> int:
    machine = Machine(load(name))
    machine.run()
    machine.close()
    return machine.clock.ticks


@pytest.mark.parametrize("interval_s", [0.02, 60])
def test_hits_are_the_same_forwards_and_backwards(interval_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emu.debug.journey.INTERVAL_S", interval_s)
    journey, detector = travel("unplug-all"), PortWritten(0x10)
    forwards = []
    while isinstance(hit := journey.run([detector]), Hit):
        forwards.append((hit.place, hit.text, journey.machine.processor.registers()))
    assert len(forwards) > 1
    backwards = []
    while (found := journey.run_back([detector])) is not None:
        backwards.append((found.place, found.text, journey.machine.processor.registers()))
    assert backwards[::-1] == forwards
    assert journey.place == Place(0)
    journey.machine.close()


def test_at_the_start_there_is_nothing_before() -> None:
    journey = travel("hello")
    assert not journey.step_back()
    journey.step(3)
    assert journey.step_back(3)
    assert journey.place == Place(0)
    journey.machine.close()
