"""When things happened, for a picture: sums over stretches of virtual time, and the few single events.

Everything that happens often is counted in a lane: accesses to ports by who answers, interrupts and
exceptions, bytes of disks, links and consoles. A lane is cut into stretches of equal width, and only those in
which something happened take room; when there are too many the width doubles. So the picture stays small
however long the run, and it is the same picture however the run was cut.

What happens seldom keeps its moment: departures, faults, resets, results, and changes of the processor's
mode. Those are noticed at port accesses and deliveries: at each of the first thousands, then at every second,
fourth ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from emu.core.bus import PortBus, Region
from emu.core.clock import ELAPSED, Clock
from emu.core.events import Observer

FIRST_WIDTH_NS = 256
MOST_STRETCHES = 512
MOST_EVENTS = 256
MOST_MODES = 256
LOOKS = 8192
"""So many accesses and deliveries are looked at one by one; from then on twice as many half as closely."""

PORTS = {
    "xen-unplug": "unplug ports",
    "primary": "IDE ports",
    "secondary": "IDE ports",
    "ide": "IDE ports",
    "rtl8029": "NIC ports",
    "pci": "PCI configuration",
    "com": "serial ports",
    "vga": "VGA ports",
    "i8042": "keyboard ports",
    "fw_cfg": "firmware's ports",
    "debug": "debug ports",
    "exit": "debug ports",
    "post": "debug ports",
}
"""Lanes of ports, by how the names of their regions begin."""
UNCLAIMED, BOARD = "unclaimed ports", "board's ports"


class Lane:
    """Sums of one kind of thing over stretches of time."""

    def __init__(self, name: str, kind: str, unit: str, ticks_per_ns: int) -> None:
        """`kind` is what lanes are coloured by; `unit` is what the sums are sums of."""
        self.name, self.kind, self.unit = name, kind, unit
        self._ticks_per_ns = ticks_per_ns
        self._width = FIRST_WIDTH_NS * ticks_per_ns
        self._sums: dict[int, int] = {}

    def add(self, ticks: int, amount: int = 1) -> None:
        """Something happened at `ticks`."""
        stretch, sums = ticks // self._width, self._sums
        if stretch in sums:
            sums[stretch] += amount
        else:
            sums[stretch] = amount
            if len(sums) > MOST_STRETCHES:
                self._widen()

    def _widen(self) -> None:
        while len(self._sums) > MOST_STRETCHES:
            self._width *= 2
            wider: dict[int, int] = {}
            for stretch, amount in self._sums.items():
                wider[stretch // 2] = wider.get(stretch // 2, 0) + amount
            self._sums = wider

    def as_plain(self) -> dict[str, Any]:
        """`at` numbers the stretches that are not empty, each by how much further it is than the last."""
        stretches = sorted(self._sums)
        before = [0, *stretches]
        return {
            "name": self.name,
            "kind": self.kind,
            "unit": self.unit,
            "total": sum(self._sums.values()),
            "width_ns": self._width // self._ticks_per_ns,
            "at": [here - last for last, here in zip(before, stretches, strict=False)],
            "sums": [self._sums[stretch] for stretch in stretches],
        }


class Changes:
    """What held from when on; where that changes too often, the shortest times are left out."""

    def __init__(self) -> None:
        self._changes: list[tuple[int, str]] = []
        self._shortest = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return iter(self._changes)

    def add(self, ticks: int, value: str) -> None:
        """From `ticks` on it is `value`."""
        self._append(ticks, value)
        while len(self._changes) > MOST_MODES:
            self._shortest = max(2 * self._shortest, 1)
            kept, self._changes = self._changes, []
            for each in kept:
                self._append(*each)

    def _append(self, ticks: int, value: str) -> None:
        changes = self._changes
        if len(changes) > 1 and ticks - changes[-1][0] < self._shortest:
            ticks, _ = changes.pop()
        if not changes or changes[-1][1] != value:
            changes.append((ticks, value))


class _PortLanes(dict[Region | None, Lane]):
    """The lane of each region, found when it is first wanted."""

    def __init__(self, lane: Callable[[str, str, str], Lane]) -> None:
        super().__init__()
        self._lane = lane

    def __missing__(self, region: Region | None) -> Lane:
        name = UNCLAIMED if region is None else _lane_name(region.name)
        self[region] = lane = self._lane(name, "ports", "accesses")
        return lane


def _lane_name(region: str) -> str:
    return next((lane for start, lane in PORTS.items() if region.startswith(start)), BOARD)


class Timeline(Observer):
    """Gathers the picture; `as_plain` gives it."""

    def __init__(self, clock: Clock, ports: PortBus, mode: Callable[[], str]) -> None:
        """`mode` says in words which mode the processor is in."""
        self._clock, self._cells = clock, clock.cells
        self._owner, self._mode = ports.owner, mode
        self._lanes: dict[str, Lane] = {}
        self._by_region = _PortLanes(self._lane)
        self._modes = Changes()
        self._last_mode = ""
        self._looks, self._every, self._wait = 0, 1, 1
        self._events: list[tuple[int, str, str]] = []
        self._left_out = 0

    def as_plain(self) -> dict[str, Any]:
        """The picture so far, as plain data. Times are in nanoseconds."""
        per_ns = self._clock.ticks_per_ns
        return {
            "end_ns": self._clock.now,
            "lanes": [lane.as_plain() for lane in self._lanes.values()],
            "modes": [[ticks // per_ns, mode] for ticks, mode in self._modes],
            "events": [[ticks // per_ns, kind, text] for ticks, kind, text in self._events],
            "events_left_out": self._left_out,
        }

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        self._access(port, 1)

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        self._access(port, 1)

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS: each element is an access."""
        self._access(port, len(data) // width)

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS: each element is an access."""
        self._access(port, len(data) // width)

    def interrupt_delivered(self, vector: int) -> None:
        """An external interrupt was taken."""
        self._delivery("interrupts")

    def exception_delivered(self, vector: int, error_code: int | None, address: int) -> None:
        """An exception is about to be delivered."""
        self._delivery("exceptions")

    def software_interrupt(self, vector: int, address: int) -> None:
        """INT n was executed."""
        self._delivery("INT n")

    def disk_read(self, drive: str, offset: int, data: bytes) -> None:
        """A drive read its image."""
        self._add(f"{drive} read", "disk", "bytes", len(data))

    def disk_write(self, drive: str, offset: int, data: bytes) -> None:
        """A drive wrote its image."""
        self._add(f"{drive} written", "disk", "bytes", len(data))

    def disk_flush(self, drive: str) -> None:
        """A drive made its writes durable."""
        self._add(f"{drive} flushed", "disk", "times", 1)

    def frame_sent(self, nic: str, frame: bytes) -> None:
        """A frame left."""
        self._add(f"{nic} sent", "network", "bytes", len(frame))

    def frame_received(self, nic: str, frame: bytes) -> None:
        """A frame came."""
        self._add(f"{nic} received", "network", "bytes", len(frame))

    def store_access(self, operation: str, path: str, value: str) -> None:
        """The store was used."""
        self._add("store", "store", "accesses", 1)

    def console_output(self, name: str, data: bytes) -> None:
        """The guest wrote."""
        self._add(f"console {name}", "console", "bytes", len(data))

    def unplugged(self, target: str, location: str) -> None:
        """Something left its bus."""
        self._happened("unplug", f"{target} left {location}")

    def guest_report(self, status: int) -> None:
        """The guest told its result."""
        self._happened("end", f"the guest wrote {status} to the exit port")

    def reset_requested(self, cause: str) -> None:
        """The machine is reset."""
        self._happened("reset", f"reset by {cause}")

    def powered_off(self) -> None:
        """The guest switched the machine off."""
        self._happened("end", "the guest switched the machine off")

    def fault(self, name: str) -> None:
        """The host misbehaves."""
        self._happened("fault", f"fault: {name}")

    def _access(self, port: int, count: int) -> None:
        owner = self._owner(port)
        self._by_region[owner[0] if owner else None].add(self._cells[ELAPSED], count)
        self._wait -= 1
        if not self._wait:
            self._look()

    def _delivery(self, lane: str) -> None:
        self._add(lane, "interrupts", "deliveries", 1)
        self._wait -= 1
        if not self._wait:
            self._look()

    def _look(self) -> None:
        """Notice in which mode the processor is, and say when to look next."""
        self._looks += 1
        if self._looks == LOOKS:
            self._looks, self._every = LOOKS // 2, 2 * self._every
        self._wait = self._every
        mode = self._mode()
        if mode != self._last_mode:
            self._last_mode = mode
            self._modes.add(self._cells[ELAPSED], mode)

    def _add(self, name: str, kind: str, unit: str, amount: int) -> None:
        self._lane(name, kind, unit).add(self._cells[ELAPSED], amount)

    def _lane(self, name: str, kind: str, unit: str) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(name, kind, unit, self._clock.ticks_per_ns)
        return lane

    def _happened(self, kind: str, text: str) -> None:
        if len(self._events) < MOST_EVENTS:
            self._events.append((self._cells[ELAPSED], kind, text))
        else:
            self._left_out += 1
