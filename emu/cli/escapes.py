"""What Ctrl-A begins at a terminal: bytes in, bytes for the guest and commands out.

Ctrl-A and a key is a command of ours, all else is the guest's. The commands are a table, so that the help
shows what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

ESCAPE = 0x01
"""Ctrl-A."""
CONTROL = 0x1F


@dataclass(frozen=True)
class Command:
    """What a key does after Ctrl-A."""

    help: str
    act: Callable[[], None]


class Escapes:
    """Takes apart what is typed."""

    def __init__(self, commands: Mapping[str, Command], typed: Callable[[bytes], None]) -> None:
        """`commands` by key; `typed` is given what is for the guest."""
        self.commands = commands
        self._typed = typed
        self._begun = False

    def take(self, data: bytes) -> None:
        """Bytes as the terminal sent them."""
        plain = bytearray()
        for byte in data:
            if not self._begun and byte == ESCAPE:
                self._begun = True
                continue
            if self._begun:
                self._begun = False
                command = self._command(byte)
                if command is not None:
                    self._pass_on(plain)
                    command.act()
                    continue
                byte = ESCAPE
            plain.append(byte)
        self._pass_on(plain)

    def help_lines(self) -> list[str]:
        """What there is."""
        rows = [(f"Ctrl-A {key}", command.help) for key, command in self.commands.items()]
        rows.append(("Ctrl-A Ctrl-A", "send Ctrl-A to the guest"))
        width = max(len(keys) for keys, _ in rows)
        return [f"{keys:<{width}}  {what}" for keys, what in rows]

    def _command(self, byte: int) -> Command | None:
        """The command of a key, Ctrl held or not; None for a second Ctrl-A."""
        if byte == ESCAPE:
            return None
        letter = chr(byte | 0x60) if byte <= CONTROL else chr(byte).lower()
        unknown = Command("", self.commands["h"].act if "h" in self.commands else lambda: None)
        return self.commands.get(letter, unknown)

    def _pass_on(self, plain: bytearray) -> None:
        if plain:
            self._typed(bytes(plain))
            plain.clear()
