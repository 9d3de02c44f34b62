"""What the bundled guests leave on the host, beyond what their scenarios say (`guests/*/*.emu.toml`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emu.core.events import Observer
from emu.machine.bundled import guest_names, guest_path
from emu.machine.loader import load
from emu.smoke.fixture import EmuGuest
from emu.smoke.scenario import SCENARIO_SUFFIX, Scenario
from tests.guests.machines import finished

SOURCES = Path(__file__).parents[2] / "guests"
THREE_MODES = {"unplug-all": "protected", "unplug-all-real": "real", "unplug-all-long": "long"}
DISKS_AND_NIC = [("disk 0", "primary master"), ("disk 1", "primary slave"), ("nic 0", "04.0")]
LETTERS = "abcdefghijklmnopqrstuvwxyz" * 158


@dataclass
class Frames(Observer):
    """What happened on a card's link."""

    seen: list[str] = field(default_factory=list)

    def frame_sent(self, nic: str, frame: bytes) -> None:
        self.seen.append("sent")

    def frame_received(self, nic: str, frame: bytes) -> None:
        self.seen.append("received")

    def link_close(self, nic: str) -> None:
        self.seen.append("closed")


@pytest.mark.parametrize("name", guest_names())
def test_it_has_a_scenario_which_expects_what_its_machine_file_says(name: str) -> None:
    path = SOURCES / name / f"{name}{SCENARIO_SUFFIX}"
    built = guest_path(name).with_name(path.name)
    assert built.read_text() == path.read_text()
    wanted = load(name).expected
    for case in Scenario(path).cases():
        assert wanted in (case.expected.outcome or (case.config.expected,))


@pytest.mark.parametrize("name", THREE_MODES)
def test_disks_and_nic_leave_and_the_second_stage_comes_from_the_cd(emu_guest: EmuGuest, name: str) -> None:
    guest = emu_guest(name)
    assert guest.run() == "SUCCESS"
    assert guest.departures == DISKS_AND_NIC
    assert guest.guest_log == [
        f"unplug-all: a driver in {THREE_MODES[name]} mode",
        "both ways to the log share a buffer",
    ]
    assert guest.host_log == [
        "Citrix Windows PV drivers loaded in guest",
        "PV driver build 2008",
        "region type 1 at [c200,c220).",
    ]
    assert "Second stage, from the CD: CD 2, no NIC" in guest.lines


@pytest.mark.parametrize("name", THREE_MODES)
def test_the_card_is_used_until_its_link_is_closed_and_never_after(emu_guest: EmuGuest, name: str) -> None:
    guest, frames = emu_guest(name), Frames()
    guest.machine.observers.attach(frames)
    guest.run()
    # Besides those that are answered, one frame is on the way when the link is closed: its echo is lost.
    assert frames.seen.count("sent") == frames.seen.count("received") + 1
    assert frames.seen.index("closed") == len(frames.seen) - 1


def test_mask_4_leaves_the_primary_master(emu_guest: EmuGuest) -> None:
    guest = emu_guest("unplug-aux")
    guest.run()
    assert guest.departures == [("disk 1", "primary slave"), ("disk 3", "secondary slave")]
    assert "Second stage, from the primary master: disk 0, CD 2, a NIC" in guest.lines


def test_mask_2_leaves_the_disks(emu_guest: EmuGuest) -> None:
    guest = emu_guest("unplug-nics")
    guest.run()
    assert guest.departures == [("nic 0", "04.0")]
    assert "Second stage, from the primary master: disk 0, disk 1, CD 2, no NIC" in guest.lines


def test_a_blacklisted_driver_unplugs_nothing(emu_guest: EmuGuest) -> None:
    guest = emu_guest("blacklisted")
    guest.run()
    assert guest.departures == []
    assert guest.host_log[-1] == "Drivers are blacklisted!"
    assert guest.guest_log == ["blacklisted: emulated devices stay"]
    assert "Second stage, from the primary master: disk 0, disk 1, CD 2, a NIC" in guest.lines


