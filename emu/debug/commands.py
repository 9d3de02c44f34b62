"""The debugger's commands as data, and the reading of a line.

A command is known by its name, its short forms, and any beginning that no other command has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import wrap

from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.machine.nearest import suggestion

LINE, LONG_USAGE = 100, 35
"""Columns of a help text; the longest usage that stands beside it."""
Action = Callable[[Debugger, str], None]


@dataclass(frozen=True)
class Command:
    """What a person can say: `action` gets the session and the rest of the line."""

    name: str
    shorts: tuple[str, ...]
    arguments: str
    help: str
    action: Action
    group: str
    takes: tuple[str, ...] = ()
    """What its arguments are, for completion: see `emu.debug.completion`."""

    @property
    def usage(self) -> str:
        """Name and arguments."""
        return f"{self.name} {self.arguments}".rstrip()


class Commands:
    """A table of commands."""

    def __init__(self, *tables: tuple[Command, ...]) -> None:
        asked = Command("help", ("h", "?"), "[NAME]", "Show what can be said.", self.help, "Session")
        self.all = [command for table in tables for command in table] + [asked]
        self._by_word = {command.name: command for command in self.all}
        for command in self.all:
            self._by_word |= dict.fromkeys(command.shorts, command)

    @property
    def names(self) -> list[str]:
        """The commands' names, in order."""
        return [command.name for command in self.all]

    def find(self, word: str) -> Command:
        """The command that `word` stands for. Raises CommandError with the nearest names."""
        if word in self._by_word:
            return self._by_word[word]
        begun = [command for command in self.all if command.name.startswith(word)]
        if len(begun) == 1:
            return begun[0]
        if begun:
            raise CommandError(f"{word!r} may be {' or '.join(each.name for each in begun)}: give more of it")
        known = suggestion(word, self._by_word)
        hint = known if known.startswith("did") else "`help` lists what there is"
        raise CommandError(f"there is no command {word!r}: {hint}")

    def execute(self, debugger: Debugger, line: str) -> None:
        """Do what a line says; an empty one and a comment say nothing. Raises CommandError."""
        line = line.split("#", 1)[0].strip()
        if not line:
            return
        word, _, rest = line.partition(" ")
        self.find(word).action(debugger, rest.strip())

    def help(self, debugger: Debugger, rest: str) -> None:
        """`help`: all commands under their headings, or one."""
        if rest:
            command = self.find(rest.split()[0])
            shorts = f" (short: {', '.join(command.shorts)})" if command.shorts else ""
            debugger.say(f"{command.usage}{shorts}")
            for line in wrap(command.help, LINE):
                debugger.say(f"  {line}")
            return
        groups = dict.fromkeys(command.group for command in self.all)
        width = max(len(command.usage) for command in self.all if len(command.usage) < LONG_USAGE)
        for group in groups:
            debugger.say(group)
            for command in (each for each in self.all if each.group == group):
                first, *more = wrap(command.help, LINE - width)
                if len(command.usage) > width:  # on a line of its own
                    debugger.say(f"  {command.usage}")
                    debugger.say(f"  {'':<{width}}  {first}")
                else:
                    debugger.say(f"  {command.usage:<{width}}  {first}")
                for line in more:
                    debugger.say(f"  {'':<{width}}  {line}")
        debugger.say(
            "A name may be shortened as far as it stays the only one. `help NAME` tells the short forms."
        )


def words(rest: str, most: int, usage: str) -> list[str]:
    """The words of a line's rest, of which there may be so many. Raises CommandError."""
    found = rest.split()
    if len(found) > most:
        raise CommandError(f"{found[most]!r} is too much: {usage}")
    return found


def number(debugger: Debugger, text: str, what: str, low: int, high: int) -> int:
    """An expression whose value has bounds. Raises CommandError."""
    value = debugger.value(text)
    if not low <= value <= high:
        raise CommandError(f"{what} {text} is out of range: give {low:#x} to {high:#x}")
    return value


def numbers(debugger: Debugger, text: str, what: str, high: int) -> range:
    """`A` or `A-B`, both included. Raises CommandError."""
    first, _, last = text.partition("-")
    begin = number(debugger, first, what, 0, high)
    end = number(debugger, last, what, 0, high) if last else begin
    if end < begin:
        raise CommandError(f"the {what}s {text} end before they begin: give the lower one first")
    return range(begin, end + 1)
