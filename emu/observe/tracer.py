"""The tracer: events as lines for a person or as JSON for a program, with registers and values by name.

A line has the virtual time, CS:RIP, the kind of event, and what happened. CS:RIP is that of the instruction
that made the access; for device memory the engine knows only the block, and then a `+` follows. An access to
a port is first shown to decoders (for PCI configuration, for the unplug protocol); one that knows it gives it
a kind and words of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from emu.core.bus import MmioBus, PortBus, Region
from emu.core.clock import Clock
from emu.core.events import Observer
from emu.observe.kinds import KINDS, Decoder

MACHINE = "machine"
"""The kind of events that only `all` shows."""
SHOWN_BYTES = 16

EXCEPTIONS = {
    0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM", 8: "#DF", 10: "#TS",
    11: "#NP", 12: "#SS", 13: "#GP", 14: "#PF", 16: "#MF", 17: "#AC", 18: "#MC", 19: "#XM",
}  # fmt: skip


class Journal:
    """Where events become lines: text or JSON, each with time and place."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        clock: Clock,
        position: Callable[[], tuple[int, int]],
        as_json: bool = False,
    ) -> None:
        """`write` takes lines with their newline; `position` gives CS and RIP."""
        self._write = write
        self._clock = clock
        self._position = position
        self._as_json = as_json

    def add(self, kind: str, event: str, text: str, *, exact: bool = True, **facts: Any) -> None:
        """One event: `text` for a person, `facts` for a program. `exact` False: RIP is the block's."""
        cs, rip = self._position()
        if self._as_json:
            record = {
                "ns": self._clock.now,
                "cs": cs,
                "rip": rip,
                "exact": exact,
                "kind": kind,
                "event": event,
            }
            self._write(json.dumps(record | {"text": text} | facts) + "\n")
        else:
            place = f"{cs:04x}:{rip:08x}{' ' if exact else '+'}"
            self._write(f"{self._clock.now / 1e6:14.6f} ms  {place} {kind:<10} {text}\n")


def trace_observers(
    kinds: Collection[str],
    journal: Journal,
    *,
    ports: PortBus,
    mmio: MmioBus,
    decoders: Collection[Decoder] = (),
) -> list[Observer]:
    """The observers that write events of `kinds` to `journal`. All kinds together add the machine's own."""
    observers: list[Observer] = []
    if {"ports", "pci", "unplug"} & set(kinds):
        observers.append(_Ports(kinds, journal, ports, decoders))
    if "mmio" in kinds:
        observers.append(_Mmio(journal, mmio))
    by_kind: dict[str, type[_Journalled]] = {
        "irq": _Interrupts,
        "exceptions": _Exceptions,
        "disk": _Disks,
        "net": _Network,
        "unplug": _Unplug,
        "store": _Store,
        "faults": _Faults,
    }
    observers += [observer(journal) for kind, observer in by_kind.items() if kind in kinds]
    if set(KINDS) <= set(kinds):
        observers.append(_Machine(journal))
    return observers


def shown(data: bytes) -> str:
    """The first bytes in hexadecimal."""
    return data[:SHOWN_BYTES].hex(" ") + (" ..." if len(data) > SHOWN_BYTES else "")


def _register(region: Region, offset: int, value: int, *, write: bool) -> tuple[str, str]:
    """What the data sheet calls the register at `offset`, and the fields of `value`."""
    if region.registers is None:
        return f"+{offset:#x}", ""
    name = region.registers.name(offset, write=write) or f"+{offset:#x}"
    return name, region.registers.explain(offset, value, write=write)


