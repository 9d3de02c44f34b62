"""`--keys`: what is typed reaches a guest through the BIOS, and makes the same run each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.core.events import Observers
from emu.inspect.cues import Cues
from emu.machine.config import Drive, MachineConfig, Typing
from emu.machine.inbox import Stamped
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason
from emu.observe.trace_hash import TraceHash
from tests.laws.bench import assemble

LONGEST_NS = 10_000_000_000
READER = """
cld; xor ax, ax; mov ds, ax; mov si, offset prompt
more: lodsb; test al, al; jz read; mov ah, 0x0e; mov bx, 7; int 0x10; jmp more
read: mov ah, 0; int 0x16; mov dx, 0x3f8; out dx, al; cmp al, 13; jne read
mov al, 0; out 0xf4, al; cli; hlt
prompt: .asciz "Ready> "
"""
"""Asks on the screen, and copies keys to COM1 up to the first return."""


class Collector:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


class Reader:
    """A machine that boots the sector from a disk."""

    def __init__(self, folder: Path, *typings: Typing) -> None:
        disk = folder / "disk.img"
        disk.write_bytes(assemble(READER).ljust(510, b"\0") + b"\x55\xaa")
        self.console, observers = Collector(), Observers()
        config = MachineConfig(memory_mib=4, drives=(Drive(disk, 0),))
        self.machine = Machine(config, observers=observers, serial=self.console)
        self.hash = TraceHash(self.machine.clock)
        observers.attach(self.hash)
        if typings:
            observers.attach(Cues(self.machine, typings))

    def run(self) -> tuple[bytes, str, list[Stamped]]:
        stop = self.machine.run(LONGEST_NS)
        assert stop.reason is Reason.REPORTED, stop
        return self.console.data, self.hash.hexdigest(), self.machine.inbox.log


CUED = (Typing("a", "Ready>"), Typing("b"), Typing("c\n", "ab"))


def test_keys_typed_from_the_start_are_held_until_the_bios_takes_them(tmp_path: Path) -> None:
    console, _, log = Reader(tmp_path, Typing("Hello, <shift-w>orld!<enter>")).run()
    assert console.endswith(b"Hello, World!\r")
    assert [each.position.ticks for each in log] == [0]


def test_keys_wait_for_what_the_screen_and_the_console_show(tmp_path: Path) -> None:
    console, _, log = Reader(tmp_path, *CUED).run()
    assert console.endswith(b"abc\r")
    assert [each.position.ticks > 0 for each in log] == [True, True, True]


@pytest.mark.parametrize("pace", [Pace(), Pace(slice_bytes=1000)])
def test_keys_make_the_same_run_however_it_is_cut_and_when_they_are_replayed(
    tmp_path: Path, pace: Pace
) -> None:
    expected = Reader(tmp_path, *CUED).run()
    again, replayed = Reader(tmp_path, *CUED), Reader(tmp_path)
    again.machine.loop.pace = replayed.machine.loop.pace = pace
    replayed.machine.inbox.replay(expected[2])
    assert again.run() == replayed.run() == expected


def test_a_cue_that_is_never_given_does_not_keep_an_idle_machine_alive(tmp_path: Path) -> None:
    reader = Reader(tmp_path, Typing("x", "never shown"))
    assert reader.machine.run(LONGEST_NS).reason in (Reason.LIMIT, Reason.IDLE)
