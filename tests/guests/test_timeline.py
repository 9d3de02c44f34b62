"""The timeline of a whole guest: the same however the run is cut, and it shows what the guest does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emu.machine.run_loop import Pace
from emu.observe.timeline import Timeline
from tests.guests.machines import Guest


def timeline_of(guest: Guest) -> dict[str, Any]:
    machine = guest.machine
    timeline = Timeline(machine.clock, machine.ports, lambda: machine.processor.mode)
    machine.observers.attach(timeline)
    guest.run()
    machine.close()
    return timeline.as_plain()


@pytest.mark.parametrize("name", ["modes", "exceptions", "unplug-all"])
def test_it_is_the_same_however_the_run_is_cut(name: str) -> None:
    whole = timeline_of(Guest(name))
    assert timeline_of(Guest(name, pace=Pace(slice_bytes=4099))) == whole
    assert timeline_of(Guest(name, native=False)) == whole


def test_it_changes_nothing() -> None:
    bare, watched = Guest("unplug-all-long"), Guest("unplug-all-long")
    timeline_of(watched)
    bare.run()
    bare.machine.close()
    assert bare.hash.hexdigest() == watched.hash.hexdigest()


def test_it_shows_what_a_driver_does() -> None:
    seen = timeline_of(Guest("unplug-all-long"))
    lanes = {lane["name"] for lane in seen["lanes"]}
    assert {"unplug ports", "IDE ports", "NIC ports", "interrupts", "disk 0 read", "nic 0 sent"} <= lanes
    assert [text for _, kind, text in seen["events"] if kind == "unplug"] == [
        "disk 0 left primary master",
        "disk 1 left primary slave",
        "nic 0 left 04.0",
    ]
    assert "long mode" in {mode for _, mode in seen["modes"]}
    assert len(json.dumps(seen)) < 40_000


def test_modes_are_those_that_the_guest_goes_through() -> None:
    seen = timeline_of(Guest("modes"))
    assert {"real mode", "protected mode, 32 bits", "long mode"} <= {mode for _, mode in seen["modes"]}
