"""Wires between chips: a level, and who is told when it changes."""

from __future__ import annotations

from collections.abc import Callable

from emu.core.events import Observers


class IrqLine:
    """One wire with a level, driven by one chip and felt by one other."""

    def __init__(self, name: str, sink: Callable[[bool], None], observers: Observers | None = None) -> None:
        """`sink` is told each change of level; `observers` see it as `line_changed(name, level)`."""
        self.name = name
        self.level = False
        self._sink = sink
        self._observers = observers or Observers()

    def set(self, level: bool) -> None:
        """Drive the wire; nothing happens where the level does not change."""
        if level == self.level:
            return
        self.level = level
        for changed in self._observers.line_changed:
            changed(self.name, level)
        self._sink(level)

    def restore(self, level: bool) -> None:
        """Put the wire at a saved level without an edge: neither sink nor observers are told."""
        self.level = level


class SharedInput:
    """An input that several wires drive: high while one of them is."""

    def __init__(self, sink: Callable[[bool], None]) -> None:
        """Set `lines`, whose sink is `changed`, before any of them is driven."""
        self.lines: tuple[IrqLine, ...] = ()
        self._sink = sink

    def changed(self, _level: bool) -> None:
        """One of the lines has changed."""
        self._sink(any(line.level for line in self.lines))
