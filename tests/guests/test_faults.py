"""Whole guests on hosts that misbehave: what the driver makes of it, and that it is the same run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emu.machine.config import Fault
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace
from tests.guests.machines import Guest

MANY = (
    Fault("wrong-value", "a status bit", port=0x1F7, flip=0x04, every=50),
    Fault("lost-write", "a lost command", port=0xC207, after_ns=30_000_000, first=5, count=1),
    Fault("doubled-interrupt", "IRQ 14 twice", irq=14, every=2),
    Fault("lost-interrupt", "no timer", irq=0, after_text="protected", every=3),
    Fault("slow-disk", "slow", drive=0, delay_ns=70_000, every=3),
    Fault("slow-disk", "slow CD", drive=2, delay_ns=1_300, every=2),
    Fault("disk-error", "a bad CD", drive=2, first=2, count=1),
    Fault("damaged-frame", "a damaged frame", direction="sent", flip=1, first=2, count=1),
    Fault("full-log", "a full log", first=2, count=1),
)
END_NS = 60_000_000
WAYS: dict[str, dict[str, Any]] = {
    "in slices of one byte": {"pace": Pace(slice_bytes=1)},
    "in slices of 10007 bytes": {"pace": Pace(slice_bytes=10007)},
    "watched by every observer": {"watched": True},
    "with the Python callback": {"native": False},
}


def console(name: str, *faults: Fault, **config: Any) -> str:
    """What a guest says on a host with faults, the first of which happens."""
    heard = bytearray()

    class Kept:
        def write(self, data: bytes) -> None:
            heard.extend(data)

    machine = Machine(replace(load(name), faults=faults, **config), serial=Kept())
    machine.run(10**10)
    assert machine.faults[0][1]
    return heard.decode()


def test_a_driver_whose_second_look_at_the_magic_floats_does_not_go_on() -> None:
    """The driver of `unplug-all` looks when it loads, and again when it has named itself."""
    floating = Fault("port-floats", "the magic floats", port=0x10, width=2, first=2, count=1)
    said = console("unplug-all", floating)
    assert "the host lets the driver unplug" in said
    assert said.endswith("Test result: FAILURE\n")


def test_a_host_whose_ports_float_is_one_without_the_protocol() -> None:
    floating = [Fault("port-floats", "nobody answers", port=port) for port in (0x10, 0x11, 0x12, 0x13)]
    ignored = [Fault("lost-write", "nobody listens", port=port) for port in (0x10, 0x11, 0x12, 0x13)]
    said = console("no-protocol", *floating, *ignored, profile="seed")
    assert said.endswith("Test result: SUCCESS\n")


def test_a_host_that_answers_with_the_other_magic_has_blacklisted_the_driver() -> None:
    """The guest `blacklisted` takes the way of a driver that is refused: it unplugs nothing and boots on."""
    refused = Fault("wrong-value", "refused", port=0x10, width=2, value=0xD249, first=2)
    said = console("blacklisted", refused, blacklist=())
    assert said.endswith("Test result: SUCCESS\n")


def run(**how: Any) -> tuple[str, list[tuple[str, int]]]:
    guest = Guest("unplug-all", faults=MANY, **how)
    return guest.run(END_NS), guest.machine.faults


def test_a_run_with_faults_is_the_same_run_however_it_is_cut_or_watched() -> None:
    expected = run()
    assert sum(count > 0 for _, count in expected[1]) >= 6, expected
    for way, how in WAYS.items():
        assert run(**how) == expected, way


@pytest.mark.parametrize("start", range(6_000_000, END_NS, 9_000_000))
def test_a_machine_with_faults_runs_on_after_a_restore_as_if_nothing_had_happened(start: int) -> None:
    original, other = Guest("unplug-all", faults=MANY), Guest("unplug-all", faults=MANY)
    original.run(start)
    other.run(start // 2)
    other.machine.restore(original.machine.save())
    for each in (original, other):
        each.machine.run(start + 9_000_000)
    assert other.machine.save() == original.machine.save()
    assert other.machine.faults == original.machine.faults


@pytest.mark.parametrize("start", [8_000_000, 38_000_000])
def test_a_stepped_window_with_faults_is_the_same_run(start: int) -> None:
    stepped, straight = Guest("unplug-all", faults=MANY), Guest("unplug-all", faults=MANY)
    stepped.run(start)
    straight.run(start)
    stepped.machine.loop.pace = Pace(single_step=True)
    stepped.machine.run_steps(4000)
    end = stepped.machine.clock.now + 1
    assert stepped.run(end) == straight.run(end)
    assert stepped.machine.save() == straight.machine.save()


def test_a_fault_that_never_happens_changes_nothing() -> None:
    late = Fault("port-floats", "late", port=0x10, after_ns=2 * END_NS)
    guest = Guest("unplug-all", faults=(late,))
    assert guest.run() == Guest("unplug-all").run()
    assert guest.machine.faults == [("late", 0)]
