"""Cases of bundled guests through the runner: what passes, what does not, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.smoke.result import CaseResult, Ending
from emu.smoke.runner import run_case
from emu.smoke.scenario import Scenario

LAST = (
    "its last lines: 'Second stage, from the CD: CD 2, no NIC' | '7 checks, 0 failures' | "
    "'Test result: SUCCESS'"
)


def result(folder: Path, text: str) -> CaseResult:
    """What comes of a scenario's only case."""
    path = folder / "probe.emu.toml"
    path.write_text(text)
    (case,) = Scenario(path).cases()
    return run_case(case)


def unplug_all(folder: Path, test: str, machine: str = "") -> CaseResult:
    return result(folder, f'[machine]\nguest = "unplug-all"\n{machine}\n[test]\n{test}\n')


def test_a_guest_that_does_what_is_expected_passes(tmp_path: Path) -> None:
    found = unplug_all(
        tmp_path,
        """
        console = ["In protected mode", "/^Gone: disks 0 1$/", "Gone: NIC", "Second stage, from the CD"]
        never = ["FAILED"]
        screen = ["emu BIOS"]
        guest_log = ["a driver in protected mode"]
        host_log = ["PV driver build 2008"]
        unplugged = ["disks", "nics"]
        protocol = true
        untouched = [{ what = "04.0", after = "Gone: NIC" }, "0x60-0x64"]
        log_bytes = 4096
        virtual = 1.0
        """,
    )
    assert (found.ending, found.reason, found.outcome) == (Ending.PASSED, "", "SUCCESS")
    assert found.unplugged == [
        "disk 0 left IDE primary master",
        "disk 1 left IDE primary slave",
        "nic 0 left PCI 04.0",
    ]
    assert found.virtual_ns > 0
    assert found.retired > 0
    assert len(found.trace_hash) == 64


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (
            'console = ["In protected mode", "Gone: everything"]',
            "console: expected line 2 `Gone: everything` did not come after line 1, 'In protected mode'; "
            + LAST,
        ),
        (
            'console = ["Gone: NIC", "Gone: disks"]',
            f"console: expected line 2 `Gone: disks` did not come after line 1, 'Gone: NIC'; {LAST}",
        ),
        ('never = ["/Gone: N../"]', "console: `/Gone: N../` must not come, but line 5 is 'Gone: NIC'"),
        ('unplugged = ["disks"]', "unplugged: expected disks, but disks, nics left"),
        ("unplugged = []", "unplugged: expected nothing, but disks, nics left"),
        ('remaining = ["nics"]', "remaining: nic 0 should have stayed, but left"),
        ('screen = ["login:"]', "screen: expected `login:`, which it does not show in the end"),
        (
            'host_log = ["blacklisted"]',
            "host's log: expected line 1 `blacklisted` did not come; its last lines: 'Citrix Windows PV "
            "drivers loaded in guest' | 'PV driver build 2008' | 'region type 1 at [c200,c220).'",
        ),
        ("log_bytes = 30", "guest's log: more than the 30 bytes that log_bytes allows"),
        (
            'untouched = ["0x300-0x3ff"]',
            "the guest must not touch 0x300-0x3ff, but it wrote port 0x3f9",
        ),
        (
            'outcome = ["FAILURE", "CRASH"]',
            "expected FAILURE or CRASH, but the guest ended in SUCCESS: the guest wrote 0 to the exit port",
        ),
        (
            'protocol = ["nics-before-enumeration"]',
            "protocol: the driver unplugged nic 0 only after it had been found on PCI, 26.148484 ms before "
            "(nics-before-enumeration)",
        ),
    ],
)
def test_what_is_not_as_expected_fails_with_a_reason(tmp_path: Path, test: str, reason: str) -> None:
    found = unplug_all(tmp_path, test)
    assert (found.ending, found.reason) == (Ending.FAILED, reason)
    assert found.last_accesses
    assert any("eip" in line for line in found.processor)


def test_a_function_is_touched_by_its_ports_or_a_write_of_its_configuration(tmp_path: Path) -> None:
    found = unplug_all(tmp_path, 'untouched = ["04.0"]')
    assert found.reason.startswith("the guest must not touch 04.0, but it ")


def test_a_limit_of_virtual_time_is_an_error(tmp_path: Path) -> None:
    found = unplug_all(tmp_path, "virtual = 0.02")
    assert found.ending is Ending.ERROR
    assert found.reason.startswith(
        "expected SUCCESS, but the guest ended in ERROR: the limit of virtual time was reached"
    )
    assert found.virtual_ns // 1_000_000 == 20


def test_a_limit_of_wall_time_is_an_error_even_where_an_error_is_expected(tmp_path: Path) -> None:
    found = result(
        tmp_path,
        '[machine]\nguest = "fault-loop"\n[run]\nlimit = 1000.0\n[test]\noutcome = "ERROR"\nwall = 0.05\n',
    )
    assert (found.ending, found.reason) == (
        Ending.ERROR,
        "the limit of 0.05 s on the wall clock was reached",
    )


def test_a_missing_image_is_an_error(tmp_path: Path) -> None:
    found = result(tmp_path, '[[disk]]\nimage = "none.img"\n[test]\n')
    assert found.ending is Ending.ERROR
    assert "none.img" in found.reason


def test_a_fault_that_never_happens_fails_the_case(tmp_path: Path) -> None:
    fault = '[[fault]]\nkind = "port-floats"\nport = 0x10\nat = 99'
    found = result(tmp_path, f'[machine]\nguest = "unplug-all"\n[test]\n{fault}\n')
    assert found.ending is Ending.FAILED
    assert found.reason == "fault: 'port 0x10 floats' never happened, so this case proves nothing"


def test_a_skipped_case_does_not_run(tmp_path: Path) -> None:
    found = unplug_all(tmp_path, 'skip = "not on this host"')
    assert (found.ending, found.reason, found.virtual_ns) == (Ending.SKIPPED, "not on this host", 0)


def test_a_result_is_the_same_as_plain_data_and_back(tmp_path: Path) -> None:
    found = unplug_all(tmp_path, 'never = ["Gone"]\nprotocol = true')
    assert CaseResult.from_plain(found.as_plain()) == found


def test_the_trace_hash_is_that_of_emu_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "unplug-all", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    found = unplug_all(tmp_path, "")
    assert (found.trace_hash, found.virtual_ns) == (printed["trace_hash"], printed["virtual_ns"])


def test_a_tests_limit_has_the_first_word(tmp_path: Path) -> None:
    longer = unplug_all(tmp_path, "virtual = 1.0", "[run]\nlimit = 0.02")
    assert longer.ending is Ending.PASSED
