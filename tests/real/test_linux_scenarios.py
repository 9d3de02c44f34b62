"""Debian's stock kernel under the runner of smoke tests: by a scenario, and by a test in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.machine.config import MachineConfig
from emu.machine.written import machine_file
from emu.smoke.fixture import EmuGuest
from emu.smoke.result import CaseResult, Ending
from emu.smoke.runner import run_case
from emu.smoke.scenario import Scenario
from tests.real.linux import COMPLAINTS, kernel

SHELL = "exec sh -i 2>&1\n"
EXPECTED = f"""
[test]
console = [
    "/] Linux version 6\\\\./",
    "ACPI: 1 ACPI AML tables successfully acquired and loaded",
    "PCI: Using ACPI for IRQ routing",
    "/ttyS0 at I/O 0x3f8 .* is a 16550A/",
    "/^init: Linux version 6\\\\./",
    "it works",
    "reboot: Power down",
]
never = {list(COMPLAINTS)}
unplugged = []
virtual = 60.0
wall = 600.0
[matrix]
memory = [192, 256]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[CaseResult]:
    """What came of the scenario's cases."""
    folder = tmp_path_factory.mktemp("scenario")
    config = MachineConfig(kernel=kernel(folder, "echo it works\npoweroff -f\n", []))
    path = folder / "linux.emu.toml"
    path.write_text(machine_file(config) + EXPECTED)
    return [run_case(case) for case in Scenario(path).cases()]


def test_the_stock_kernel_does_what_its_scenario_expects(results: list[CaseResult]) -> None:
    assert [(each.name, each.ending, each.reason) for each in results] == [
        ("linux[memory=192]", Ending.PASSED, ""),
        ("linux[memory=256]", Ending.PASSED, ""),
    ]


def test_a_test_in_python_talks_to_a_shell(emu_guest: EmuGuest, tmp_path: Path) -> None:
    booted = kernel(tmp_path, SHELL, [])
    guest = emu_guest(
        image=booted.image, initrd=booted.initrd, append=booted.append, memory=256, limit=60.0, wall=600.0
    )
    guest.run_until("# ")
    guest.send("echo $((6 * 7)) is the answer\n")
    guest.run_until("42 is the answer")
    guest.send("poweroff -f\n")
    assert guest.run() == "SUCCESS"
