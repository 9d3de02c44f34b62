"""The debugger on bundled guests: each step of a protocol, and back, and another way from there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.debug.detectors import AtAddress, PortAccess
from tests.guests.machines import Guest

TO_THE_QUESTION = """
break port 0x10-0x12
continue
continue
continue
continue
continue
step
assert (eax & 0xffff) == 0x49d2
delete all
"""
BLACKLISTED = """
last read port 0x10
override port 0x10 read value 0xffff once
continue
"""


def run(folder: Path, guest: str, script: str, captured: pytest.CaptureFixture[str]) -> tuple[int, str]:
    path = folder / "script"
    path.write_text(script)
    status = main(("debug", guest, "--script", str(path), "--guest-log", "null"))
    return status, captured.readouterr().out


@pytest.mark.parametrize("guest", ["unplug-all", "unplug-all-real", "unplug-all-long"])
def test_a_driver_takes_the_other_way_where_it_is_told_otherwise(
    guest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = run(tmp_path, guest, TO_THE_QUESTION + "continue\n", capsys)
    assert status == 0
    steps = [line.split("  ")[0] for line in out.splitlines() if line.startswith("break 1: ")]
    assert steps[1:] == [
        "break 1: read 2 port 0x10 = 0x49d2",
        "break 1: read 1 port 0x12 = 0x01",
        "break 1: write 2 port 0x12 = 0x0001",
        "break 1: write 4 port 0x10 = 0x000007d8",
        "break 1: read 2 port 0x10 = 0x49d2",
    ]
    assert "Test result: SUCCESS" in out

    status, out = run(tmp_path, guest, TO_THE_QUESTION + BLACKLISTED, capsys)
    assert status == 0
    assert "FAILED" in out
    assert ": the host lets the driver unplug" in out
    assert "Test result: FAILURE" in out


def test_going_over_a_run_again_shows_its_console_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "break unplug\ncontinue\ncontinue\nrc\ngoto start\ndelete all\nc\ngoto 20ms\nc\n"
    status, out = run(tmp_path, "unplug-all", script, capsys)
    assert status == 0
    assert out.count("In protected mode") == out.count("Test result: SUCCESS") == 1


@pytest.mark.parametrize("guest", ["unplug-all", "unplug-all-real", "unplug-all-long"])
def test_a_symbol_is_stopped_at(guest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = "break unplug_ask\ncontinue\nassert pc == unplug_ask\nstep 4\nrc\nassert pc == unplug_ask\n"
    status, out = run(tmp_path, guest, script, capsys)
    assert status == 0, out
    assert "<unplug_ask>" in out


@pytest.mark.parametrize("name", ["modes", "smc", "unplug-all"])
def test_a_run_that_is_looked_at_is_the_same_run(name: str) -> None:
    plain, watched = Guest(name), Guest(name)
    seen: list[str] = []

    def tell(detector: object, text: str, values: Mapping[str, int] = {}, **_: bool) -> None:
        seen.append(text)

    port, address = PortAccess(range(0x3F8, 0x400)), AtAddress(0x7C00)
    for detector in (port, address):
        detector.attach(watched.machine, tell)
    assert watched.run() == plain.run()
    assert "at 0x7c00" in seen
    assert len(seen) > 10
