"""What stands between a test in Python and its guest: memory, ports seen, text that is waited for."""

from __future__ import annotations

import re

from emu.core.events import Observer
from emu.inspect.summary import as_text
from emu.inspect.view import View
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from emu.smoke.watches import ROMS

FOUND = "what was waited for has come"
LONGEST_UNREAD = 1 << 20
"""Bytes of console that a text is looked for in."""


class GuestMemory:
    """A guest's memory; looking changes nothing."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def linear(self, address: int, length: int) -> bytes:
        """Bytes from a linear address on, through the page tables of now; fewer where a page is missing."""
        return View(self._machine).read(address, length)

    def physical(self, address: int, length: int) -> bytes:
        """Bytes from a physical address on."""
        return self._machine.memory.peek(address, length)


class PortsSeen(Observer):
    """Which ports the guest's own code accesses."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.seen: set[int] = set()

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        self._see(port)

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        self._see(port)

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS."""
        self._see(port)

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS."""
        self._see(port)

    def _see(self, port: int) -> None:
        if port not in self.seen and self._machine.processor.look().linear_ip not in ROMS:
            self.seen.add(port)


class Waiter(Observer):
    """Stops the machine when the console shows what is waited for."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._unread = bytearray()
        self._wanted: re.Pattern[bytes] | None = None
        self.line = ""
        """The line that was found last, as far as it has come."""
        self.head = ""
        """Its beginning, up to the end of what was found."""

    def wait_for(self, wanted: str | re.Pattern[str]) -> bool:
        """Wait from now on; True where it is there already."""
        if isinstance(wanted, str):
            self._wanted = re.compile(re.escape(wanted.encode()))
        else:
            flags = wanted.flags & ~re.UNICODE | re.MULTILINE
            self._wanted = re.compile(wanted.pattern.encode(), flags)
        return self._look()

    def give_up(self) -> None:
        """Wait no more."""
        self._wanted = None

    def console_output(self, name: str, data: bytes) -> None:
        """Bytes left the machine."""
        if name == "com1":
            self._unread += data.replace(b"\r", b"")
            del self._unread[:-LONGEST_UNREAD]
            if self._look():
                self._machine.stop(Stop(Reason.ASKED, detail=FOUND))

    def _look(self) -> bool:
        found = self._wanted.search(self._unread) if self._wanted is not None else None
        if found is None:
            return False
        begin = self._unread.rfind(b"\n", 0, found.start()) + 1
        end = self._unread.find(b"\n", found.start())
        self.head = as_text(bytes(self._unread[begin : found.end()]))
        self.line = as_text(bytes(self._unread[begin : end if end >= 0 else len(self._unread)]))
        del self._unread[: found.end()]
        self._wanted = None
        return True
