"""Observers that know what is expected of a run: each says what is broken, at once where that is possible."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from emu.core.events import Observer
from emu.devices.pci.bus import CONFIG_DATA_PORT
from emu.inspect.summary import as_text
from emu.machine.machine import Machine
from emu.smoke.tables import Line, Untouched

Broken = Callable[[str], None]
"""Told in a sentence what was broken."""

LONGEST_LINE = 4096
"""Bytes of a line that are looked at."""
SHOWN_LINES = 3
AFTER_UNPLUG = "unplug"
BOOTSTRAP = 0x19
ROMS = range(0xC_0000, 0x10_0000)


class Lines:
    """Cuts bytes into lines as they come."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._open = bytearray()

    def add(self, data: bytes) -> None:
        """More bytes."""
        *whole, rest = data.replace(b"\r", b"").split(b"\n")
        for part in whole:
            self._open += part[:LONGEST_LINE]
            self.end()
        self._open += rest[: max(LONGEST_LINE - len(self._open), 0)]

    def end(self) -> None:
        """The line ends here."""
        line, self._open = bytes(self._open[:LONGEST_LINE]), bytearray()
        self._take(as_text(line))

    def close(self) -> None:
        """Nothing more comes: what is there is a line."""
        if self._open:
            self.end()


class InOrder:
    """Lines that must come one after the other; others may come between."""

    def __init__(self, what: str, wanted: Sequence[Line]) -> None:
        self._what = what
        self._wanted = wanted
        self._found = 0
        self._last: deque[str] = deque(maxlen=SHOWN_LINES)
        self._before = ""

    def take(self, line: str) -> None:
        """A line came."""
        self._last.append(line)
        if self._found < len(self._wanted) and self._wanted[self._found].found_in(line):
            self._found += 1
            self._before = line

    def missing(self) -> str | None:
        """What is said where the run is over and a line is missing."""
        if self._found == len(self._wanted):
            return None
        behind = f" after line {self._found}, {self._before!r}" if self._found else ""
        last = "; its last lines: " + " | ".join(map(repr, self._last)) if self._last else "; it is empty"
        wanted = f"expected line {self._found + 1} {self._wanted[self._found]}"
        return f"{self._what}: {wanted} did not come{behind}{last}"


class ConsoleWatch(Observer):
    """The console: lines in order, lines that must not come."""

    def __init__(self, wanted: Sequence[Line], never: Sequence[Line], broken: Broken) -> None:
        self.wanted = InOrder("console", wanted)
        self.lines = 0
        self._never = never
        self._broken = broken
        self._cut = Lines(self._take)

    def console_output(self, name: str, data: bytes) -> None:
        """Bytes left the machine."""
        if name == "com1":
            self._cut.add(data)

    def close(self) -> None:
        """The run is over."""
        self._cut.close()

    def _take(self, line: str) -> None:
        self.lines += 1
        self.wanted.take(line)
        for banned in self._never:
            if banned.found_in(line):
                self._broken(f"console: {banned} must not come, but line {self.lines} is {line!r}")


class LogWatch(Observer):
    """The guest's and the host's log: lines in order, and how much the guest may log."""

    def __init__(self, guest: Sequence[Line], host: Sequence[Line], most: int | None, broken: Broken) -> None:
        self.guest, self.host = InOrder("guest's log", guest), InOrder("host's log", host)
        self._most = most
        self._logged = 0
        self._broken = broken

    def guest_log(self, line: bytes) -> None:
        """A line of the guest's log."""
        self.guest.take(as_text(line))
        before, self._logged = self._logged, self._logged + len(line) + 1
        if self._most is not None and before <= self._most < self._logged:
            self._broken(f"guest's log: more than the {self._most} bytes that log_bytes allows")

    def host_log(self, text: str) -> None:
        """A line of the host's log."""
        self.host.take(text)