def test_without_its_blacklist_the_blacklisted_guest_fails() -> None:
    assert finished("blacklisted", blacklist=()).outcome == "FAILURE"


def test_an_old_host_unplugs_without_asking_who_asks(emu_guest: EmuGuest) -> None:
    guest = emu_guest("old-host")
    guest.run()
    assert guest.departures == DISKS_AND_NIC
    assert guest.host_log == ["region type 1 at [c200,c220)."]


def test_without_a_protocol_everything_stays(emu_guest: EmuGuest) -> None:
    guest = emu_guest("no-protocol")
    guest.run()
    assert (guest.departures, guest.guest_log, guest.host_log) == ([], [], [])
    assert guest.lines.count("No unplug protocol on this host: emulated devices stay") == 3


def test_steps_out_of_order_are_complained_about_and_do_no_harm(emu_guest: EmuGuest) -> None:
    guest = emu_guest("out-of-order")
    guest.run()
    assert guest.guest_log == ["before the magic", "odd word", "still logging"]
    early = "Drivers tried to set their version number (7) before setting the product number?"
    citrix, unknown = "Citrix Windows PV drivers loaded in guest", "Unknown PV product 4660 loaded in guest"
    assert guest.host_log == [
        early,
        *("Guest claimed to be running PV product 0?", early),
        *(unknown, "PV driver build 7"),
        *(citrix, "PV driver build 8"),
        *(citrix, "PV driver build 7", "Drivers are blacklisted!"),
        *(citrix, "PV driver build 8"),
        *(unknown, "PV driver build 8"),
        "region type 1 at [c200,c220).",
    ]
    assert guest.departures == [
        ("nic 0", "04.0"),
        ("disk 2", "secondary master"),
        ("disk 0", "primary master"),
    ]


def test_the_log_has_lines_and_loses_the_byte_that_overflows_it(emu_guest: EmuGuest) -> None:
    guest = emu_guest("guest-log")
    guest.run()
    assert guest.guest_log[:10] == [
        *("first", "a line ends with a newline", "", "two", "lines", "a line is a C string"),
        "half by the port, half by the platform device",
        *(LETTERS[:4095], LETTERS[:4095], "tail"),
    ]


def test_a_guest_that_has_emptied_the_bucket_is_blocked_for_virtual_seconds(emu_guest: EmuGuest) -> None:
    guest = emu_guest("guest-log")
    clock, times_ns = guest.machine.clock, list[int]()

    class LogTimes(Observer):
        def guest_log(self, line: bytes) -> None:
            times_ns.append(clock.now)

    guest.machine.observers.attach(LogTimes())
    guest.run()
    lengths = [len(line) for line in guest.guest_log]
    blocked = lengths.index(256)
    # 131072 bytes are free, and 26 behind a NUL were paid for though they are not printed.
    assert sum(lengths[:blocked]) + 27 == 131072
    assert times_ns[blocked] - times_ns[0] == pytest.approx(1e9, abs=1e4)
    assert guest.host_log == ["throttling guest access to syslog"]
    assert "This host does not throttle" not in guest.lines


def test_keys_that_are_typed_reach_the_keyboard_guest_as_scan_codes(emu_guest: EmuGuest) -> None:
    guest = emu_guest("keyboard")
    guest.run()
    assert "Type in set 1" in guest.lines
    assert "Nobody types" not in guest.lines


def test_a_host_may_choose_not_to_throttle(emu_guest: EmuGuest) -> None:
    throttled, free = emu_guest("guest-log"), emu_guest("guest-log", log_throttle=False)
    throttled.run()
    assert free.run() == "SUCCESS"
    assert free.guest_log == throttled.guest_log
    assert (free.host_log, "This host does not throttle" in free.lines) == ([], True)
