"""`--keep`: what is kept of a case that did not pass is whole, and is its run."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.machine.recording import Recording
from emu.machine.replay import Replay
from emu.smoke.keep import ANOTHER_RUN, folder_name
from emu.smoke.result import CaseResult, Ending
from emu.smoke.runner import How, run_case
from emu.smoke.scenario import Scenario
from tests.unit.smoke.scenarios import written

CASE = '[machine]\nguest = "unplug-all"\n[matrix]\nprofile = ["qemu"]\n[test]\n'


def kept(folder: Path, test: str) -> tuple[CaseResult, Path]:
    """What came of a scenario's only case, and the folder in which it was kept."""
    (case,) = Scenario(written(folder, CASE + test)).cases()
    return run_case(case, How(keep=folder / "kept")), folder / "kept" / "probe[profile=qemu]"


def test_everything_about_a_failure_is_in_one_folder(tmp_path: Path) -> None:
    result, home = kept(tmp_path, 'never = ["Gone: NIC"]')
    names = ["console.txt", "machine.toml", "nic-0.pcap", "reason.txt", "run.recording", "screen.txt"]
    names += ["trace.txt", "transcript.txt"]
    assert result.kept == [str(home / name) for name in names]
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [home.name]
    assert (home / "console.txt").read_text().endswith("Gone: NIC\n")
    assert (home / "reason.txt").read_text().startswith(f"{result.name}: {result.reason}\n")
    assert "-> nic 0 left PCI 04.0" in (home / "transcript.txt").read_text()
    trace = (home / "trace.txt").read_text()
    assert not trace.startswith(ANOTHER_RUN)
    assert trace.splitlines()[-2].endswith("com1 put out '\\n'")


def test_the_kept_machine_file_makes_the_same_run(tmp_path: Path) -> None:
    result, home = kept(tmp_path, 'console = ["no such line"]')
    (case,) = Scenario(home / "machine.toml").cases()
    again = run_case(case)
    assert (again.ending, again.trace_hash) == (Ending.PASSED, result.trace_hash)


@pytest.mark.parametrize("test", ['never = ["Gone: NIC"]', 'console = ["no such line"]', "virtual = 0.03"])
def test_the_kept_recording_is_the_run_up_to_where_it_failed(tmp_path: Path, test: str) -> None:
    result, home = kept(tmp_path, test)
    recording = Recording.open(home / "run.recording")
    machine = recording.machine()
    Replay(recording, machine).run()
    assert machine.clock.now == result.virtual_ns
    machine.close()
    recording.close()


def test_what_was_kept_before_is_replaced(tmp_path: Path) -> None:
    _, home = kept(tmp_path, 'never = ["Gone: NIC"]')
    (home / "old.txt").write_text("old")
    kept(tmp_path, 'never = ["Gone: disks"]')
    assert not (home / "old.txt").exists()
    assert "Gone: NIC" not in (home / "console.txt").read_text()


def test_nothing_is_kept_of_what_passed(tmp_path: Path) -> None:
    result, _ = kept(tmp_path, "")
    assert (result.ending, result.kept, (tmp_path / "kept").exists()) == (Ending.PASSED, (), False)


def test_where_nothing_can_be_kept_the_result_says_so(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    result, _ = kept(tmp_path, 'never = ["Gone: NIC"]')
    assert result.reason.startswith("console: `Gone: NIC` must not come")
    assert result.also[-1].startswith(f"--keep: {tmp_path}/kept/probe[profile=qemu] cannot be written (")


def test_a_cases_name_is_a_folders_name_anywhere() -> None:
    assert folder_name("a[b=c d/e,f=1.0]") == "a[b=c_d_e,f=1.0]"
    assert folder_name("../..") == "_.."
    assert len(folder_name("x" * 999)) < 200
