"""Symbols of the programs that a process has met lately: a suite boots one guest many times.

Debugging information is decoded when it is asked for, and what was decoded does not change. So the same bytes
from the same path are one object. The file is read each time: it may have been built anew.
"""

from __future__ import annotations

from pathlib import Path

from emu.inspect.symbols import Symbols, read_program

MOST_FILES = 16
MOST_BYTES = 256 << 20
"""Of the files together; what is decoded of them comes on top."""


class SharedSymbols:
    """Keeps the programs that were loaded last, within limits."""

    def __init__(self, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> None:
        self._most_files, self._most_bytes = most_files, most_bytes
        self._known: dict[Path, Symbols] = {}
        """What was used longest ago comes first."""

    def load(self, path: Path) -> Symbols:
        """The symbols in a file. Raises ConfigError with the remedy."""
        image = read_program(path)
        known = self._known.pop(path, None)
        if known is None or known.image != image:
            known = Symbols(path, image)
        if len(image) <= self._most_bytes:
            self._keep(known)
        return known

    def _keep(self, symbols: Symbols) -> None:
        held = len(symbols.image) + sum(len(each.image) for each in self._known.values())
        while self._known and (len(self._known) >= self._most_files or held > self._most_bytes):
            oldest = self._known.pop(next(iter(self._known)))
            held -= len(oldest.image)
        self._known[symbols.path] = symbols


SHARED = SharedSymbols()
"""Those of this process."""
