"""`[[fault]]` in machine files, and `--fault` of the same shape: what each kind needs, and its moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emu.machine import values
from emu.machine.config import POSITIONS, Fault
from emu.machine.nearest import suggestion

IRQS = {
    "timer": 0,
    "keyboard": 1,
    "com2": 3,
    "com1": 4,
    "rtc": 8,
    "acpi": 9,
    "mouse": 12,
    "ide0": 14,
    "ide1": 15,
}
"""ISA interrupts by what drives them; network cards have the one that firmware routes them to."""
CASCADE = 2


@dataclass(frozen=True)
class Kind:
    """A kind of fault: keys it needs, keys it may have, and its default name."""

    needs: tuple[str, ...]
    may: tuple[str, ...]
    name: str


KINDS: Mapping[str, Kind] = {
    "port-floats": Kind(("port",), ("width",), "port {port:#x} floats"),
    "wrong-value": Kind(("port",), ("width", "value", "xor"), "port {port:#x} reads wrong"),
    "lost-write": Kind(("port",), ("width",), "port {port:#x} loses a write"),
    "lost-interrupt": Kind(("irq",), (), "IRQ {irq} is lost"),
    "doubled-interrupt": Kind(("irq",), (), "IRQ {irq} comes twice"),
    "disk-error": Kind(("drive",), ("lba", "access"), "drive {drive} fails to {access}"),
    "slow-disk": Kind(("drive", "delay"), (), "drive {drive} is slow"),
    "dropped-frame": Kind((), ("nic", "direction"), "nic {nic} loses a frame"),
    "damaged-frame": Kind((), ("nic", "direction", "byte", "xor"), "nic {nic} has a frame damaged"),
    "full-log": Kind((), (), "the guest's log is full"),
}
WHEN = ("at", "from", "count", "every", "after", "after_text")
"""Keys that every kind may have, besides its name."""
LARGEST = 1 << 48
HIGHEST_NIC = 7
LONGEST_FRAME = 1514


def fault_from(keys: Mapping[str, Any]) -> Fault:
    """The fault that the read keys of one table describe. Raises KeyedError."""
    keys = dict(keys)
    if "kind" not in keys:
        raise KeyedError(None, f"the fault has no kind: give one of {', '.join(KINDS)}")
    name = keys.pop("kind")
    kind = KINDS[name]
    for key in kind.needs:
        if key not in keys:
            raise KeyedError("kind", f"a {name} needs {key}: add it")
    for key in keys:
        if key not in (*kind.needs, *kind.may, *WHEN, "name"):
            raise KeyedError(key, f"{key} says nothing about a {name}: leave it out")
    if name == "wrong-value" and ("value" in keys) == ("xor" in keys):
        raise KeyedError("kind", "a wrong-value needs value or xor, and not both")
    if "at" in keys:
        for key in ("from", "count", "every"):
            if key in keys:
                raise KeyedError(key, f"at is one access, {key} is about several: leave one of them out")
        keys |= {"from": keys.pop("at"), "count": 1}
    fields = {FIELDS.get(key, key): value for key, value in keys.items()}
    if name == "damaged-frame":
        fields.setdefault("flip", 0xFF)
    fault = Fault(kind=name, **{"name": "", **fields})
    return fault if fault.name else Fault(kind=name, **fields, name=kind.name.format_map(vars(fault)))


class KeyedError(ValueError):
    """A table that makes no sense; `key` is the one to blame, None is the table as a whole."""

    def __init__(self, key: str | None, problem: str) -> None:
        super().__init__(problem)
        self.key = key


FIELDS = {
    "from": "first",
    "xor": "flip",
    "lba": "sectors",
    "delay": "delay_ns",
    "after": "after_ns",
}
"""Keys that the configuration calls otherwise."""


def irq(value: Any, folder: Path) -> int:
    """An ISA interrupt by its number, or by what drives it."""
    if isinstance(value, str) and not value.isdecimal():
        if value not in IRQS:
            raise ValueError(f"cannot be {value!r}: {suggestion(value, IRQS)}, or a number of 0 to 15")
        return IRQS[value]
    number = values.number(0, 15)(value, folder)
    if number == CASCADE:
        raise ValueError("cannot be 2, by which one interrupt controller is wired to the other: give another")
    return int(number)


def sectors(value: Any, folder: Path) -> tuple[int, int]:
    """`LBA` or `FIRST-LAST`."""
    first, hyphen, last = str(value).partition("-")
    parse = values.number(0, LARGEST)
    low = parse(first, folder)
    high = parse(last, folder) if hyphen else low
    if high < low:
        raise ValueError(f"ends before it begins at {value!r}: give FIRST-LAST such as 8-15")
    return low, high


PARSERS: Mapping[str, values.Parse] = {
    "kind": values.choice(*KINDS),
    "name": values.text,
    "port": values.number(0, 0xFFFF),
    "width": values.one_of(1, 2, 4),
    "value": values.number(0, 0xFFFF_FFFF),
    "xor": values.number(1, 0xFFFF_FFFF),
    "irq": irq,
    "drive": values.number(0, len(POSITIONS) - 1),
    "lba": sectors,
    "access": values.choice("read", "write"),
    "delay": values.duration,
    "nic": values.number(0, HIGHEST_NIC),
    "direction": values.choice("sent", "received", "both"),
    "byte": values.number(0, LONGEST_FRAME - 1),
    "at": values.number(1, LARGEST),
    "from": values.number(1, LARGEST),
    "count": values.number(1, LARGEST),
    "every": values.number(1, LARGEST),
    "after": values.duration,
    "after_text": values.text_that_can_come,
}