class _Ports(Observer):
    """Accesses to ports, each under the most telling kind that is wanted."""

    def __init__(
        self, kinds: Collection[str], journal: Journal, ports: PortBus, decoders: Collection[Decoder]
    ) -> None:
        self._kinds = kinds
        self._journal = journal
        self._bus = ports
        self._decoders = decoders

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        self._access("port_read", port, width, value, write=False)

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        self._access("port_write", port, width, value, write=True)

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS."""
        self._string("port_string_read", port, width, data)

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS."""
        self._string("port_string_written", port, width, data)

    def _access(self, event: str, port: int, width: int, value: int, *, write: bool) -> None:
        verb = "write" if write else "read "
        access = f"{verb} {port:#05x}.{width} = {value:#0{2 + 2 * width}x}"
        facts: dict[str, Any] = {"port": port, "width": width, "value": value}
        for decoder in self._decoders:
            decoded = decoder(port, width, value, write)
            if decoded is not None and decoded.kind in self._kinds:
                self._journal.add(decoded.kind, event, f"{access:<29} {decoded.text}", **facts)
                return
        if "ports" not in self._kinds:
            return
        owner = self._bus.owner(port)
        if owner is None:
            self._journal.add("ports", event, f"{access:<29} nobody answers", **facts)
            return
        name, fields = _register(*owner, value, write=write)
        text = f"{access:<29} {owner[0].name} {name}" + (f": {fields}" if fields else "")
        self._journal.add("ports", event, text, device=owner[0].name, register=name, fields=fields, **facts)

    def _string(self, event: str, port: int, width: int, data: bytes) -> None:
        if "ports" not in self._kinds:
            return
        owner = self._bus.owner(port)
        device = owner[0].name if owner else ""
        verb = "read " if event == "port_string_read" else "write"
        access = f"{verb} {port:#05x}.{width} x {len(data) // width}"
        facts: dict[str, Any] = {"port": port, "width": width, "count": len(data) // width, "device": device}
        self._journal.add("ports", event, f"{access:<29} {device}: {shown(data)}", data=shown(data), **facts)


class _Mmio(Observer):
    def __init__(self, journal: Journal, mmio: MmioBus) -> None:
        self._journal = journal
        self._bus = mmio

    def mmio_read(self, address: int, width: int, value: int) -> None:
        """A read of device memory."""
        self._access("mmio_read", address, width, value, write=False)

    def mmio_write(self, address: int, width: int, value: int) -> None:
        """A write of device memory."""
        self._access("mmio_write", address, width, value, write=True)

    def _access(self, event: str, address: int, width: int, value: int, *, write: bool) -> None:
        name, fields = "nobody answers", ""
        for base, region in self._bus.regions:
            if base <= address < base + region.size:
                register, fields = _register(region, address - base, value, write=write)
                name = f"{region.name} {register}"
        access = f"{'write' if write else 'read '} {address:#010x}.{width} = {value:#0{2 + 2 * width}x}"
        text = f"{access:<34} {name}" + (f": {fields}" if fields else "")
        facts: dict[str, Any] = {
            "address": address,
            "width": width,
            "value": value,
            "register": name,
            "fields": fields,
        }
        self._journal.add("mmio", event, text, exact=False, **facts)


class _Journalled(Observer):
    """An observer that needs nothing but the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal


class _Interrupts(_Journalled):
    def line_changed(self, name: str, level: bool) -> None:
        """A wire changed."""
        text = f"{name} goes {'high' if level else 'low'}"
        self._journal.add("irq", "line_changed", text, line=name, level=level)

    def interrupt_delivered(self, vector: int) -> None:
        """An external interrupt was taken."""
        self._journal.add("irq", "interrupt_delivered", f"interrupt {vector:#04x} delivered", vector=vector)


class _Exceptions(_Journalled):
    def exception_delivered(self, vector: int, error_code: int | None, address: int) -> None:
        """An exception is about to be delivered."""
        text = f"exception {vector:#04x} {EXCEPTIONS.get(vector, '')}".rstrip()
        text += "" if error_code is None else f" error {error_code:#06x}"
        facts: dict[str, Any] = {"vector": vector, "error_code": error_code, "address": address}
        self._journal.add("exceptions", "exception_delivered", f"{text} at {address:#x}", **facts)

    def software_interrupt(self, vector: int, address: int) -> None:
        """INT n was executed."""
        text = f"int {vector:#04x} before {address:#x}"
        self._journal.add("exceptions", "software_interrupt", text, vector=vector, address=address)


class _Disks(_Journalled):
    def disk_read(self, drive: str, offset: int, data: bytes) -> None:
        """A drive read its image."""
        self._moved("disk_read", "read", drive, offset, data)

    def disk_write(self, drive: str, offset: int, data: bytes) -> None:
        """A drive wrote its image."""
        self._moved("disk_write", "wrote", drive, offset, data)

    def disk_flush(self, drive: str) -> None:
        """A drive's writes were made durable."""
        self._journal.add("disk", "disk_flush", f"{drive} flushed", drive=drive)

    def disk_close(self, drive: str) -> None:
        """A drive's image was closed."""
        self._journal.add("disk", "disk_close", f"{drive} closed its image", drive=drive)

    def _moved(self, event: str, verb: str, drive: str, offset: int, data: bytes) -> None:
        text = f"{drive} {verb} {len(data)} bytes at {offset:#x}: {shown(data)}"
        facts: dict[str, Any] = {"drive": drive, "offset": offset, "length": len(data), "data": shown(data)}
        self._journal.add("disk", event, text, **facts)


class _Network(_Journalled):
    def frame_sent(self, nic: str, frame: bytes) -> None:
        """A card sent a frame."""
        self._frame("frame_sent", "sent", nic, frame)

    def frame_received(self, nic: str, frame: bytes) -> None:
        """A frame arrived at a card."""
        self._frame("frame_received", "received", nic, frame)

    def link_close(self, nic: str) -> None:
        """A card's link was closed."""
        self._journal.add("net", "link_close", f"{nic} closed its link", nic=nic)

    def _frame(self, event: str, verb: str, nic: str, frame: bytes) -> None:
        to, sender, kind = frame[:6].hex(":"), frame[6:12].hex(":"), frame[12:14].hex()
        text = f"{nic} {verb} {len(frame)} bytes {sender} -> {to} type {kind}"
        facts: dict[str, Any] = {"nic": nic, "length": len(frame), "to": to, "from": sender, "type": kind}
        self._journal.add("net", event, text, **facts)


class _Unplug(_Journalled):
    def unplugged(self, target: str, location: str) -> None:
        """Something left its bus."""
        text = f"{target} left {location}"
        self._journal.add("unplug", "unplugged", text, target=target, location=location)

    def guest_log(self, line: bytes) -> None:
        """A line of the guest's log."""
        words = line.decode(errors="backslashreplace")
        self._journal.add("unplug", "guest_log", f"guest log {words!r}", line=words)

    def host_log(self, text: str) -> None:
        """A line of the host's log."""
        self._journal.add("unplug", "host_log", f"host log {text!r}", line=text)


class _Store(_Journalled):
    def store_access(self, operation: str, path: str, value: str) -> None:
        """The store was asked."""
        facts: dict[str, Any] = {"operation": operation, "path": path, "value": value}
        self._journal.add("store", "store_access", f"{operation} {path} {value!r}", **facts)


class _Faults(_Journalled):
    def fault(self, name: str) -> None:
        """The host misbehaves."""
        self._journal.add("faults", "fault", f"a host that misbehaves: {name}", name=name)


class _Machine(_Journalled):
    def console_output(self, name: str, data: bytes) -> None:
        """Bytes left the machine."""
        words = data.decode("latin-1")
        self._journal.add(MACHINE, "console_output", f"{name} put out {words!r}", name=name, data=words)

    def guest_report(self, status: int) -> None:
        """The guest reported."""
        self._journal.add(MACHINE, "guest_report", f"the guest reported status {status}", status=status)

    def reset_requested(self, cause: str) -> None:
        """Something pulled the reset line."""
        self._journal.add(MACHINE, "reset_requested", f"reset by {cause}", cause=cause)

    def powered_off(self) -> None:
        """The guest switched off."""
        self._journal.add(MACHINE, "powered_off", "power off")

    def note(self, source: str, text: str) -> None:
        """Something odd."""
        self._journal.add(MACHINE, "note", f"{source}: {text}", source=source)
