"""Where a machine's inputs come from: files of the host by their paths, or what stands in for them."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from emu.backends.peer.files import Files, ServedFiles
from emu.core.errors import ConfigError

MOST_SERVED = 4096


class HostFiles:
    """The files of the host as they are."""

    notes: Sequence[str] = ()
    """What whoever uses the machine should know of them."""

    def open(self, path: str | os.PathLike[str], flags: int, name: str | None = None) -> int:
        """A descriptor of a file, or of file `name` in a served folder, as `os.open` gives it.

        Raises OSError, or ValueError for no path.
        """
        return os.open(path if name is None else os.path.join(path, name), flags)

    def serve(self, path: Path) -> Files:
        """A file, or the files of a folder, for the peer to serve. Raises ConfigError."""
        return ServedFiles(path)

    def names(self, path: Path) -> list[str] | None:
        """The regular files below a folder, none through a symbolic link; None for a file.

        Raises ConfigError for too many.
        """
        if not path.is_dir():
            return None
        names = []
        for parent, _, files in os.walk(path):
            for file in files:
                below = Path(parent, file)
                if stat.S_ISREG(below.lstat().st_mode):
                    names.append(str(below.relative_to(path)))
            if len(names) > MOST_SERVED:
                raise ConfigError(f"{path} has too many files: serve a folder of {MOST_SERVED} at most")
        return sorted(names)

    def close(self) -> None:
        """Nothing is opened any more."""


HOST_FILES = HostFiles()
