"""Every bundled guest ends as its machine file says, and what it leaves on the host is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from emu.core.events import Observer
from emu.inspect.cues import Cues
from emu.inspect.outcome import Outcome, judge
from emu.machine.bundled import guest_names
from emu.machine.config import MachineConfig
from emu.machine.loader import load
from emu.machine.machine import Machine

THREE_MODES = {"unplug-all": "protected", "unplug-all-real": "real", "unplug-all-long": "long"}
DISKS_AND_NIC = [("disk 0", "primary master"), ("disk 1", "primary slave"), ("nic 0", "04.0")]
LETTERS = b"abcdefghijklmnopqrstuvwxyz" * 158


@dataclass
class Run(Observer):
    """What came out of a run."""

    config: MachineConfig
    console: bytearray = field(default_factory=bytearray)
    guest_lines: list[bytes] = field(default_factory=list)
    host_lines: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    departures: list[tuple[str, str]] = field(default_factory=list)
    log_times_ns: list[int] = field(default_factory=list)
    now: Callable[[], int] = lambda: 0
    outcome: Outcome = Outcome.ERROR

    def write(self, data: bytes) -> None:
        self.console += data

    def guest_log(self, line: bytes) -> None:
        self.guest_lines.append(line)
        self.log_times_ns.append(self.now())

    def host_log(self, text: str) -> None:
        self.host_lines.append(text)

    def frame_sent(self, nic: str, frame: bytes) -> None:
        self.frames.append("sent")

    def frame_received(self, nic: str, frame: bytes) -> None:
        self.frames.append("received")

    def link_close(self, nic: str) -> None:
        self.frames.append("closed")

    @property
    def lines(self) -> list[str]:
        return self.console.decode().splitlines()


def run(name: str, **changes: Any) -> Run:
    """Run a bundled guest to its end or its limit."""
    config = replace(load(name), **changes)
    seen = Run(config)
    machine = Machine(config, serial=seen)
    machine.observers.attach(seen)
    machine.observers.attach(Cues(machine, config.typings))
    seen.now = lambda: machine.clock.now
    limit = config.run.limit_s
    assert limit is not None, "a bundled guest has a limit"
    stop = machine.run(round(limit * 1e9))
    machine.close()
    seen.departures = machine.departures
    seen.outcome = judge(stop, bytes(seen.console)).outcome
    return seen


@pytest.mark.parametrize("name", guest_names())
def test_it_ends_as_its_machine_file_says(name: str) -> None:
    seen = run(name)
    assert seen.outcome.name == seen.config.expected, seen.console.decode(errors="replace")


@pytest.mark.parametrize("name", THREE_MODES)
def test_disks_and_nic_leave_and_the_second_stage_comes_from_the_cd(name: str) -> None:
    seen = run(name)
    assert seen.departures == DISKS_AND_NIC
    assert seen.guest_lines == [
        b"unplug-all: a driver in " + THREE_MODES[name].encode() + b" mode",
        b"both ways to the log share a buffer",
    ]
    assert seen.host_lines == [
        "Citrix Windows PV drivers loaded in guest",
        "PV driver build 2008",
        "region type 1 at [c200,c220).",
    ]
    assert "Second stage, from the CD: CD 2, no NIC" in seen.lines


@pytest.mark.parametrize("name", THREE_MODES)
def test_the_card_is_used_until_its_link_is_closed_and_never_after(name: str) -> None:
    frames = run(name).frames
    # Besides those that are answered, one frame is on the way when the link is closed: its echo is lost.
    assert frames.count("sent") == frames.count("received") + 1
    assert frames.index("closed") == len(frames) - 1


def test_mask_4_leaves_the_primary_master() -> None:
    seen = run("unplug-aux")
    assert seen.departures == [("disk 1", "primary slave"), ("disk 3", "secondary slave")]
    assert "Second stage, from the primary master: disk 0, CD 2, a NIC" in seen.lines


def test_mask_2_leaves_the_disks() -> None:
    seen = run("unplug-nics")
    assert seen.departures == [("nic 0", "04.0")]
    assert "Second stage, from the primary master: disk 0, disk 1, CD 2, no NIC" in seen.lines


def test_a_blacklisted_driver_unplugs_nothing() -> None:
    seen = run("blacklisted")
    assert seen.departures == []
    assert seen.host_lines[-1] == "Drivers are blacklisted!"
    assert seen.guest_lines == [b"blacklisted: emulated devices stay"]
    assert "Second stage, from the primary master: disk 0, disk 1, CD 2, a NIC" in seen.lines


def test_without_its_blacklist_the_blacklisted_guest_fails() -> None:
    assert run("blacklisted", blacklist=()).outcome is Outcome.FAILURE


def test_an_old_host_unplugs_without_asking_who_asks() -> None:
    seen = run("old-host")
    assert seen.departures == DISKS_AND_NIC
    assert seen.host_lines == ["region type 1 at [c200,c220)."]


def test_without_a_protocol_everything_stays() -> None:
    seen = run("no-protocol")
    assert (seen.departures, seen.guest_lines, seen.host_lines) == ([], [], [])
    assert seen.lines.count("No unplug protocol on this host: emulated devices stay") == 3


def test_steps_out_of_order_are_complained_about_and_do_no_harm() -> None:
    seen = run("out-of-order")
    assert seen.guest_lines == [b"before the magic", b"odd word", b"still logging"]
    early = "Drivers tried to set their version number (7) before setting the product number?"
    citrix, unknown = "Citrix Windows PV drivers loaded in guest", "Unknown PV product 4660 loaded in guest"
    assert seen.host_lines == [
        early,
        *("Guest claimed to be running PV product 0?", early),
        *(unknown, "PV driver build 7"),
        *(citrix, "PV driver build 8"),
        *(citrix, "PV driver build 7", "Drivers are blacklisted!"),
        *(citrix, "PV driver build 8"),
        *(unknown, "PV driver build 8"),
        "region type 1 at [c200,c220).",
    ]
    assert seen.departures == [
        ("nic 0", "04.0"),
        ("disk 2", "secondary master"),
        ("disk 0", "primary master"),
    ]


def test_the_log_has_lines_and_loses_the_byte_that_overflows_it() -> None:
    assert run("guest-log").guest_lines[:10] == [
        *(b"first", b"a line ends with a newline", b"", b"two", b"lines", b"a line is a C string"),
        b"half by the port, half by the platform device",
        *(LETTERS[:4095], LETTERS[:4095], b"tail"),
    ]


def test_a_guest_that_has_emptied_the_bucket_is_blocked_for_virtual_seconds() -> None:
    seen = run("guest-log")
    lengths = [len(line) for line in seen.guest_lines]
    blocked = lengths.index(256)
    first_ns, blocked_ns = seen.log_times_ns[0], seen.log_times_ns[blocked]
    # 131072 bytes are free, and 26 behind a NUL were paid for though they are not printed.
    assert sum(lengths[:blocked]) + 27 == 131072
    assert blocked_ns - first_ns == pytest.approx(1e9, abs=1e4)
    assert seen.host_lines == ["throttling guest access to syslog"]
    assert "This host does not throttle" not in seen.lines


def test_keys_that_are_typed_reach_the_keyboard_guest_as_scan_codes() -> None:
    seen = run("keyboard")
    assert "Type in set 1" in seen.lines
    assert "Nobody types" not in seen.lines


def test_a_host_may_choose_not_to_throttle() -> None:
    throttled, free = run("guest-log"), run("guest-log", log_throttle=False)
    assert free.outcome is Outcome.SUCCESS
    assert free.guest_lines == throttled.guest_lines
    assert (free.host_lines, "This host does not throttle" in free.lines) == ([], True)
