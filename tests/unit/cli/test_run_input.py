"""`emu run --input` and `--pace`: what the serial port receives, and how long idle time lasts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.echo import echo
from tests.unit.cli.test_main import ROOT
from tests.unit.rom import HALT, write_rom

LIMIT = ("--limit", "0.05")


class Emu:
    """Runs the echoing guest in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.firmware = write_rom(folder, echo())

    def __call__(self, *options: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "emu", "run", "--firmware", self.firmware, *options]
        return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, timeout=60, check=False)


@pytest.fixture
def emu(tmp_path: Path) -> Emu:
    return Emu(tmp_path)


def test_a_file_is_received_from_the_start_and_makes_the_same_run_each_time(emu: Emu, tmp_path: Path) -> None:
    (tmp_path / "typed").write_bytes(b"from a file")
    runs = [emu("--input", str(tmp_path / "typed"), "--hash", *LIMIT).stdout for _ in range(2)]
    assert runs[0].startswith(b"from a file\n")
    assert runs[0].splitlines()[-1] == runs[1].splitlines()[-1]


def test_standard_input_is_received_as_it_comes_where_it_is_asked_for(emu: Emu) -> None:
    assert emu("--input", "-", *LIMIT, stdin=b"through a pipe").stdout.startswith(b"through a pipe\n")


def test_standard_input_is_left_alone_where_it_is_not_asked_for(emu: Emu) -> None:
    assert b"through" not in emu(*LIMIT, stdin=b"through a pipe").stdout


def test_an_input_without_contents_does_no_harm(emu: Emu) -> None:
    ran = emu("--input", "-", *LIMIT)
    null = emu("--input", "/dev/null", *LIMIT)
    assert (null.stderr, null.returncode) == (b"", 4)
    assert (ran.stderr, ran.returncode) == (b"", 4)


def test_a_fifo_is_received_as_it_comes_and_a_guest_with_nothing_else_to_wait_for_waits(
    emu: Emu, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def feed() -> None:
        with fifo.open("wb") as stream:
            stream.write(b"late")

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert emu("--input", str(fifo), *LIMIT).stdout.startswith(b"late\n")
    feeder.join()


def test_an_input_that_is_not_there_is_refused(emu: Emu) -> None:
    ran = emu("--input", "/nowhere/input")
    assert ran.returncode == 2
    assert (
        ran.stderr == b"emu: cannot read the input /nowhere/input (No such file or directory): "
        b"give another file\n"
    )


def test_a_folder_is_no_input(emu: Emu, tmp_path: Path) -> None:
    assert b"(Is a directory): give another file" in emu("--input", str(tmp_path)).stderr


def test_an_output_may_not_be_the_input(emu: Emu, tmp_path: Path) -> None:
    path = str(tmp_path / "both")
    Path(path).write_bytes(b"kept")
    assert emu("--input", path, "--serial", f"file:{path}").returncode == 2
    assert Path(path).read_bytes() == b"kept"


def test_idle_time_lasts_at_a_real_pace_alone(emu: Emu) -> None:
    def wall_s(*options: str) -> float:
        result = emu("--limit", "0.6", *options).stdout
        return float(result.rsplit(b"virtual, ", 1)[1].split(b" s wall")[0])

    assert wall_s("--pace", "real") >= 0.55
    assert wall_s() < 0.55


def test_a_guest_that_nothing_can_wake_ends_at_any_pace(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emu", "run", "--firmware", write_rom(tmp_path, HALT), "--pace", "real"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert b"idle for ever" in ran.stdout


def test_an_unknown_pace_is_refused(emu: Emu) -> None:
    ran = emu("--pace", "rael")
    assert (ran.returncode, ran.stderr) == (
        2,
        b"emu: --pace: pace cannot be 'rael': did you mean 'real'?\n",
    )
