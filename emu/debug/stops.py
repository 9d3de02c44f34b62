"""What can be stopped for, as a person says it: kinds, ranges and their details, made into detectors."""

from __future__ import annotations

import re
from collections.abc import Callable

from emu.debug.commands import number, numbers
from emu.debug.debugger import Debugger
from emu.debug.detectors import (
    AtAddress,
    Interrupted,
    LineDelivered,
    MemoryAccess,
    MmioAccess,
    ModeChanged,
    PciAccess,
    PortAccess,
    StoreAccess,
    Unplugging,
)
from emu.debug.errors import CommandError
from emu.debug.expressions import SIZES
from emu.debug.places import Detector
from emu.machine.nearest import nearest, suggestion

Maker = Callable[[Debugger, list[str]], Detector]
LOCATION = re.compile(r"(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2})\.([0-7])", re.IGNORECASE)
SIZED = re.compile(r"(byte|word|dword|qword)?\[(.+)\]", re.IGNORECASE)
MOST_MEMORY = 1 << 20
ISA_LINES = 16


def detector(debugger: Debugger, text: str) -> tuple[Detector, bool]:
    """What `text` says to stop for, and whether its hits have values. Raises CommandError."""
    kind, *said = text.split()
    maker = KINDS.get(kind)
    if maker is None:
        return _address(debugger, text), False
    made = maker(debugger, said)
    if said:
        raise CommandError(f"{said[0]!r} is too much: `help break` shows what can be given")
    return made, kind not in ("mode", "store", "unplug")


def location(text: str) -> tuple[int, int, int]:
    """Bus, device and function of `00:01.1` or `1.1`. Raises CommandError."""
    found = LOCATION.fullmatch(text)
    if found is None or int(found[2], 16) > 31:
        raise CommandError(f"{text!r} is no function on the PCI bus: give one such as 00:01.1")
    return int(found[1] or "0", 16), int(found[2], 16), int(found[3])


def _address(debugger: Debugger, what: str) -> Detector:
    try:
        return AtAddress(debugger.value(what))
    except CommandError as error:
        if close := nearest(what.split()[0], KINDS, 1):
            raise CommandError(
                f"{what.split()[0]!r} is nothing to stop at: did you mean {close[0]!r}?"
            ) from None
        raise error from None


def _direction(said: list[str]) -> tuple[bool, bool]:
    """Whether reads and writes are meant; takes the word."""
    if said and said[0] in ("read", "write"):
        return ((word := said.pop(0)) == "read"), word == "write"
    return True, True


def _port(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which port? give `port RANGE [read|write] [width N] [value V]`")
    access = PortAccess(numbers(debugger, said.pop(0), "port", 0xFFFF), words=debugger.words)
    access.reads, access.writes = _direction(said)
    while said:
        match said:
            case ["width", width, *rest]:
                access.width = number(debugger, width, "width", 1, 4)
            case ["value", value, *rest]:
                access.value = number(debugger, value, "value", 0, 0xFFFF_FFFF)
            case [word, *_]:
                known = ("read", "write", "width N", "value V", "if CONDITION")
                raise CommandError(f"{word!r} is not understood: {suggestion(word, known)}")
        said[:] = rest
    return access


def _pci(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which function? give `pci B:D.F [config OFFSET] [read|write]`")
    function, offsets = location(said.pop(0)), range(0x100)
    if said and said[0] == "config":
        if len(said) < 2:
            raise CommandError("which register? give `config OFFSET`, or `config FIRST-LAST`")
        offsets = numbers(debugger, said[1], "offset", 0xFF)
        del said[:2]
    reads, writes = _direction(said)
    return PciAccess(function, offsets, reads, writes, words=debugger.words)


def _mmio(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which addresses? give `mmio RANGE [read|write]`")
    access = MmioAccess(numbers(debugger, said.pop(0), "address", (1 << 40) - 1))
    access.reads, access.writes = _direction(said)
    return access


def _memory(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which memory? give `memory RANGE [read|write|change]`")
    access = MemoryAccess(*memory(debugger, said.pop(0)))
    if said and said[0] == "change":
        access.changes = bool(said.pop(0))
    else:
        access.reads, access.writes = _direction(said)
    return access


def memory(debugger: Debugger, text: str) -> tuple[int, int]:
    """Address and size of `A`, `A-B`, `word[A]` or a symbol. Raises CommandError."""
    if found := SIZED.fullmatch(text):
        return debugger.value(found[2]), SIZES[(found[1] or "dword").lower()]
    watched = numbers(debugger, text, "address", (1 << 64) - 1)
    size = watched.stop - watched.start
    if size > MOST_MEMORY:
        raise CommandError("so much memory cannot be watched: give 1 MiB at most")
    if size == 1 and "-" not in text:
        size = debugger.symbols.size(text, debugger.view.read) or SIZES["dword"]
    return watched.start, size


def _irq(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which line? give `irq LINE`, 0 to 15")
    return LineDelivered(number(debugger, said.pop(0), "line", 0, ISA_LINES - 1))


def _vector(kind: str) -> Maker:
    def made(debugger: Debugger, said: list[str]) -> Detector:
        return Interrupted(kind, number(debugger, said.pop(0), "vector", 0, 255) if said else None)

    return made


def _store(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which node? give `store PATH`")
    return StoreAccess(said.pop(0))


def _unplug(debugger: Debugger, said: list[str]) -> Detector:
    if said and said[0] in ("disks", "nics"):
        return Unplugging(disks=said[0] == "disks", nics=said.pop(0) == "nics")
    return Unplugging()


KINDS: dict[str, Maker] = {
    "port": _port,
    "pci": _pci,
    "mmio": _mmio,
    "memory": _memory,
    "irq": _irq,
    "interrupt": _vector("interrupt"),
    "exception": _vector("exception"),
    "int": _vector("int"),
    "store": _store,
    "unplug": _unplug,
    "mode": lambda debugger, said: ModeChanged(),
}
"""What `break` takes besides addresses."""
