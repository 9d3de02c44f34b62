"""What a person may do to a stopped machine: its memory, registers, ports and interrupt lines."""

from __future__ import annotations

import re

from emu.cpu.registers import SEGMENTS, Registers
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.inspect.view import PARTS
from emu.machine.nearest import nearest

PAGE = 0x1000
CR0_PE, FLAG_VM = 1, 1 << 17
LINE = re.compile(r"irq (\d+)")


def write_memory(debugger: Debugger, linear: int, data: bytes) -> None:
    """Put bytes into RAM, wholly or not at all. Raises CommandError."""
    look, memory = debugger.machine.processor.look(), debugger.machine.memory
    pieces: list[tuple[int, bytes]] = []
    while data:
        count = min(len(data), PAGE - linear % PAGE)
        physical = look.physical(linear)
        if physical is None or memory.find(physical).writes_to is None:
            raise CommandError(f"nothing can be written at {linear:#x}: no RAM is there")
        pieces.append((physical, data[:count]))
        linear, data = linear + count, data[count:]

    def act() -> None:
        for physical, piece in pieces:
            memory.write(physical, piece)

    debugger.change(act)


def write_register(debugger: Debugger, name: str, value: int) -> None:
    """Set a general register or a part, RIP, RFLAGS, or in real mode a segment. Raises CommandError."""
    processor = debugger.machine.processor
    changed = _segment if name in SEGMENTS else _part if name in PARTS else None
    if changed is None:
        close = nearest(name, [*PARTS, *SEGMENTS], 1)
        hint = f"did you mean {close[0]!r}?" if close else "general registers, rip and rflags can be"
        raise CommandError(f"{name!r} cannot be written: {hint}")
    new = changed(processor.save(), name, value)

    def act() -> None:
        processor.restore({**processor.save(), **new})

    debugger.change(act)


def _part(held: Registers, name: str, value: int) -> Registers:
    whole, low, width = PARTS[name]
    before = held[whole]
    assert isinstance(before, int)
    if value >> width:
        raise CommandError(f"{value:#x} is more than {name} holds: it has {width} bits")
    if width == 32 and whole not in ("rip", "rflags"):
        return {whole: value}  # as an instruction would
    mask = (1 << width) - 1
    return {whole: before & ~(mask << low) | value << low}


def _segment(held: Registers, name: str, value: int) -> Registers:
    control, flags, before = held["cr0"], held["rflags"], held[name]
    assert isinstance(control, int)
    assert isinstance(flags, int)
    assert isinstance(before, tuple)
    if control & CR0_PE and not flags & FLAG_VM:
        raise CommandError(f"{name} cannot be written in this mode: its descriptor would not be loaded")
    if value >> 16:
        raise CommandError(f"{value:#x} is more than {name} holds: it has 16 bits")
    return {name: (value, value << 4, *before[2:])}


def read_port(debugger: Debugger, port: int, width: int) -> int:
    """Read a port as the guest would, with all that follows from it."""
    found: list[int] = []
    debugger.change(lambda: found.append(debugger.machine.ports.read(port, width)))
    return found[0]


def write_port(debugger: Debugger, port: int, width: int, value: int) -> None:
    """Write a port as the guest would, with all that follows from it."""
    debugger.change(lambda: debugger.machine.ports.write(port, width, value))


def lines(debugger: Debugger) -> list[int]:
    """The numbers of the interrupt lines that there are."""
    found = (LINE.fullmatch(line.name) for line in debugger.machine.pc.lines)
    return sorted(int(each[1]) for each in found if each)


def drive_line(debugger: Debugger, number: int, levels: list[bool]) -> None:
    """Put an interrupt line to these levels, one after the other. Raises CommandError."""
    line = next((each for each in debugger.machine.pc.lines if each.name == f"irq {number}"), None)
    if line is None:
        there = ", ".join(map(str, lines(debugger)))
        raise CommandError(f"no device drives line {number}: there are {there}")
    driven = line

    def act() -> None:
        for level in levels:
            driven.set(level)

    debugger.change(act)
