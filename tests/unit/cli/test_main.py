from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import emu
from emu.cli.main import main
from emu.machine import bundled
from tests.unit.rom import report, say, write_rom

ROOT = Path(emu.__file__).parent.parent

OPTIONS = (
    *("firmware", "disk", "cdrom", "nic", "memory", "profile", "protocol-version", "blacklist", "store"),
    *("guest-log", "no-log-throttle", "serial", "trace", "trace-file", "limit", "wall", "slice", "step"),
    *("json", "hash", "input", "keys", "pace", "display"),
)


def test_help_tells_of_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    text = capsys.readouterr().out
    for option in OPTIONS:
        assert f"  --{option} " in text
    assert "Exit status: 0 SUCCESS" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert "run     Run a guest." in text
    assert "guests  List the bundled guests." in text


def test_no_command_is_wrong_usage_and_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: emu" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["guest"], "emu: there is no command 'guest': did you mean `emu guests`?\n"),
        (["qqq"], "emu: there is no command 'qqq': `emu --help` lists those there are\n"),
        (["--verson"], "emu: No such option '--verson'. Did you mean"),
        (
            ["guests", "x"],
            "emu: Got unexpected extra argument (x): `emu guests --help` tells what it takes\n",
        ),
    ],
)
def test_wrong_usage_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(message)


@pytest.fixture
def guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    for name, description in {"hello": "Says hello", "unplug-all": "Unplugs [all]"}.items():
        folder = tmp_path / "guests" / name
        folder.mkdir(parents=True)
        rom = write_rom(folder, say(f"{name}\n") + report(0))
        (folder / f"{name}.toml").write_text(
            f'[guest]\ndescription = "{description}"\n[machine]\nfirmware = "{Path(rom).name}"\n'
        )
    return tmp_path


def test_guests_are_listed_a_line_each(guests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guests"]) == 0
    assert capsys.readouterr().out == "hello       Says hello\nunplug-all  Unplugs [all]\n"


def test_a_guest_runs_by_its_name(guests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "hello"]) == 0
    assert capsys.readouterr().out.startswith("hello\n")
    assert main(["run", "helo"]) == 2
    assert capsys.readouterr().err == "emu: there is no guest 'helo': did you mean 'hello'?\n"


def test_a_terminal_gets_tables(
    guests: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["guests"]) == 0
    text = capsys.readouterr().out
    assert "\x1b[" in text
    assert "Unplugs [all]" in text
    assert main(["run", "hello", "--hash"]) == 0
    assert "\x1b[1;32mSUCCESS" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["run", "hello"]) == 0
    assert "\x1b[1;32m" not in capsys.readouterr().out


def test_python_m_emu_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "emu", "--version"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"emu {emu.__version__}\n")


def test_a_reader_who_leaves_ends_the_run_quietly(tmp_path: Path) -> None:
    rom = write_rom(
        tmp_path, say("line\n") + b"\xe9" + (-len(say("line\n")) - 3).to_bytes(2, "little", signed=True)
    )
    command = [sys.executable, "-m", "emu", "run", "--firmware", rom, "--wall", "30"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stderr is not None
    assert running.stdout.readline() == b"line\n"
    running.stdout.close()
    assert running.wait(20) == 4
    assert running.stderr.read() == b"emu: stdio takes no more: Broken pipe\n"
    running.stderr.close()


def test_completion_offers_guests(guests: Path) -> None:
    from click.shell_completion import ShellComplete

    from emu.cli.main import emu as command

    completed = ShellComplete(command, {}, "emu", "_EMU_COMPLETE").get_completions(["run"], "un")
    assert [item.value for item in completed] == ["unplug-all"]


@pytest.mark.parametrize("command_line", ["run", "debug", "test"])
def test_completion_never_offers_files_beside_words(guests: Path, command_line: str) -> None:
    """Bash would show the files alone."""
    from click.shell_completion import ShellComplete

    from emu.cli.main import emu as command

    complete = ShellComplete(command, {}, "emu", "_EMU_COMPLETE").get_completions
    assert {item.type for item in complete([command_line], "un")} == {"plain"}
    assert {item.type for item in complete([command_line], "my-tests/")} == {"file"}


@pytest.mark.parametrize(
    ("option", "begun", "completed"),
    [
        ("--pace", "", ["real", "none"]),
        ("--display", "t", ["text"]),
        ("--serial", "f", ["file:"]),
        ("--input", "/etc", ["/etc"]),
        ("--protocol-version", "", ["0", "1"]),
        ("--trace", "po", ["ports"]),
        ("--trace", "irq,di", ["irq,disk"]),
        ("--nic", "mac=52:54:00:00:00:01,backend=p", ["mac=52:54:00:00:00:01,backend=peer"]),
    ],
)
def test_completion_offers_what_an_option_takes(option: str, begun: str, completed: list[str]) -> None:
    from click.shell_completion import ShellComplete

    from emu.cli.main import emu as command

    found = ShellComplete(command, {}, "emu", "_EMU_COMPLETE").get_completions(["run", option], begun)
    assert [item.value for item in found] == completed
