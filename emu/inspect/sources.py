"""Source files that debugging information names: where they are here, and their lines.

Guests that come with emu are compiled so that no path of the machine that built them is inside: their sources
are named from the tree's root on, `guests/...`. Others name absolute paths, or ones relative to where they
were compiled. A file that is not found is no error: then there is a number and no text.
"""

from __future__ import annotations

import posixpath
from functools import lru_cache
from pathlib import Path

import emu

LARGEST = 4 << 20
"""Bytes: no source that a person reads is longer."""
TREE = Path(emu.__file__).parent.parent


class Sources:
    """Looks for source files below some folders."""

    def __init__(self, *folders: Path) -> None:
        """`folders` come before the current one and emu's own tree."""
        self._folders = (*folders, Path(), TREE)

    def find(self, name: str) -> Path | None:
        """The file that `name`, as debugging information has it, stands for; None where there is none."""
        name = posixpath.normpath(name)
        if name.startswith("/"):
            return _regular(Path(name))
        if name.startswith(".."):
            return None
        found = (_regular(folder / name) for folder in self._folders)
        return next((path for path in found if path is not None), None)

    def lines(self, name: str) -> tuple[str, ...]:
        """All lines of a source; none where it is not found."""
        path = self.find(name)
        return () if path is None else _lines(path)

    def text(self, name: str, line: int) -> str | None:
        """Line `line` (from 1) of a source, without blanks around it; None where there is none."""
        lines = self.lines(name)
        return lines[line - 1].strip() if 0 < line <= len(lines) else None


def _regular(path: Path) -> Path | None:
    try:
        return path if path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


@lru_cache(maxsize=64)
def _lines(path: Path) -> tuple[str, ...]:
    try:
        if path.stat().st_size > LARGEST:
            return ()
        return tuple(path.read_text(errors="replace").splitlines())
    except OSError:
        return ()
