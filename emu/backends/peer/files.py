"""What the peer serves from the host: one file, or the files of a folder. Nothing else can be reached.

A name is opened part by part, each below the one before it and never through a symbolic link, so that
neither `..` nor a link leads out of the folder.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from emu.core.errors import ConfigError, HostError

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class Files(Protocol):
    """Files by name, to be read."""

    @property
    def boot_file(self) -> str:
        """The name of the only file there is, or an empty string."""

    def size(self, name: str) -> int | None:
        """The bytes in a file; None where there is no such file. Raises HostError."""

    def read(self, name: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`. Raises HostError."""


class NoFiles:
    """A server with nothing to serve."""

    boot_file = ""

    def size(self, name: str) -> int | None:
        """There is no such file."""
        return None

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Raises HostError."""
        raise HostError(f"{name}: there is no such file")


class ServedFiles:
    """A file, by its own name, or the regular files below a folder."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError where `path` cannot be served."""
        self.path = path
        folder = path.is_dir()
        self._root = path if folder else path.parent
        self.boot_file = "" if folder else path.name
        try:
            os.close(os.open(path, _FLAGS))
        except OSError as error:
            raise ConfigError(
                f"cannot serve {path}: {error.strerror}; give a readable file or folder"
            ) from None
        if not folder and not path.is_file():
            raise ConfigError(f"cannot serve {path}: it is neither a file nor a folder; give one of them")

    def size(self, name: str) -> int | None:
        """The bytes in a file; None where there is no such file, or it lies outside."""
        try:
            descriptor = self._open(name)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise HostError(f"{self.path}: {name} cannot be read: {error.strerror}") from error
        try:
            status = os.fstat(descriptor)
            return status.st_size if stat.S_ISREG(status.st_mode) else None
        finally:
            os.close(descriptor)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        try:
            descriptor = self._open(name)
        except ValueError:
            raise HostError(f"{self.path}: {name!r} names no file") from None
        except OSError as error:
            raise HostError(f"{self.path}: {name} cannot be read: {error.strerror}") from error
        try:
            return os.pread(descriptor, length, offset)
        except OSError as error:
            raise HostError(f"{self.path}: {name} cannot be read: {error.strerror}") from error
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int:
        """The descriptor of a file. Raises ValueError where the name cannot be one, or OSError."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or "\0" in name:
            raise ValueError(name)
        if self.boot_file:
            if parts != [self.boot_file]:
                raise ValueError(name)
            # The user named this file, so it may be a link.
            return os.open(self.path, _FLAGS)
        at = os.open(self._root, _FLAGS | os.O_DIRECTORY)
        for number, part in enumerate(parts):
            kind = os.O_DIRECTORY if number < len(parts) - 1 else 0
            try:
                below = os.open(part, _FLAGS | os.O_NOFOLLOW | kind, dir_fd=at)
            finally:
                os.close(at)
            at = below
        return at
