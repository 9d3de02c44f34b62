"""The timeline: everything is counted, nothing grows without bounds, and moments are what they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import accumulate
from typing import Any
from unittest.mock import Mock

from emu.core.bus import PortBus, Region
from emu.core.clock import Clock
from emu.observe.timeline import MOST_EVENTS, MOST_MODES, MOST_STRETCHES, Timeline

DATA_PORT = 0x1F0
MS = 1_000_000


def nothing(_offset: int, _width: int) -> int:
    return 0


def ignore(_offset: int, _width: int, _value: int) -> None:
    return None


class Rig:
    """A timeline over ports of a disk, and a processor whose mode the test sets."""

    def __init__(self) -> None:
        self.clock, self.ports, self.mode = Clock(), PortBus(), "real mode"
        self.ports.claim(Region("primary", DATA_PORT, 8, nothing, ignore))
        self.timeline = Timeline(self.clock, self.ports, lambda: self.mode)

    @property
    def plain(self) -> dict[str, Any]:
        return self.timeline.as_plain()

    def lane(self, name: str) -> dict[str, Any]:
        return next(lane for lane in self.plain["lanes"] if lane["name"] == name)


def stretches(lane: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """When each stretch begins, in nanoseconds, and its sum."""
    return zip((at * lane["width_ns"] for at in accumulate(lane["at"])), lane["sums"], strict=True)


def test_accesses_are_counted_by_who_answers() -> None:
    rig = Rig()
    rig.timeline.port_read(DATA_PORT, 1, 0)
    rig.timeline.port_write(DATA_PORT + 7, 1, 0)
    rig.timeline.port_string_read(DATA_PORT, 2, bytes(512))
    rig.timeline.port_read(0x300, 1, 0xFF)
    assert rig.lane("IDE ports")["total"] == 2 + 256
    assert rig.lane("unclaimed ports")["total"] == 1


def test_a_stretch_begins_no_later_than_what_happened_in_it() -> None:
    rig = Rig()
    for ns in (1000, 5 * MS, 7 * MS):
        rig.clock.advance_to(ns)
        rig.timeline.interrupt_delivered(8)
    lane = rig.lane("interrupts")
    for (begin, amount), ns in zip(stretches(lane), (1000, 5 * MS, 7 * MS), strict=True):
        assert begin <= ns < begin + lane["width_ns"]
        assert amount == 1


def test_a_long_run_takes_no_more_room_and_loses_no_count() -> None:
    rig = Rig()
    for number in range(20_000):
        rig.clock.advance_to(number * 37_000)
        rig.timeline.port_read(DATA_PORT, 1, 0)
    lane = rig.lane("IDE ports")
    assert MOST_STRETCHES // 2 <= len(lane["at"]) <= MOST_STRETCHES
    assert sum(lane["sums"]) == lane["total"] == 20_000
    assert len(json.dumps(rig.plain)) < 10_000


def test_a_busy_lane_leaves_the_others_their_detail() -> None:
    rig = Rig()
    rig.timeline.disk_read("disk 0", 0, bytes(512))
    for number in range(5000):
        rig.clock.advance_to(number * 10_000)
        rig.timeline.port_read(DATA_PORT, 1, 0)
    assert rig.lane("disk 0 read")["width_ns"] < rig.lane("IDE ports")["width_ns"]


def test_what_is_moved_is_counted_in_bytes() -> None:
    rig = Rig()
    rig.timeline.disk_write("disk 1", 0, bytes(1024))
    rig.timeline.frame_sent("nic 0", bytes(60))
    rig.timeline.console_output("com1", b"hello")
    totals = {lane["name"]: (lane["total"], lane["unit"]) for lane in rig.plain["lanes"]}
    assert totals == {
        "disk 1 written": (1024, "bytes"),
        "nic 0 sent": (60, "bytes"),
        "console com1": (5, "bytes"),
    }


def test_changes_of_mode_keep_their_moments() -> None:
    rig = Rig()
    for ns, mode in ((0, "real mode"), (MS, "long mode"), (2 * MS, "long mode"), (3 * MS, "real mode")):
        rig.clock.advance_to(ns)
        rig.mode = mode
        rig.timeline.port_read(DATA_PORT, 1, 0)
    assert rig.plain["modes"] == [[0, "real mode"], [MS, "long mode"], [3 * MS, "real mode"]]


def test_modes_that_change_for_ever_stay_few_and_the_long_ones_remain() -> None:
    rig = Rig()
    for number in range(4 * MOST_MODES):
        rig.clock.advance_to(number * 1000)
        rig.mode = f"mode {number % 3}"
        rig.timeline.port_read(DATA_PORT, 1, 0)
    rig.clock.advance_to(50 * MS)
    rig.mode = "long mode"
    rig.timeline.port_read(DATA_PORT, 1, 0)
    rig.clock.advance_to(100 * MS)
    rig.mode = "real mode"
    rig.timeline.port_read(DATA_PORT, 1, 0)
    modes = rig.plain["modes"]
    assert len(modes) <= MOST_MODES
    assert modes[-2:] == [[50 * MS, "long mode"], [100 * MS, "real mode"]]


def test_the_mode_is_asked_for_less_often_in_a_long_run() -> None:
    rig = Rig()
    asked = Mock(return_value="real mode")
    timeline = Timeline(rig.clock, rig.ports, asked)
    for _ in range(200_000):
        timeline.port_read(DATA_PORT, 1, 0)
    assert 8000 < asked.call_count < 40_000


def test_single_events_keep_their_moment_and_words_up_to_a_number() -> None:
    rig = Rig()
    rig.clock.advance_to(MS)
    rig.timeline.unplugged("disk 0", "primary master")
    rig.timeline.fault("slow disk")
    for _ in range(MOST_EVENTS + 9):
        rig.timeline.reset_requested("port 0x64")
    assert rig.plain["events"][:2] == [
        [MS, "unplug", "disk 0 left primary master"],
        [MS, "fault", "fault: slow disk"],
    ]
    assert len(rig.plain["events"]) == MOST_EVENTS
    assert rig.plain["events_left_out"] == 11
