"""`emu debug --script` as a user meets it, on guests of a few bytes in a ROM."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from emu.cli.main import main
from tests.unit.rom import FOREVER, read, report, say, write, write_rom

PROTOCOL = read(0x10, 2) + say("one\n") + write(0x12, 2, 1) + read(0x12, 1) + say("two\n") + report(0)
Script = Callable[..., tuple[int, str, str]]


@pytest.fixture
def script(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Script:
    """Runs commands on a ROM; status, output, complaints."""

    def run(*lines: str, code: bytes = PROTOCOL, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        path = tmp_path / "script"
        path.write_text("\n".join(lines))
        rom = write_rom(tmp_path, code)
        status = main(("debug", "--firmware", rom, "--script", str(path), *options))
        return status, *capfd.readouterr()

    return run


def test_a_script_steps_there_and_back(script: Script) -> None:
    status, out, _ = script("step 3", "reverse-step 2", "step", "assert dx == 0x10", "quit 7")
    assert status == 7
    places = re.findall(r"ms  (\w{4}:\w{8})  (.+)", out)
    assert places == [
        ("f000:00000004", "mov dx, 0x3f8"),
        ("f000:00000000", "mov dx, 0x10"),
        ("f000:00000003", "in ax, dx"),
    ]


def test_a_port_breakpoint_stops_before_the_access(script: Script) -> None:
    status, out, _ = script("break port 0x10-0x12 write", "continue", "assert dx == 0x12 && ax == 1")
    assert status == 0
    assert "break 1: write 2 port 0x12 = 0x0001" in out
    assert "one\n" in out
    assert "two\n" not in out


def test_a_breakpoint_heeds_width_value_and_condition(script: Script) -> None:
    lines = (
        "break port 0x12 read",
        "break port 0x3f8 value 0x77 if dx == 0x3f8",
        "c",
        "c",
        "assert al == 0x77",
    )
    assert script(*lines)[0] == 0
    status, out, _ = script("break port 0x12 width 1", "break port 0x3f8 if 0", "c", "c", "breakpoints")
    assert status == 0
    assert "ended: SUCCESS" in out
    assert "(met 1 times)" in out


def test_output_is_shown_once_however_often_it_is_made(script: Script) -> None:
    lines = ("continue", "goto start", "continue", "break port 0x12 read", "reverse-continue", "continue")
    status, out, _ = script(*lines)
    assert status == 0
    assert out.count("one\n") == out.count("two\n") == 1
    assert out.count("ended: SUCCESS") == 3


def test_an_override_makes_another_run(script: Script) -> None:
    lines = (
        "break port 0x10 read",
        "continue",
        "step",
        "assert ax == 0x49d2",
        "reverse-step",
        "override port 0x10 read value 0xffff once",
        "step",
        "assert ax == 0xffff",
        "step 20",
        "goto start",
        "step 3",
        "assert ax == 0xffff",
        "reverse-step",
        "override off",
        "step",
        "assert ax == 0x49d2",
    )
    status, out, _ = script(*lines)
    assert status == 0, out


def test_a_fault_happens_again_where_it_happened(script: Script) -> None:
    code = read(0x10, 2) * 3 + report(0)
    lines = ("break port 0x10 read", "c", "c", "rc", "c", "c", "quit 0")
    status, out, _ = script(*lines, code=code, options=("--fault", "port-floats,port=0x10,at=2"))
    assert status == 0
    values = re.findall(r"break 1: read 2 port 0x10 = (\w+)", out)
    assert values == ["0x49d2", "0xffff", "0x49d2", "0xffff", "0x49d2"]


def test_an_address_is_stopped_at_forwards_and_backwards(script: Script) -> None:
    lines = (
        "until 0xf0022",
        "assert dx == 0x12",
        "break 0xf0003",
        "rc",
        "assert dx == 0x10",
        "goto start",
        "c",
    )
    status, out, err = script(
        "continue", "goto start", *lines, "assert pc == 0xf0003", "rc", "assert pc >> 20"
    )
    assert status == 0, out + err
    assert out.count("break 1: at 0xf0003") == 2
    assert "at the start: nothing was found before" in out


def test_next_passes_a_call_and_all_that_it_does(script: Script) -> None:
    # mov sp, 0x1000; call f; inc bx; cli; hlt.  f: mov ax, 5; push ax; pop ax; ret
    code = bytes.fromhex("bc0010 e80300 43 faf4 b80500 50 58 c3")
    status, out, err = script("step 2", "next", "assert ax == 5 && pc == 0xf0006", "next", "rs 2", code=code)
    assert status == 0, out + err
    assert out.splitlines()[-1].endswith("f000:0000000e  ret")


def test_going_back_finds_the_last_access(script: Script) -> None:
    status, out, _ = script("continue", "last write port 0x12", "step", "history 1")
    assert status == 0
    assert out.splitlines()[-1].endswith("product number of the driver: xensource-windows")


def test_looking_shows_registers_memory_and_code(script: Script) -> None:
    status, out, _ = script(
        "step 3", "registers", "memory cs:0 16", "disassemble 0xf0000 2", "screen", "ports", "pci"
    )
    assert status == 0
    assert "eax 000049d2*" in out
    assert "000f0000  ba 10 00 ed" in out
    assert "000f0003  ed                    in ax, dx" in out
    assert "real mode" in out
    assert "5853:0001" in out


def test_devices_and_the_store_are_shown(script: Script) -> None:
    status, out, err = script("show", "show pit", "store", options=("--store", "/vm/name=guest"))
    assert status == 0, err
    assert "/vm/name = 'guest'" in out
    assert "com1" in out
    assert out.count("  ") > 3


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("stpe", "there is no command 'stpe': did you mean 'step'?"),
        (
            "reverse-",
            "'reverse-' may be reverse-step or reverse-next or reverse-finish or reverse-continue: give more",
        ),
        ("break prot 0x10", "'prot' is nothing to stop at: did you mean 'port'?"),
        ("break port 0x10 raed", "'raed' is not understood: did you mean 'read'?"),
        ("break port 0x10 if eaxx", "did you mean 'eax'?"),
        ("break port 0x20-0x10", "end before they begin"),
        ("break port 0x12345", "port 0x12345 is out of range: give 0x0 to 0xffff"),
        ("step 0", "count 0 is out of range"),
        ("goto soon", "'soon' is no time"),
        ("goto 1e400s", "is no time"),
        ("goto nans", "is no time"),
        ("delete 3", "there is no breakpoint 3"),
        ("memory 0xf0000000", "no memory can be read at 0xf0000000"),
        ("override port 0x10", "'port 0x10' is not understood: give `override port"),
        ("show pti", "there is no device 'pti': did you mean 'pit'?"),
        ("print", "what? give `print EXPRESSION`"),
        ("last", "give `last read|write port RANGE`"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(script: Script, line: str, complaint: str) -> None:
    status, _, err = script("# a comment", line)
    assert status == 2
    assert complaint in err
    assert err.startswith("emu: line 2: ")
    assert err.count("\n") == 1


def test_a_failed_assertion_is_status_5(script: Script) -> None:
    status, out, _ = script("assert eax == 1", "print eax")
    assert status == 5
    assert out.splitlines()[-1] == "assertion failed: eax == 1"


def test_the_limit_ends_a_run_for_ever(script: Script) -> None:
    status, out, _ = script("continue", "continue", code=FOREVER, options=("--limit", "0.001"))
    assert status == 0
    assert out.count("the limit of virtual time was reached") == 2


def test_ctrl_c_stops_a_script(script: Script) -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    status, out, err = script("continue", "print eax", code=FOREVER)
    assert status == 4
    assert "stopped: by Ctrl-C" in out
    assert "print" not in out
    assert err == "emu: stopped by Ctrl-C\n"


def test_help_tells_every_command_and_each_by_itself(script: Script) -> None:
    status, out, _ = script("help", "help rs")
    assert status == 0
    assert "reverse-step [N] (short: rs, rsi)" in out


def test_a_script_that_is_not_there_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rom = write_rom(tmp_path, PROTOCOL)
    assert main(("debug", "--firmware", rom, "--script", str(tmp_path / "none"))) == 2
    assert "cannot be read" in capfd.readouterr().err


def test_commands_come_from_a_pipe_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = iter(["step", "", "nonsense", "reverse-step"])

    def typed(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    assert main(("debug", "--firmware", write_rom(tmp_path, PROTOCOL))) == 0
    shown = capsys.readouterr()
    assert "there is no command 'nonsense'" in shown.err
    assert [line[:11] for line in shown.out.splitlines() if line.startswith("=>")] == [
        "=> fffffff0", "=> 000f0000", "=> 000f0003", "=> 000f0000",
    ]  # fmt: skip
