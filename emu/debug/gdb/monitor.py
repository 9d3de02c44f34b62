"""What `monitor` does in a client: words in, lines out. The commands are data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emu.debug.gdb import registers
from emu.debug.gdb.target_description import Width
from emu.machine.machine import Machine
from emu.machine.nearest import suggestion

WIDTHS = tuple(width.value for width in Width)


@dataclass(frozen=True)
class Command:
    """A command by name."""

    name: str
    help: str
    act: Callable[[list[str]], str]


class Monitor:
    """The commands of one machine."""

    def __init__(self, machine: Machine, width: Width) -> None:
        """`width` is what a client is told, unless another one is asked for."""
        self._machine = machine
        self._default = self.width = width
        commands = (
            Command("help", "what there is", lambda words: self._help()),
            Command("info", "time, mode, and whether the processor is halted", lambda words: self._info()),
            Command("unplug", "what has left which bus", lambda words: self._unplug()),
            Command(
                "registers",
                f"[{'|'.join(WIDTHS)}|auto]: whose registers the next connection is told of",
                self._registers,
            ),
        )
        self._commands = {command.name: command for command in commands}

    def run(self, text: str) -> str:
        """Do what `text` says; the lines to show."""
        words = text.split() or ["help"]
        command = self._commands.get(words[0])
        if command is None:
            return f"there is no command {words[0]!r}: {suggestion(words[0], tuple(self._commands))}\n"
        return command.act(words[1:])

    def _help(self) -> str:
        return "".join(f"{each.name:<14}{each.help}\n" for each in self._commands.values())

    def _info(self) -> str:
        machine = self._machine
        selector, offset = machine.processor.code_position
        bits = registers.code_bits(machine.processor.save())
        doing = "halted" if machine.processor.halted else "running"
        return f"{machine.clock.now / 1e9:.9f} s, {bits} bits, {doing} at {selector:04x}:{offset:x}\n"

    def _unplug(self) -> str:
        lines = [f"{target} left {location}\n" for target, location in self._machine.departures]
        return "".join(lines) or "nothing has been unplugged\n"

    def _registers(self, words: list[str]) -> str:
        if words:
            if words[0] not in (*WIDTHS, "auto"):
                return f"cannot be {words[0]!r}: {suggestion(words[0], (*WIDTHS, 'auto'))}\n"
            self.width = self._default if words[0] == "auto" else Width(words[0])
        return f"the next connection is told of registers: {self.width.value}\n"
