"""`[[input]]`: what is typed into serial ports and on the keyboard, each when its cue has been shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emu.core.events import Observers
from emu.inspect.cues import Cues
from emu.machine.config import Drive, MachineConfig, Typing
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason
from emu.observe.trace_hash import TraceHash
from tests.guests.test_keys import Collector
from tests.laws.bench import Everything, assemble

LONGEST_NS = 500_000_000
LOGIN = """
cld; xor ax, ax; mov ds, ax; mov si, offset user; mov dx, 0x3f8; call ask
mov si, offset secret; mov dx, 0x2f8; call ask
mov si, offset any; mov dx, 0x3f8; call puts; mov ah, 0; int 0x16; mov dx, 0x3f8; call put
mov al, 0; out 0xf4, al; cli; hlt
put: mov ah, al; add dx, 5
busy: in al, dx; test al, 0x20; jz busy
sub dx, 5; mov al, ah; out dx, al; ret
puts: lodsb; test al, al; jz done; call put; jmp puts
done: ret
ask: call puts
wait: add dx, 5; in al, dx; sub dx, 5; test al, 1; jz wait
in al, dx; mov bx, dx; mov dx, 0x3f8; call put; mov dx, bx; cmp al, 10; jne wait
ret
user: .asciz "login: "
secret: .asciz "Password: "
any: .asciz "Any key"
"""
"""Asks at COM1, then at COM2, then for a key; puts what it gets out at COM1."""
TYPINGS = (
    Typing("root\n", "login: ", "serial"),
    Typing("secret\n", "Password: ", "serial2"),
    Typing("x", "Any key"),
)


class Login:
    """A machine that boots the sector from a disk."""

    def __init__(
        self,
        folder: Path,
        *typings: Typing,
        pace: Pace | None = None,
        watched: bool = False,
        native: bool = True,
    ) -> None:
        disk = folder / "disk.img"
        disk.write_bytes(assemble(LOGIN).ljust(510, b"\0") + b"\x55\xaa")
        self.console, observers = Collector(), Observers()
        config = MachineConfig(memory_mib=4, drives=(Drive(disk, 0),))
        self.machine = Machine(config, observers=observers, serial=self.console, native=native)
        self.machine.loop.pace = pace or Pace()
        self.hash = TraceHash(self.machine.clock)
        observers.attach(self.hash)
        if watched:
            observers.attach(Everything())
        observers.attach(Cues(self.machine, typings))

    def run(self) -> tuple[bytes, str]:
        stop = self.machine.run(LONGEST_NS)
        assert stop.reason is Reason.REPORTED, stop
        return self.console.data, self.hash.hexdigest()


def test_each_input_goes_where_it_is_for_when_its_cue_has_been_shown(tmp_path: Path) -> None:
    console, _ = Login(tmp_path, *TYPINGS).run()
    assert console.endswith(b"login: root\nsecret\nAny keyx")


@pytest.mark.parametrize(
    "how", [{"pace": Pace(slice_bytes=100)}, {"watched": True}, {"native": False}], ids=str
)
def test_inputs_make_the_same_run_however_it_is_cut_or_watched(tmp_path: Path, how: dict[str, Any]) -> None:
    assert Login(tmp_path, *TYPINGS, **how).run() == Login(tmp_path, *TYPINGS).run()


def test_an_input_waits_for_those_before_it(tmp_path: Path) -> None:
    """The second one's cue comes first, and is gone when it is its turn."""
    typings = (TYPINGS[1], TYPINGS[0])
    assert Login(tmp_path, *TYPINGS).machine.run(100_000_000).reason is Reason.REPORTED
    assert Login(tmp_path, *typings).machine.run(100_000_000).reason is Reason.LIMIT
