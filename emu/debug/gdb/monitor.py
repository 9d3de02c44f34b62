"""What `monitor` does in a client: words in, lines out; the debugger's own commands and a few for clients."""

from __future__ import annotations

from emu.debug.commands import Command, Commands
from emu.debug.commands_act import SESSION
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.debug.gdb import registers
from emu.debug.gdb.target import in_lines, listening
from emu.debug.gdb.target_description import Width
from emu.debug.session import tables
from emu.machine.nearest import suggestion

WIDTHS = tuple(width.value for width in Width)
GROUP = "The client"


class Monitor:
    """The commands of one machine."""

    def __init__(self, debugger: Debugger, width: Width) -> None:
        """`width` is what a client is told, unless another one is asked for."""
        self._debugger = debugger
        self._default = self.width = width
        own = (
            Command(
                "info", (), "", "Show time, mode, and whether the processor is halted.", self._info, GROUP
            ),
            Command(
                "architecture",
                (),
                f"[{'|'.join(WIDTHS)}|auto]",
                "Choose whose registers the next connection is told of.",
                self._architecture,
                GROUP,
            ),
        )
        others = (
            tuple(each for each in table if each.group != SESSION) for table in tables()
        )  # the session is the client's to end
        self.commands = Commands(*others, own)

    def run(self, text: str) -> str:
        """Do what `text` says; the lines to show."""
        with listening(self._debugger) as heard:
            try:
                self.commands.execute(self._debugger, text or "help")
            except CommandError as error:
                heard.append(str(error))
        return in_lines(heard)

    def _info(self, debugger: Debugger, rest: str) -> None:
        machine = debugger.machine
        selector, offset = machine.processor.code_position
        bits = registers.code_bits(machine.processor.save())
        doing = "halted" if machine.processor.halted else "running"
        debugger.say(f"{machine.clock.now / 1e9:.9f} s, {bits} bits, {doing} at {selector:04x}:{offset:x}")

    def _architecture(self, debugger: Debugger, rest: str) -> None:
        if rest:
            if rest not in (*WIDTHS, "auto"):
                raise CommandError(f"cannot be {rest!r}: {suggestion(rest, (*WIDTHS, 'auto'))}")
            self.width = self._default if rest == "auto" else Width(rest)
        debugger.say(f"the next connection is told of registers: {self.width.value}")
