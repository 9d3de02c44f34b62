"""Images that fail while a guest runs: it sees errors of its drive, and the summary names the image."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from emu.cli.options import parse_drive
from emu.machine.machine import Machine
from emu.machine.run_loop import Stop
from tests.unit.cli.test_run import Emu
from tests.unit.cli.test_run import emu as emu
from tests.unit.rom import HALT, report, write, write_rom

STATUS_TO_COM1 = b"\xba\xf7\x01\xec\xa8\x08\x74\x02\xb0\x44\xba\xf8\x03\xee"
"""Read ATA status; `D` to COM1 where DRQ is set, else the status."""


def ata(command: int, lba: int = 0, count: int = 1) -> bytes:
    """A command to the primary master by LBA28, and what came of it."""
    registers = (count, lba & 0xFF, lba >> 8 & 0xFF, lba >> 16 & 0xFF, 0xE0, command)
    return b"".join(write(0x1F2 + n, 1, value) for n, value in enumerate(registers)) + STATUS_TO_COM1


READ, WRITE, FLUSH = 0x20, 0x30, 0xE7
ENABLE = write(0xCF8, 4, 0x8000_0904) + write(0xCFC, 2, 5)
"""The IDE function decodes its ports."""
SECTOR_OF_ONES = b"\xb9\x00\x01\xba\xf0\x01\xb8\xff\xff\xef\xe2\xfd"
"""256 words to the data port."""
DONE = report(0)


def test_a_file_that_was_cut_fails_where_it_ends_and_the_summary_says_so(
    emu: Emu, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = emu.disk(size=8192)
    cut_before_the_run(monkeypatch, path, 1024)
    code = ata(READ, lba=4) + ata(READ, lba=4) + ata(READ) + DONE
    assert emu.run(ENABLE + code, "--disk", path, "--json") == 0
    result = json.loads(emu.out)
    assert result["console"] == "QQD"
    assert result["host_errors"] == [f"disk 0: {path}: ends at byte 1024, the image had 8192 (4 times)"]


def cut_before_the_run(monkeypatch: pytest.MonkeyPatch, path: str, size: int) -> None:
    real_run = Machine.run

    def run(self: Machine, until_ns: int | None = None) -> Stop:
        os.truncate(path, size)
        return real_run(self, until_ns)

    monkeypatch.setattr(Machine, "run", run)


def refuse(monkeypatch: pytest.MonkeyPatch, call: str, number: int, text: str) -> None:
    def fail(*arguments: object) -> int:
        raise OSError(number, text)

    monkeypatch.setattr(f"emu.backends.disk_image.os.{call}", fail)


def test_a_read_that_the_host_refuses_is_an_error_of_the_drive(
    emu: Emu, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = emu.disk()
    refuse(monkeypatch, "pread", 5, "Input/output error")
    assert emu.run(ENABLE + ata(READ) + DONE, "--disk", path, "--serial", f"file:{emu.folder}/said") == 0
    assert Path(emu.folder, "said").read_bytes() == b"Q"  # ready, error
    assert f"Failed on the host\n  disk 0: {path}: cannot be read: Input/output error" in emu.out


def test_a_flush_that_the_host_refuses_is_a_fault_of_the_drive_and_an_error_of_the_run(
    emu: Emu, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = emu.disk()
    refuse(monkeypatch, "pwrite", 28, "No space left on device")
    code = ata(WRITE) + SECTOR_OF_ONES + ata(FLUSH) + DONE
    assert emu.run(ENABLE + code, "--disk", f"{path},write", "--serial", f"file:{emu.folder}/said") == 4
    assert Path(emu.folder, "said").read_bytes() == b"Dq"  # ready, fault, error
    assert f"disk 0: {path}: cannot be written: No space left on device (" in emu.out
    assert "Result: ERROR: " in emu.out


def test_what_was_flushed_is_on_the_image_though_the_run_never_ends(
    emu: Emu, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = emu.disk()
    seen: list[bytes] = []
    monkeypatch.setattr(
        "emu.machine.machine.Machine.close", lambda machine: seen.append(Path(path).read_bytes()[:1024])
    )
    code = ata(WRITE) + SECTOR_OF_ONES + ata(FLUSH) + ata(WRITE, lba=1) + SECTOR_OF_ONES + HALT
    emu.run(ENABLE + code, "--disk", f"{path},write")
    assert seen == [b"\xff" * 512 + bytes(512)]


def test_an_image_cut_amid_a_sector_is_rounded_with_a_warning(emu: Emu) -> None:
    path = emu.disk(size=700)
    assert emu.run(ENABLE + ata(READ, lba=1) + DONE, "--disk", path) == 0
    assert emu.out.startswith("D")
    assert emu.err == (
        f"emu: warning: {path} is no multiple of 512 bytes: 324 zero bytes are added at its end\n"
    )


def test_an_option_names_the_discs_to_come_in_their_order(emu: Emu) -> None:
    first, second = emu.disk("with,comma.iso"), emu.disk("second.iso")
    word = f"{first},next={second},position=3,next=third.iso"
    assert parse_drive("cdrom", word) == {"image": first, "position": 3, "next": [second, "third.iso"]}
    assert parse_drive("cdrom", first) == {"image": first}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--disk", "{folder}"], "{folder} is a directory: give the path of an image file"),
        (["--cdrom", "{folder}"], "{folder} is a directory: give the path of an image file"),
        (["--disk", "{empty}"], "the image {empty} is empty: give an image of at least one sector"),
        (["--cdrom", "{disk},next={folder}"], "{folder} is a directory: give the path of an image file"),
        (
            ["--disk", "{disk},next={disk}"],
            "--disk: unknown property 'next={disk}': give one of position=0..3",
        ),
        (["--disk", "/dev/null"], "/dev/null is no regular file: give the path of an image file"),
        (["--disk", "{disk}/x"], "the image {disk}/x does not exist: check the path"),
        (["--disk", "{disk},write", "--cdrom", "{disk}"], "the image {disk} is in use by one who writes it"),
        (
            ["--disk", "{disk}", "--disk", "{disk},write"],
            "the image {disk} is in use, and only one drive may",
        ),
    ],
)
def test_images_that_cannot_be_used_are_refused(emu: Emu, options: list[str], message: str) -> None:
    names = {"disk": emu.disk(), "empty": emu.disk("empty.img", 0), "folder": str(emu.folder)}
    given = [word.format(**names) for word in options]
    assert emu("run", "--firmware", write_rom(emu.folder, HALT), *given) == 2
    assert emu.err.startswith("emu: " + message.format(**names))
    assert emu.err.count("\n") == 1
