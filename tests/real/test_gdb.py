"""Stock gdb drives bundled guests, forwards and backwards."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emu.debug.gdb.packets import frame
from emu.machine.bundled import FOLDER

pytestmark = pytest.mark.skipif(shutil.which("gdb") is None, reason="needs gdb")
PATIENCE_S = 300
FOLLOW, EMU = 0, 1
"""Recipes of the user guide."""


@contextmanager
def waiting(*guest: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A guest, by its name or by options, that waits for a debugger, and its port."""
    command = [sys.executable, "-m", "emu", "run", *guest, "--gdb", "0", "--gdb-wait"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        while not (found := re.search(r"target remote .*:(\d+)$", line := process.stderr.readline().strip())):
            assert line, "the run ended before it listened"
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


def gdb(port: int, elf: str | None, *commands: str) -> str:
    """What gdb prints, with a part of a bundled guest as its program, or none."""
    script = ["set pagination off", "set confirm off", f"target remote 127.0.0.1:{port}", *commands]
    words = [word for command in script for word in ("-ex", command)]
    if elf is not None:
        guest, _, part = elf.partition("/")
        words.append(str(FOLDER / "guests" / guest / f"{part or guest}.elf"))
    done = subprocess.run(
        ["gdb", "-nx", "-batch", *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return done.stdout + done.stderr


def values(printed: str) -> list[str]:
    """What `print` printed."""
    return re.findall(r"^\$\d+ = (.*)$", printed, re.MULTILINE)


def test_a_breakpoint_at_a_symbol_is_reached_and_steps_are_undone() -> None:
    with waiting("unplug-all") as (process, port):
        printed = gdb(
            port,
            "unplug-all",
            *("break main", "continue", "print $pc", "stepi", "stepi", "print $pc", "reverse-stepi"),
            *("reverse-stepi", "print $pc", "print/x $cr0 & 1", "delete", "continue", "continue"),
        )
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert re.search(r"Breakpoint 1, main \(\) at .*unplug-all\.c:\d+", printed), printed
    before, after, again, protected = values(printed)
    assert before.endswith("<main>")
    assert after.endswith("<main+3>")
    assert again == before
    assert protected == "0x1"
    assert "the run ends here: the guest reported its result" in printed
    assert "exited normally" in printed
    assert process.returncode == 0
    assert told.count("Test result: SUCCESS") == 1
    assert told.count("magic number") == 3, "what is run again is told once"


def test_long_mode_is_reached_from_reset() -> None:
    with waiting("unplug-all-long") as (_, port):
        printed = gdb(
            port,
            "unplug-all-long",
            *("print/x $cs", "print/x $pc", "with architecture i8086 -- x/i $pc", "break main", "continue"),
            *("info symbol $pc", "print/x $efer & 0x400", "print sizeof($rax)", "next", "reverse-continue"),
            *("reverse-continue", "print/x $pc", "print $code_bits", "continue"),
            *("set var $rax = 0x5566778800000000", "set var $eax = 0x11223344", "print/x $rax", "kill"),
        )
    assert values(printed) == [
        *("0xf000", "0xfffffff0", "0x400", "8", "0xfffffff0", "16", "0x5566778811223344"),
    ], printed
    assert re.search(r"0xfffffff0:\s+ljmp +\$0xf000,\$0xe05b", printed), printed
    assert "main in section .text" in printed


def test_one_connection_follows_the_guest_through_all_modes() -> None:
    folder = FOLDER / "guests/modes"
    with waiting("modes") as (_, port):
        printed = gdb(
            port,
            "modes/modes-modes.long",
            *recipe(FOLLOW),
            f"add-symbol-file {folder}/modes.elf",
            f"add-symbol-file {folder}/modes-modes.protected.elf",
            *(f"break {part}.c:main" for part in ("start", "protected", "long")),
            *("continue", "x/2i $pc", "stepi", "info registers esp eip", "print $code_bits") * 2,
            *("continue", "x/2i $pc", "stepi", "info registers rsp rip", "print $code_bits"),
            *(
                "remove-symbol-file -a 0x1053",
                f"add-symbol-file {folder}/modes-back.real.elf",
                "break back.c:main",
                "continue",
                "x/2i $pc",
                "stepi",
                "info registers esp eip",
                "print $code_bits",
            ),
            *("reverse-continue", "x/2i $pc") * 2,
        )
    assert values(printed) == ["16", "32", "64", "16"], printed
    stops = re.findall(r"^Breakpoint (\d), main \(\) at modes/(\S+?):", printed, re.MULTILINE)
    assert [number for number, _ in stops] == ["1", "2", "3", "4", "4", "3"], printed
    begun = re.findall(r"^=> \S+ <main>:\s+(\S.*)$", printed, re.MULTILINE)
    pushes = [" ".join(each.split()) for each in begun]
    assert pushes == [f"push %{name}" for name in ("ebp", "ebp", "r15", "ebp", "ebp", "r15")], printed
    assert len(re.findall(r"^[er]ip +0x\w+ ", printed, re.MULTILINE)) == 4


def recipe(number: int) -> list[str]:
    """The Python that the user guide gives for gdb, as a command."""
    guide = (Path(__file__).parents[2] / "docs/gdb.md").read_text()
    scripts: list[str] = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    return ["python " + scripts[number]]


def test_the_instruction_that_wrote_a_variable_is_gone_back_to() -> None:
    with waiting("unplug-all") as (_, port):
        printed = gdb(
            port,
            "unplug-all",
            *("watch ticks", "continue", "print ticks", "print $pc", "continue", "print ticks"),
            *("reverse-continue", "reverse-continue", "print ticks", "x/i $pc", "stepi", "print ticks"),
            *("print $pc", "kill"),
        )
    first, wrote, _, undone, again, rewrote = values(printed)
    assert (first, undone, again) == ("1", "0", "1"), printed
    assert wrote == rewrote
    assert re.search(r"=> 0x[0-9a-f]+ <on_tick.*>:\s+\w+.*0x", printed)


@pytest.mark.parametrize(
    ("guest", "bits", "counts"),
    [
        ("unplug-all-real", 16, r"mov +%eax,0x"),
        ("unplug-all", 32, r"incl|addl|mov +%eax,0x"),
        ("unplug-all-long", 64, r"\w+ "),
    ],
)
def test_a_driver_is_followed_in_each_mode(guest: str, bits: int, counts: str) -> None:
    with waiting(guest) as (_, port):
        printed = gdb(
            port,
            guest,
            *recipe(FOLLOW),
            *("break main", "continue", "print $code_bits", "x/i $pc", "next", "watch ticks", "continue"),
            *(
                "print ticks",
                "backtrace",
                "reverse-continue",
                "print ticks",
                "x/i $pc",
                "stepi",
                "print ticks",
            ),
            *("delete", "monitor break unplug", "continue", "monitor unplug", "kill"),
        )
    assert values(printed) == [str(bits), "1", "0", "1"], printed
    assert re.search(r"^Breakpoint 1, main \(\) at .*unplug-all\.c:\d+$", printed, re.MULTILINE), printed
    assert re.search(rf"^=> 0x[0-9a-f]+ <on_tick.*>:\s+(?:{counts})", printed, re.MULTILINE), printed
    frames = re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+) \(", printed, re.MULTILINE)
    assert frames[:2] == ["on_tick", "common"], printed
    assert "main" in frames or bits == 16, "the backtrace leads through the interrupt"
    assert "break 1: disk 0 leaves primary master" in printed
    assert "right    read the magic number again" in printed


def test_the_monitor_moves_the_guest_and_gdb_looks_again() -> None:
    with waiting("unplug-all") as (process, port):
        printed = gdb(
            port,
            "unplug-all",
            *("monitor break port 0x10 write width 4", "continue", "x/i $pc", "print $eax"),
            *("monitor last read port 0x10", "maintenance flush register-cache", "x/i $pc"),
            *recipe(EMU),
            *("stepi", "continue", "emu last write port 0x12", "x/i $pc", "print $ax"),
            *("emu last read port 0x10", "monitor delete all"),
            *("monitor override port 0x10 read value 0xffff once", "detach"),
        )
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert "break 1: write 4 port 0x10 = 0x000007d8  build number of the driver: 2008" in printed
    assert "Program received signal SIGTRAP" in printed
    assert values(printed) == ["2008", "1"], printed
    written, read, product = re.findall(r"^=> \S+ <unplug_ask\+\d+>:\s+(\S.*)$", printed, re.MULTILINE)
    assert written.split() == ["out", "%eax,$0x10"]
    assert read.split() == ["in", "$0x10,%ax"]
    assert product.split() == ["out", "%ax,$0x12"]
    assert "gdb does not know that yet" in printed
    assert re.search(r"0x10 +read 2 +0xffff +magic number", told)
    assert "FAILED (protected mode, line 34): the host lets the driver unplug" in told


def test_values_are_changed_and_the_run_goes_on_with_them() -> None:
    with waiting("unplug-all") as (process, port):
        printed = gdb(
            port,
            "unplug-all",
            *("break main", "continue", "set var ticks = 7", "set var $eax = 0x1234", "print ticks"),
            *("print/x $eax", "delete", "stepi", "reverse-stepi", "print ticks", "detach"),
        )
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert values(printed) == ["7", "0x1234", "7"], printed
    assert "Result: SUCCESS" in told, told


def test_killing_ends_the_run() -> None:
    with waiting("hello") as (process, port):
        gdb(port, "hello", "kill")
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 4
    assert "the debugger ended the run" in told


def test_a_second_client_is_refused_and_a_client_that_vanishes_makes_way() -> None:
    with waiting("unplug-all") as (process, port):
        first = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        first.sendall(frame(b"?"))
        assert first.recv(1) == b"+"
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as second:
            assert second.recv(1) == b""
        first.sendall(b"$m100")
        first.close()
        printed = gdb(port, "unplug-all", "break main", "continue", "print $pc", "delete", "detach")
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert values(printed)[0].endswith("<main>"), printed
    assert "Result: SUCCESS" in told


def test_a_machine_that_runs_is_interrupted() -> None:
    with (
        waiting("fault-loop", "--limit", "1000000") as (_, port),
        socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client,
    ):
        client.sendall(frame(b"QStartNoAckMode") + b"+" + frame(b"c"))
        client.sendall(b"\x03")
        received = b""
        while frame(b"T02thread:1;") not in received:
            data = client.recv(100)
            assert data, received
            received += data
        client.sendall(frame(b"k"))


def test_an_occupied_port_is_refused_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "emu", "run", "hello", "--gdb", port],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.returncode == 2
    assert "give another port" in done.stderr
