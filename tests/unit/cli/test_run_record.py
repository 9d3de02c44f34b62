"""`--record`, `emu replay` and `emu debug FILE`, as a user gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emu.cli.main import main
from tests.unit.rom import FOREVER, TRIPLE_FAULT, report, say, write_rom

Captured = pytest.CaptureFixture[str]
NEXT = b"\xeb\x00"
CODE = say("first\n") + NEXT + say("second\n") + report(0)


def recorded(folder: Path, code: bytes = CODE, *options: str, status: int = 0) -> str:
    file = str(folder / "run.emu")
    assert (
        main(["run", "--firmware", write_rom(folder, code), "--memory", "2", "--record", file, *options])
        == status
    )
    return file


def test_a_replay_says_that_it_is_the_same_run(tmp_path: Path, capsys: Captured) -> None:
    file = recorded(tmp_path, CODE, "--hash")
    trace_hash = capsys.readouterr().out.splitlines()[-1]
    assert main(["replay", file]) == 0
    said = capsys.readouterr().out
    assert "the same run: 0.000014 s virtual" in said
    assert said.splitlines()[-1] == trace_hash
    assert "first" not in said


def test_a_replay_needs_none_of_the_files(tmp_path: Path, capsys: Captured) -> None:
    file = recorded(tmp_path)
    (tmp_path / "rom.bin").unlink()
    capsys.readouterr()
    assert main(["replay", file, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["result"], told["arrivals"]) == ("same", 0)


@pytest.mark.parametrize(
    ("code", "options", "status"),
    [(TRIPLE_FAULT, (), 6), (FOREVER, ("--wall", "0.1"), 4), (FOREVER, ("--limit", "0.001"), 4)],
)
def test_a_run_is_recorded_however_it_ends(
    code: bytes, options: tuple[str, ...], status: int, tmp_path: Path
) -> None:
    file = recorded(tmp_path, code, *options, status=status)
    assert main(["replay", file]) == 0


def test_input_is_in_the_recording(tmp_path: Path) -> None:
    from tests.echo import echo

    (tmp_path / "typed").write_text("hello")
    options = ("--input", str(tmp_path / "typed"), "--pace", "none", "--limit", "0.01")
    file = recorded(tmp_path, echo(), *options, status=4)
    (tmp_path / "typed").unlink()
    assert main(["replay", file]) == 0


def test_the_debugger_opens_a_recording_at_its_end_and_goes_back(tmp_path: Path, capsys: Captured) -> None:
    file = recorded(tmp_path)
    capsys.readouterr()
    script = tmp_path / "script"
    script.write_text("last write port 0xf4\nlast write port 0x3f8\nreverse-continue\ncontinue\n")
    assert main(["debug", file, "--script", str(script)]) == 0
    said = capsys.readouterr().out
    assert "write 1 port 0xf4 = 0x00" in said
    assert "write 1 port 0x3f8 = 0x0a" in said
    assert "at the start" in said
    assert "first" not in said
    assert "ended: SUCCESS" in said


def test_a_recording_takes_no_machine_besides(tmp_path: Path, capsys: Captured) -> None:
    file = recorded(tmp_path)
    assert main(["debug", file, "--memory", "3"]) == 2
    assert "the recording says what the machine is" in capsys.readouterr().err


def test_a_recording_that_cannot_be_kept_is_refused_before_the_run(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "run.emu").write_text("something else")
    assert main(["run", "--firmware", write_rom(tmp_path, CODE), "--record", str(tmp_path / "run.emu")]) == 2
    assert "it holds something else" in capsys.readouterr().err


def test_gdb_and_a_recording_do_not_go_together(tmp_path: Path, capsys: Captured) -> None:
    rom = write_rom(tmp_path, CODE)
    assert main(["run", "--firmware", rom, "--record", str(tmp_path / "x"), "--gdb", "0"]) == 2
    assert "--record knows one run" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["replay", "debug"])
def test_a_damaged_recording_is_one_sentence(command: str, tmp_path: Path, capsys: Captured) -> None:
    file = Path(recorded(tmp_path))
    contents = bytearray(file.read_bytes())
    contents[len(contents) // 2] ^= 1
    file.write_bytes(contents)
    capsys.readouterr()
    assert main([command, str(file)]) == 2
    assert capsys.readouterr().err == f"emu: {file} is damaged or truncated: take a whole copy of it\n"


def test_a_recording_is_no_guest_to_be_run(tmp_path: Path, capsys: Captured) -> None:
    file = recorded(tmp_path)
    assert main(["run", file]) == 2
    assert "a recording is opened by `emu debug` or `emu replay`" in capsys.readouterr().err
