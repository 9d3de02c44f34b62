"""The fixture `emu_guest`: what a test in Python does with a guest, sees of it, and is told when it fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.smoke.fixture import EmuGuest
from emu.smoke.guest import GuestError


def test_a_guest_runs_until_a_text_a_pattern_a_time_and_a_condition(emu_guest: EmuGuest) -> None:
    guest = emu_guest("unplug-all", profile="qemu")
    guest.run_until(0.03)
    assert 0.03 <= guest.now < 0.0301
    guest.run_until(lambda guest: bool(guest.unplugged))
    assert guest.unplugged == {"disks"}
    assert guest.run_until("Gone: NIC") == "Gone: NIC"
    assert guest.unplugged == {"disks", "nics"}
    assert guest.run_until(re.compile(r"^Second [stage]{5}")) == "Second stage"
    assert guest.run() == "SUCCESS"
    assert guest.is_over


def test_a_text_is_looked_for_behind_what_was_found_before(emu_guest: EmuGuest) -> None:
    guest = emu_guest("unplug-all")
    guest.run_until("Gone: NIC")
    with pytest.raises(GuestError, match="waited for 'Gone: disks', but the guest reported its result"):
        guest.run_until("Gone: disks")


def test_a_text_that_was_there_before_anybody_waited_is_found_at_once(emu_guest: EmuGuest) -> None:
    guest = emu_guest("hello")
    guest.run()
    assert guest.run_until("Hello") == "Hello from the guest"
    with pytest.raises(GuestError, match="the guest has ended before"):
        guest.run_until("more")


def test_a_whole_line_can_be_waited_for(emu_guest: EmuGuest) -> None:
    guest = emu_guest("unplug-all")
    assert guest.run_until("Found:") == "Found:"
    assert guest.run_until_line(re.compile("^Used")) == "Used: disks, CD and NIC, polled and by interrupt"
    assert guest.run_until_line("disks") == "Gone: disks 0 1"
    guest.run()
    assert guest.run_until_line("NIC") == "Gone: NIC"


def test_a_limit_of_the_guests_time_is_a_failure_with_words(emu_guest: EmuGuest) -> None:
    guest = emu_guest("unplug-all")
    with pytest.raises(GuestError, match="but the limit of virtual time was reached"):
        guest.run_until("Gone: NIC", limit=0.02)
    assert guest.now == pytest.approx(0.02, abs=1e-3)


def test_keys_that_a_test_types_reach_the_guest(emu_guest: EmuGuest) -> None:
    guest = emu_guest("keyboard", keys=[])
    for scan_set in (2, 1):
        guest.run_until(f"Type in set {scan_set}")
        guest.type("aA<f1><up>")
    assert guest.run() == "SUCCESS"


def test_what_can_be_seen_of_a_guest(emu_guest: EmuGuest) -> None:
    guest = emu_guest("unplug-all", store={"/vm/name": "probe"})
    assert guest.pci["04.0"] == (0x10EC, 0x8029)
    guest.run_until("Gone: NIC")
    assert "04.0" not in guest.pci
    assert guest.store["/vm/name"] == "probe"
    assert {0x10, 0x12, 0x3F8} <= guest.ports
    assert 0x71 not in guest.ports, "only the firmware reads the CMOS memory"
    assert guest.screen == ["emu BIOS: disk 80h (primary master): booting"]
    assert guest.guest_log[0] == "unplug-all: a driver in protected mode"
    assert guest.host_log[1] == "PV driver build 2008"
    assert guest.departures[-1] == ("nic 0", "04.0")
    assert guest.findings["magic-first"] == "right"
    assert guest.lines[-1] == "Gone: NIC"
    assert guest.registers["cr0"] & 1
    main = guest.symbol("main")
    assert guest.memory.linear(main, 4) == guest.memory.physical(main, 4) != bytes(4)
    with pytest.raises(LookupError, match="there is no symbol 'mian': did you mean 'main'"):
        guest.symbol("mian")


def test_the_same_test_is_the_same_run(emu_guest: EmuGuest) -> None:
    hashes = set()
    for _ in range(2):
        guest = emu_guest("unplug-all")
        guest.run_until("Gone: NIC")
        guest.run_for(0.001)
        hashes.add(guest.trace_hash)
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"memroy": 16}, "emu_guest: unknown setting 'memroy': did you mean 'memory'?"),
        ({"memory": 1}, "emu_guest(memory=...): memory is out of range at 1 MiB: give 2 to 16384 MiB"),
        ({"without": ["disk 3"]}, "emu_guest(without=...): there is no disk 3 to leave out"),
    ],
)
def test_a_wrong_setting_is_refused(emu_guest: EmuGuest, settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        emu_guest("unplug-all", **settings)  # type: ignore[arg-type]
    assert str(caught.value).startswith(problem)


def test_a_test_that_fails_shows_its_guest_and_keeps_all_of_it(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    pytester.makepyfile(
        """
        def test_leaves(emu_guest):
            guest = emu_guest("keyboard", keys=[])
            guest.run_until("Type in set 2")
            guest.type("aA<f1><up>")
            guest.run_until("Type in set 3", limit=0.2)
        """
    )
    outcome = pytester.runpytest("--emu-keep", str(tmp_path))
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "*GuestError: waited for 'Type in set 3', but the limit of virtual time was reached*",
            "*the guest keyboard*",
            "Console",
            "  Type in set 1",
            "Processor",
            "To look closer*run.recording'",
        ]
    )
    kept = tmp_path / "test_leaves"
    assert {each.name for each in kept.iterdir()} >= {
        "console.txt",
        "machine.toml",
        "reason.txt",
        "run.recording",
        "screen.txt",
        "trace.txt",
        "transcript.txt",
    }
    assert "0.001002 ms  f000:00000004  ports" in (kept / "trace.txt").read_text().splitlines()[0]