class TouchWatch(Observer):
    """Ports and functions that the guest's own programs must leave alone.

    Firmware finds every device, so nothing counts before the guest's programs run (before a disk is read or
    INT 19h is executed; from the start where a kernel was entered), nor what code in ROMs below 1 MiB does,
    for the guest or not. A function is touched where its ports
    or its memory are accessed, or its configuration is written: to look whether it is there is no touch.
    """

    def __init__(self, machine: Machine, wanted: Sequence[Untouched], broken: Broken) -> None:
        self._machine = machine
        self._broken = broken
        self._booted = machine.config.kernel is not None
        self._counting = [each for each in wanted if each.after is None]
        self._waiting = [each for each in wanted if each.after is not None]
        self._functions = {each.location: each.function for each in machine.pci.functions()}
        self._held: dict[str, list[tuple[bool, range]]] = {}
        self._cut = Lines(self._line)
        if self._booted:
            self._hold()

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        self._port(port, "read")

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        if CONFIG_DATA_PORT <= port < CONFIG_DATA_PORT + 4:
            self._configured()
        else:
            self._port(port, "wrote")

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS."""
        self._port(port, "read")

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS."""
        self._port(port, "wrote")

    def mmio_read(self, address: int, width: int, value: int) -> None:
        """A read of device memory."""
        self._memory(address, "read")

    def mmio_write(self, address: int, width: int, value: int) -> None:
        """A write of device memory."""
        self._memory(address, "wrote")

    def disk_read(self, drive: str, offset: int, data: bytes) -> None:
        """A drive read its image."""
        self._begin()

    def software_interrupt(self, vector: int, address: int) -> None:
        """INT n."""
        if vector == BOOTSTRAP:
            self._begin()

    def unplugged(self, target: str, location: str) -> None:
        """Something left its bus."""
        self._count(lambda after: after == AFTER_UNPLUG)

    def console_output(self, name: str, data: bytes) -> None:
        """Bytes left the machine."""
        if self._waiting and name == "com1":
            self._cut.add(data)

    def _line(self, line: str) -> None:
        self._count(lambda after: after != AFTER_UNPLUG and after in line)

    def _begin(self) -> None:
        if not self._booted:
            self._booted = True
            self._hold()

    def _count(self, due: Callable[[str], bool]) -> None:
        """From now on those whose moment has come count."""
        ready = [each for each in self._waiting if each.after is not None and due(each.after)]
        self._waiting = [each for each in self._waiting if each not in ready]
        self._counting += ready
        self._hold()

    def _hold(self) -> None:
        """Know where the functions answer: one that was unplugged answered there."""
        for each in self._counting:
            function = self._functions.get(each.function or "")
            if function is None or each.function in self._held:
                continue
            self._held[each.function or ""] = [
                (placement.memory, range(placement.base, placement.base + placement.region.size))
                for placement in function.placements()
                if placement.base is not None
            ]

    def _port(self, port: int, did: str) -> None:
        if self._booted:
            for each in self._counting:
                held = [ports for memory, ports in self._held.get(each.function or "", ()) if not memory]
                if any(port in ports for ports in ([each.ports] if each.ports else held)):
                    self._touched(each, f"it {did} port {port:#x}")

    def _memory(self, address: int, did: str) -> None:
        if self._booted:
            for each in self._counting:
                held = [area for memory, area in self._held.get(each.function or "", ()) if memory]
                if any(address in area for area in held):
                    self._touched(each, f"it {did} memory at {address:#x}")

    def _configured(self) -> None:
        address = self._machine.pci.state.address
        place = f"{address.device:02x}.{address.function}"
        for each in self._counting:
            if self._booted and each.function == place and not address.bus:
                self._touched(each, f"it wrote its configuration at {address.register * 4:#x}")

    def _touched(self, what: Untouched, how: str) -> None:
        if self._machine.processor.look().linear_ip in ROMS:
            return
        after = f" after {what.after!r}" if what.after else ""
        self._broken(f"the guest must not touch {what.written}{after}, but {how}")
