"""`--save-at` and `--from`, as a user gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.cli.main import main
from tests.unit.rom import report, say, write_rom

NEXT = b"\xeb\x00"
"""A jump to the next instruction: where a block ends, time may be looked at."""
Captured = pytest.CaptureFixture[str]


def guest(folder: Path) -> list[str]:
    return [
        "--firmware",
        write_rom(folder, say("first\n") + NEXT + say("second\n") + report(0)),
        "--memory",
        "2",
    ]


def saved(folder: Path, when: str = "5us") -> str:
    file = str(folder / "saved.emu")
    assert main(["run", *guest(folder), "--save-at", when, file]) == 0
    return file


def test_a_run_goes_on_from_a_saved_machine(tmp_path: Path, capsys: Captured) -> None:
    file = saved(tmp_path)
    whole = capsys.readouterr().out
    assert main(["run", "--from", file]) == 0
    rest = capsys.readouterr().out
    assert "first\nsecond\n" in whole
    assert "second\n" in rest
    assert "first" not in rest


def test_the_inputs_may_have_gone(tmp_path: Path) -> None:
    file = saved(tmp_path)
    (tmp_path / "rom.bin").unlink()
    assert main(["run", "--from", file]) == 0


def test_a_machine_that_is_described_besides_must_be_the_same(tmp_path: Path, capsys: Captured) -> None:
    file = saved(tmp_path)
    assert main(["run", *guest(tmp_path), "--from", file]) == 0
    assert main(["run", *guest(tmp_path)[:2], "--memory", "3", "--from", file]) == 2
    assert "another machine (memory_mib differs)" in capsys.readouterr().err


def test_a_run_that_ends_before_saves_nothing_and_says_so(tmp_path: Path, capsys: Captured) -> None:
    assert main(["run", *guest(tmp_path), "--save-at", "1s", str(tmp_path / "x.emu")]) == 4
    assert "was not written: the run ended before 1 s" in capsys.readouterr().err
    assert not (tmp_path / "x.emu").exists()


@pytest.mark.parametrize("word", ["soon", "1 hour", "-1s", "", "1e9"])
def test_a_time_that_is_none_is_refused(word: str, tmp_path: Path, capsys: Captured) -> None:
    assert main(["run", *guest(tmp_path), "--save-at", word, str(tmp_path / "x.emu")]) == 2
    assert "is no time" in capsys.readouterr().err


def test_a_damaged_file_is_one_sentence(tmp_path: Path, capsys: Captured) -> None:
    file = Path(saved(tmp_path))
    file.write_bytes(file.read_bytes()[:-100])
    capsys.readouterr()
    assert main(["run", "--from", str(file)]) == 2
    assert capsys.readouterr().err == f"emu: {file} is damaged or truncated: take a whole copy of it\n"


def test_a_file_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path, capsys: Captured) -> None:
    assert main(["run", *guest(tmp_path), "--save-at", "1us", str(tmp_path / "none" / "x.emu")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
