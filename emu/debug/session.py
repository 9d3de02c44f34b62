"""All commands together, and sessions of lines: a script's, a person's."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emu.debug.commands import Command, Commands
from emu.debug.commands_act import ACTS
from emu.debug.commands_break import BREAK
from emu.debug.commands_devices import DEVICES
from emu.debug.commands_look import LOOK
from emu.debug.commands_move import MOVE
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError

PROMPT = "(emu) "
REFUSED, INTERRUPTED = 2, 4


def tables() -> tuple[tuple[Command, ...], ...]:
    """The commands, by what they are about."""
    return MOVE, BREAK, LOOK, DEVICES, ACTS


def all_commands() -> Commands:
    """The table of everything that can be said."""
    return Commands(*tables())


def run_script(debugger: Debugger, lines: Iterable[str], complain: Callable[[str], None]) -> int:
    """Do what the lines say, each shown before; a refused one ends it. The exit status."""
    commands = all_commands()
    for number, line in enumerate(lines, 1):
        if not line.split("#", 1)[0].strip():
            continue
        debugger.say(PROMPT + line.strip())
        try:
            commands.execute(debugger, line)
        except CommandError as error:
            complain(f"line {number}: {error}")
            return REFUSED
        if debugger.interrupted:
            complain("stopped by Ctrl-C")
            return INTERRUPTED
        if debugger.status is not None:
            return debugger.status
    return 0
