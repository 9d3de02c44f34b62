"""What is shown of a stopped machine: last accesses, registers, flags, stack, code around."""

from __future__ import annotations

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
    for part in (registers(view, debugger.previous), stack(view), code(view)):
        for line in part:
            debugger.say(line)
