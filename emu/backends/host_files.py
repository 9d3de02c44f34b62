"""Where a machine's inputs come from: files of the host by their paths, or what stands in for them."""

from __future__ import annotations

import os
from pathlib import Path

from emu.backends.peer.files import Files, ServedFiles


class HostFiles:
    """The files of the host as they are."""

    def open(self, path: str | os.PathLike[str], flags: int) -> int:
        """A descriptor of the file, as `os.open` gives it. Raises OSError, or ValueError for no path."""
        return os.open(path, flags)

    def serve(self, path: Path) -> Files:
        """A file, or the files of a folder, for the peer to serve. Raises ConfigError."""
        return ServedFiles(path)

    def close(self) -> None:
        """Nothing is opened any more."""


HOST_FILES = HostFiles()
