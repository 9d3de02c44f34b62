"""`--record`, `emu replay` and `emu debug FILE`, as a user gives them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.devices.rtc import Rtc
from emu.machine.bundled import FOLDER
from emu.machine.recording import Recording
from tests.unit.rom import FOREVER, TRIPLE_FAULT, read, report, say, write_rom

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


class Broken(Exception):
    """A mistake of emu's."""


def broken(*where: object) -> int:
    raise Broken


BREAKS = say("first\n") + NEXT + read(0x70, 1) + NEXT + say("second\n") + report(0)


def test_a_run_in_which_emu_breaks_off_is_recorded_up_to_there(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Rtc, "_read", broken)
        with pytest.raises(Broken):
            recorded(tmp_path, BREAKS)
        script = tmp_path / "script"
        script.write_text("last write port 0x3f8\ncontinue\n")
        capsys.readouterr()
        assert main(["replay", str(tmp_path / "run.emu"), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["result"], told["ended"]) == ("same", "emu broke off")
        with pytest.raises(Broken):
            main(["debug", str(tmp_path / "run.emu"), "--script", str(script)])
    assert main(["debug", str(tmp_path / "run.emu"), "--script", str(script)]) == 0
    out, err = capsys.readouterr()
    assert "emu itself broke off in this run" in err
    assert "ended: SUCCESS" in out


def test_a_debugger_on_a_recording_saves_a_snapshot_to_go_on_from(tmp_path: Path, capsys: Captured) -> None:
    file, saved = recorded(tmp_path), str(tmp_path / "saved.emu")
    script = tmp_path / "script"
    script.write_text(f"goto 5us\nsave {saved}\n")
    (tmp_path / "rom.bin").unlink()
    assert main(["debug", file, "--script", str(script)]) == 0
    capsys.readouterr()
    assert main(["run", "--from", saved]) == 0
    said = capsys.readouterr().out
    assert "second" in said
    assert "first" not in said


def bundled(folder: Path, name: str = "unplug-all") -> tuple[Path, Path]:
    """A guest's image with its ELF files beside it, and a recording of it."""
    for path in (FOLDER / "guests" / name).iterdir():
        shutil.copy(path, folder)
    image, file = folder / f"{name}.img", folder / "run.emu"
    assert main(["run", str(folder / f"{name}.toml"), "--record", str(file)]) == 0
    return image, file


def test_symbols_travel_with_a_recording(tmp_path: Path, capsys: Captured) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    _, file = bundled(home)
    file.rename(elsewhere / "run.emu")
    shutil.rmtree(home)
    script = tmp_path / "script"
    script.write_text("last write port 0x10\nwhere\ngoto start\nbreak main\ncontinue\nwhere\n")
    capsys.readouterr()
    assert main(["debug", str(elsewhere / "run.emu"), "--script", str(script)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert ".c:" in out
    assert "main" in out.split("breakpoint")[-1]


def test_symbols_that_are_asked_for_travel_too(tmp_path: Path, capsys: Captured) -> None:
    kernel = tmp_path / "named.elf"
    shutil.copy(FOLDER / "guests" / "hello" / "hello.elf", kernel)
    file = recorded(tmp_path, CODE, "--symbols", str(kernel))
    kernel.unlink()
    recording = Recording.open(Path(file))
    assert recording.programs == [kernel]
    assert recording.program(kernel).startswith(b"\x7fELF")
    recording.close()


def test_symbols_that_cannot_be_read_are_told_of_and_left_out(tmp_path: Path, capsys: Captured) -> None:
    file = recorded(tmp_path, CODE, "--symbols", str(tmp_path / "none.elf"))
    assert "none.elf cannot be read" in capsys.readouterr().err
    assert main(["replay", file]) == 0


@pytest.mark.parametrize("command", ["replay", "debug"])
def test_an_input_that_is_another_file_now_is_told_of(command: str, tmp_path: Path, capsys: Captured) -> None:
    file = recorded(tmp_path)
    rom = tmp_path / "rom.bin"
    rom.write_bytes(bytes(rom.stat().st_size))
    (tmp_path / "script").write_text("")
    capsys.readouterr()
    more = ["--script", str(tmp_path / "script")] if command == "debug" else []
    assert main([command, file, *more]) == 0
    note = f"emu: {rom} has changed since: its copy in the recording is used\n"
    assert capsys.readouterr().err == note


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
