"""What may stand where the cursor is: commands by name, and their arguments by what they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from glob import glob

from emu.debug.commands import Commands
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.debug.stops import KINDS
from emu.inspect import history

DELIMITERS = " ()[]+*&|^~!<>=,"
MOST = 200
CLAUSES = ("if", "after", "every", "once", "log")
DETAILS = {
    "port": ("read", "write", "width", "value"),
    "pci": ("config", "read", "write"),
    "mmio": ("read", "write"),
    "memory": ("read", "write", "change"),
    "unplug": ("disks", "nics"),
}
"""Words that may stand behind a kind of breakpoint."""


def candidates(debugger: Debugger, commands: Commands, line: str, begun: str) -> list[str]:
    """The words that begin with `begun`, the last one of `line`, and make sense there."""
    before = line[: len(line) - len(begun)].split()
    if not before:
        found: Iterable[str] = commands.names
    else:
        try:
            command = commands.find(before[0])
        except CommandError:
            return []
        if command.name == "help":
            found = commands.names
        elif command.name == "save":
            found = glob(f"{begun}*")
        else:
            found = _arguments(debugger, command.takes, before[1:])
    fitting = dict.fromkeys(each for each in found if each.startswith(begun))
    return list(fitting)[:MOST]


def _arguments(debugger: Debugger, takes: tuple[str, ...], before: list[str]) -> Iterable[str]:
    for what in takes:
        if what == "kinds":
            yield from _of_a_breakpoint(debugger, before)
        elif what not in FIRST_ONLY or not before:
            yield from SOURCES[what](debugger)


def _of_a_breakpoint(debugger: Debugger, before: list[str]) -> Iterable[str]:
    if not before:
        yield from KINDS
        return
    kind = before[0]
    if kind == "pci" and len(before) == 1:
        yield from _functions(debugger)
    elif kind == "store" and len(before) == 1:
        yield from _nodes(debugger)
    yield from DETAILS.get(kind, ())
    yield from CLAUSES
    if any(clause in before for clause in ("if", "log")):
        yield from debugger.view.register_names()
        yield from ("value", "port", "width", "address")


def _functions(debugger: Debugger) -> Iterable[str]:
    return (f"00:{plugged.location}" for plugged in debugger.machine.pci.functions())


def _nodes(debugger: Debugger) -> Iterable[str]:
    return (path for path, _ in debugger.machine.store.walk())


Source = Callable[[Debugger], Iterable[str]]
SOURCES: dict[str, Source] = {
    "symbols": lambda debugger: debugger.symbols.names,
    "registers": lambda debugger: debugger.view.register_names(),
    "breakpoints": lambda debugger: ["all", *(str(each.number) for each in debugger.breakpoints)],
    "accesses": lambda debugger: ("read", "write", "change", "port"),
    "ports": lambda debugger: (f"{base:#x}" for base, _ in debugger.machine.ports.regions),
    "events": lambda debugger: (*history.KINDS, "all"),
    "functions": _functions,
    "devices": lambda debugger: (device.name for device in debugger.machine.pc.devices),
    "nodes": _nodes,
    "snapshots": lambda debugger: debugger.kept,
    "override": lambda debugger: ("port", "read", "value", "width", "once", "off"),
    "writable": lambda debugger: ("register", "memory"),
    "irq": lambda debugger: ("irq", "pulse", "high", "low"),
    "moments": lambda debugger: ("start",),
}
FIRST_ONLY = frozenset(("breakpoints", "events", "functions", "devices", "snapshots", "writable", "moments"))
"""What only the first argument may be."""
