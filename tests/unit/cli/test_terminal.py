"""`emu run` at a terminal: keys reach the guest, Ctrl-A is ours, and the terminal is left as it was found."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.echo import echo
from tests.unit.cli.at_terminal import Sitting, sit
from tests.unit.rom import FOREVER, say, write_rom

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
