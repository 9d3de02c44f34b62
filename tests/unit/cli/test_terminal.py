"""`emu run` at a terminal: keys reach the guest, Ctrl-A is ours, and the terminal is left as it was found."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from emu.cli.main import main
from tests.echo import echo
from tests.unit.cli.at_terminal import Sitting, sit
from tests.unit.rom import FOREVER, enable_vga, say, write_rom

HINT = r"\[emu\] Ctrl-A x quits.*?\n"


@pytest.fixture
def echoing(tmp_path: Path) -> str:
    return write_rom(tmp_path, echo())


def start(sitting: Sitting) -> list[object]:
    """Wait until it listens; how the terminal was found."""
    found = sitting.settings()
    sitting.wait_for(HINT)
    while sitting.settings() == found:
        pass
    return found


def test_every_key_reaches_the_guest_at_once_control_keys_too(echoing: str) -> None:
    with sit("run", "--firmware", echoing) as sitting:
        start(sitting)
        sitting.type(b"hello")
        sitting.wait_for("hello")
        sitting.type(b"\x03\x04\x1a\x1c\x11\x7f!")
        assert "\x03\x04\x1a\x1c\x11\x7f!" in sitting.wait_for("!")
        sitting.type(b"\x01\x01.")
        assert "\x01." in sitting.wait_for(r"\.")


def test_quitting_gives_the_summary_and_leaves_the_terminal_as_it_was_found(echoing: str) -> None:
    with sit("run", "--firmware", echoing) as sitting:
        found = start(sitting)
        sitting.type(b"text\x01x")
        assert "stopped by Ctrl-A x" in sitting.rest()
        assert sitting.settings() == found
        assert sitting.status() == 4


def test_our_words_stand_on_lines_of_their_own(echoing: str) -> None:
    with sit("run", "--firmware", echoing) as sitting:
        start(sitting)
        sitting.type(b"text")
        sitting.wait_for("text")
        sitting.type(b"\x01s")
        assert sitting.wait_for(r"at f000:\w+\n").startswith("\n[emu] ")
        sitting.type(b"\x01h")
        assert "[emu] Ctrl-A x " in sitting.wait_for("send Ctrl-A to the guest\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_run_and_leaves_the_terminal_as_it_was_found(
    echoing: str, number: signal.Signals
) -> None:
    with sit("run", "--firmware", echoing) as sitting:
        found = start(sitting)
        sitting.send(number)
        assert "stopped by " in sitting.rest()
        assert sitting.settings() == found
        assert sitting.status() == 4


BROKEN = """
import sys
from emu.cli.main import main
from emu.machine.machine import Machine
def run(machine, until_ns=None):
    raise ZeroDivisionError("a mistake of ours")
Machine.run = run
main(sys.argv[1:])
"""


def test_a_mistake_of_ours_leaves_the_terminal_as_it_was_found(echoing: str) -> None:
    with sit("run", "--firmware", echoing, program=("-c", BROKEN)) as sitting:
        found = sitting.settings()
        assert "a mistake of ours" in sitting.rest()
        assert sitting.settings() == found


def test_a_terminal_that_was_reset_while_we_were_stopped_is_taken_over_again(echoing: str) -> None:
    with sit("run", "--firmware", echoing) as sitting:
        start(sitting)
        raw = sitting.settings()
        sitting.send(signal.SIGSTOP)
        sitting.set_plain()
        assert sitting.settings() != raw
        sitting.send(signal.SIGCONT)
        while sitting.settings() != raw:
            pass


def test_a_disc_is_changed_at_a_prompt_while_the_machine_waits(echoing: str, tmp_path: Path) -> None:
    disc = tmp_path / "disc.iso"
    disc.write_bytes(bytes(2048))
    with sit("run", "--firmware", echoing, "--cdrom", str(disc)) as sitting:
        start(sitting)
        raw = sitting.settings()
        sitting.type(b"\x01c")
        sitting.wait_for("disc for the drive at 2 .*: ")
        sitting.type(b"/nowhere\n")
        sitting.wait_for(r"\[emu\] the image /nowhere does not exist")
        sitting.type(b"\x01c")
        sitting.wait_for("disc for the drive at 2 .*: ")
        sitting.type(b"\x03")
        sitting.wait_for(r"\[emu\] no disc was changed")
        sitting.type(b"\x01c")
        sitting.wait_for("disc for the drive at 2 .*: ")
        sitting.type(str(disc).encode() + b"\n")
        while sitting.settings() != raw:
            pass
        sitting.type(b"go on")
        sitting.wait_for("go on")


def test_ctrl_c_twice_ends_a_guest_that_does_not_listen(tmp_path: Path) -> None:
    with sit("run", "--firmware", write_rom(tmp_path, say("deaf") + FOREVER)) as sitting:
        start(sitting)
        sitting.wait_for("deaf")
        sitting.type(b"\x03\x01s")
        sitting.wait_for("wall")
        sitting.type(b"\x03")
        assert "stopped by Ctrl-C" in sitting.rest()


def test_json_at_a_terminal_has_no_words_for_a_person(tmp_path: Path) -> None:
    with sit(
        "run", "--json", "--firmware", write_rom(tmp_path, say("x") + FOREVER), "--limit", "0.1"
    ) as sitting:
        assert "Ctrl-A" not in sitting.rest()


def test_the_screen_is_shown_while_it_runs_and_left_at_the_end(tmp_path: Path) -> None:
    cells = b"".join(
        b"\xc6\x06" + offset.to_bytes(2, "little") + bytes((code,))
        for offset, code in enumerate(b"H\x07i\x07")
    )
    code = b"\xb8\x00\xb8\x8e\xd8" + cells + FOREVER
    with sit("run", "--firmware", write_rom(tmp_path, enable_vga() + code), "--display", "text") as sitting:
        found = sitting.settings()
        assert "\x1b[?1049h" in sitting.wait_for("Hi")
        sitting.type(b"\x01x")
        assert "\x1b[?1049l" in sitting.wait_for("Screen")
        sitting.wait_for("Hi.*stopped by Ctrl-A x")
        assert sitting.settings() == found


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--json",), "--display text shows the screen, --json nothing: leave one of them out"),
        (("--debug", "stderr"), "--display text needs the terminal for itself: send --debug to a file"),
        (("--trace", "irq"), "--display text needs the terminal for itself: send --trace-file to a file"),
    ],
)
def test_what_cannot_be_beside_the_live_screen_is_refused(
    echoing: str, options: tuple[str, ...], problem: str
) -> None:
    with sit("run", "--firmware", echoing, "--display", "text", *options) as sitting:
        assert sitting.rest() == f"emu: {problem}\n"


def test_without_a_terminal_there_is_no_live_screen(echoing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--firmware", echoing, "--display", "text"]) == 2
    assert "--display text needs a terminal: give --screen" in capsys.readouterr().err


def test_a_long_run_whose_console_is_a_file_tells_how_it_is_getting_on(tmp_path: Path) -> None:
    arguments = ("run", "--firmware", write_rom(tmp_path, say("x") + FOREVER), "--serial", "null")
    with sit(*arguments) as sitting:
        sitting.wait_for(r"\x1b\[Kemu: [\d.]+ s virtual, \d+ s wall, \d+ MB of code a second")
        sitting.send(signal.SIGINT)
        assert re.match(r".*\r\x1b\[K(\x1b\[3m)?Unplugged", sitting.rest(), re.DOTALL)
