"""The debugger at a prompt: history and completion on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable

from emu.debug.commands import Commands
from emu.debug.completion import DELIMITERS, candidates
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError, ExpressionError
from emu.debug.screen import show_screen
from emu.debug.session import PROMPT, all_commands

REPEATED = ("step", "reverse-step", "next", "reverse-next", "continue", "reverse-continue")
"""What an empty line does again."""


def converse(debugger: Debugger, complain: Callable[[str], None]) -> int:
    """Ask and do until the person has had enough; the exit status."""
    commands = all_commands()
    if sys.stdin.isatty():
        _edit_lines(debugger, commands)
    debugger.show_stop = show_screen
    debugger.stopped("stopped at reset; `help` shows what can be said")
    again = ""
    while debugger.status is None:
        try:
            debugger.asking = True
            line = input(PROMPT).strip()
            if not sys.stdin.isatty():
                print(line)  # nobody has seen it typed
            line = line or again
            debugger.asking, again = False, ""
            commands.execute(debugger, line)
            if line and commands.find(line.split()[0]).name in REPEATED:
                again = line
        except CommandError as error:
            if isinstance(error, ExpressionError):
                debugger.say(f"{error.text}\n{' ' * error.at}^")
            complain(str(error))
        except KeyboardInterrupt:
            print()
        except EOFError:
            print()
            return 0
    return debugger.status


def _edit_lines(debugger: Debugger, commands: Commands) -> None:
    """Completion by Tab; history by the arrow keys comes with the module."""
    try:
        import readline
    except ImportError:  # a Python that was built without
        return
    found: list[str] = []

    def complete(text: str, state: int) -> str | None:
        if state == 0:
            found[:] = candidates(
                debugger, commands, readline.get_line_buffer()[: readline.get_endidx()], text
            )
        return f"{found[state]} " if state < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(DELIMITERS)
    readline.parse_and_bind("tab: complete")
    readline.parse_and_bind("set show-all-if-ambiguous on")
