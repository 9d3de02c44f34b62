"""A stub with a machine behind it, spoken to in payloads."""

from __future__ import annotations

from emu.debug.debugger import Debugger
from emu.debug.gates import Gates
from emu.debug.gdb.monitor import Monitor
from emu.debug.gdb.stub import Stub
from emu.debug.gdb.target import Target
from emu.debug.gdb.target_description import Width
from emu.machine.loader import load
from emu.machine.machine import Machine

NS_PER_S = 1_000_000_000


class Null:
    """What the guest writes goes nowhere."""

    def write(self, data: bytes) -> None:
        """Take `data`."""


class Client:
    """One who connects again and again to one machine."""

    def __init__(self, guest: str = "hello", width: Width = Width.ALL, limit_ns: int = NS_PER_S) -> None:
        gates = Gates()
        self.machine = Machine(load(guest), serial=gates.sink(Null()), tracked=True)
        limit = limit_ns * self.machine.clock.ticks_per_ns
        self.debugger = Debugger(self.machine, say=print, gates=gates, limit=limit)
        self.target = Target(self.debugger)
        self.commands = Monitor(self.debugger, width)
        self.connect()

    def connect(self) -> None:
        """Begin anew with the machine as it is."""
        self.stub = Stub(self.target, self.commands)

    def ask(self, payload: bytes | str) -> bytes:
        """The last packet of the answer, nothing where there is none."""
        return [b"", *self.ask_all(payload)][-1]

    def ask_all(self, payload: bytes | str) -> list[bytes]:
        """All packets of the answer."""
        return self.stub.respond(payload.encode() if isinstance(payload, str) else payload)

    def monitor(self, text: str) -> str:
        """What `monitor` shows."""
        *shown, last = self.ask_all(b"qRcmd," + text.encode().hex().encode())
        assert last == b"OK"
        return b"".join(bytes.fromhex(each[1:].decode()) for each in shown).decode()

    def number(self, name: str) -> int:
        """A register's value."""
        names = [register.name for register in self.stub.description.registers]
        return int.from_bytes(bytes.fromhex(self.ask(f"p{names.index(name):x}").decode()), "little")
