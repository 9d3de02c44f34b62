"""What is shown of a stopped machine: last accesses, registers, flags, stack, code around."""

from __future__ import annotations

from collections.abc import Iterator

from emu.debug.debugger import Debugger
from emu.inspect.processor_lines import code, registers, stack

ACCESSES = 5


def show_screen(debugger: Debugger) -> None:
    """Everything about where the machine is."""
    machine, view = debugger.machine, debugger.view
    halted = ", halted" if machine.processor.halted else ""
    where = debugger.symbols.describe(view.here, view.read)
    time = debugger.time(machine.clock.ticks)
    debugger.say(f"-- {time}, {view.mode}{halted}" + (f", in {where}" if where else ""))
    for access in debugger.history.last(ACCESSES):
        debugger.say(f"   {debugger.time(access.ticks):>16}  {access.text}")
    for line in source_line(debugger):
        debugger.say(line)
    for part in (registers(view, debugger.previous), stack(view), code(view)):
        for line in part:
            debugger.say(line)


def source_line(debugger: Debugger) -> Iterator[str]:
    """The source line of the current instruction, where it is known."""
    view = debugger.view
    file = debugger.symbols.at(view.here, view.read)
    line = None if file is None else file.line(view.here)
    if line is not None:
        yield f"   {line.short}:  {debugger.symbols.source(line) or ''}".rstrip(": ")
