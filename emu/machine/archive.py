"""Files that hold snapshots and recordings: zip archives, written whole or not at all, sealed by a hash.

The first member, `emu.json`, says what the file is. The archive's comment ends in the SHA-256 of everything
before that: whatever becomes of a file on its way, it is either what was written, or refused.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from emu import __version__
from emu.core.errors import ConfigError
from emu.core.plain_json import dumps, loads
from emu.core.state import Plain, StateError, from_plain, to_plain
from emu.machine.config import MachineConfig
from emu.machine.written import check_written

FORMAT = 2
MANIFEST = "emu.json"
BEGINNING = b"PK\3\4"
COMMENT = b"emu sha256 "
SEAL = 64
"""Hexadecimal digits at the end of the file."""
LARGEST_TEXT = 256 << 20
PIECE = 1 << 20
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
"""What the standard library makes of archives that nobody wrote."""

S = TypeVar("S")


@dataclass(frozen=True)
class Manifest:
    """What `emu.json` says of every archive."""

    kind: str
    """`snapshot` or `recording`."""
    format: int
    emu: str
    """The version that wrote it."""
    content: dict[str, Any]
    """What the kind has there, as plain data."""


def damaged(path: Path, why: object = "") -> ConfigError:
    """The refusal of a file that is not what was written."""
    detail = f" ({why})" if why else ""
    return ConfigError(f"{path} is damaged or truncated{detail}: take a whole copy of it")


def check_target(path: Path) -> None:
    """Raises ConfigError unless an archive may be written there: over none or another, over nothing else."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            regular = path.is_file()
            head = file.read(len(BEGINNING) + 26 + len(MANIFEST)) if regular else b""
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise _unwritable(path, "there is no such folder") from None
    except OSError as error:
        raise _unwritable(path, error.strerror) from None
    else:
        if not regular:
            raise _unwritable(path, "it is no regular file")
        if head and not _begins_as_ours(head):
            raise _unwritable(path, "it holds something else")
    if not os.access(path.parent, os.W_OK):
        raise _unwritable(path, "permission denied")


class ArchiveWriter:
    """An archive that is being written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._zip.comment = COMMENT + bytes(SEAL)

    def begin(self, kind: str, content: Plain) -> None:
        """Say what it is; first of all."""
        self.add(MANIFEST, {"kind": kind, "format": FORMAT, "emu": __version__, "content": content})

    def add(self, name: str, plain: Plain) -> None:
        """Plain data as a member."""
        self._zip.writestr(zipfile.ZipInfo(name), dumps(plain), zipfile.ZIP_DEFLATED, 1)

    def stream(self, name: str) -> IO[bytes]:
        """A member to be written, of bytes that are compressed already."""
        return self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True)

    def copy(self, name: str, source: IO[bytes]) -> None:
        """A member with what is left of `source`."""
        with self.stream(name) as member:
            shutil.copyfileobj(source, member, PIECE)

    def close(self) -> None:
        """Complete the archive, but for its seal."""
        self._zip.close()


@contextmanager
def whole_archive(path: Path) -> Iterator[ArchiveWriter]:
    """An archive that appears at `path` once it is complete, or not at all. Raises ConfigError."""
    check_target(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(beside, "x+b") as file:
            writer = ArchiveWriter(file)
            try:
                yield writer
                writer.close()
                _seal(file)
                os.fsync(file.fileno())
                os.replace(beside, path)
            except BaseException:
                with suppress(OSError, ValueError):
                    writer.close()
                with suppress(OSError):
                    os.unlink(beside)
                raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _unwritable(path, error.strerror) from None


class Archive:
    """An archive that is read; what is in it is what was written."""

    def __init__(self, path: Path, kind: str) -> None:
        """Raises ConfigError where there is none of that kind and of this version."""
        self.path, self.kind = path, kind
        self._file = _opened(path, kind)
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._manifest = from_plain(Manifest, self.plain(MANIFEST))
        except (*DAMAGES, StateError) as error:
            self._file.close()
            raise damaged(path, error) from None
        except ConfigError:
            self._file.close()
            raise
        try:
            self._check(kind)
        except ConfigError:
            self.close()
            raise

    @property
    def content(self) -> dict[str, Any]:
        """What `emu.json` says, as plain data."""
        return self._manifest.content

    @property
    def names(self) -> list[str]:
        """Of all members."""
        return self._zip.namelist()

    def read(self, kind: type[S], plain: Any) -> S:
        """A `kind` from plain data of this archive. Raises ConfigError."""
        try:
            return from_plain(kind, plain)
        except StateError as error:
            raise damaged(self.path, error) from None

    def check(self, config: MachineConfig) -> None:
        """Raises ConfigError where nobody could have given such a configuration."""
        try:
            check_written(config)
        except ConfigError as error:
            raise damaged(self.path, error) from None

    def plain(self, name: str) -> Plain:
        """The plain data of a member. Raises ConfigError."""
        try:
            with self._zip.open(name) as member:
                text = member.read(LARGEST_TEXT + 1)
            if len(text) > LARGEST_TEXT:
                raise damaged(self.path, f"{name} is too long")
            return loads(text)
        except (*DAMAGES, StateError, OSError) as error:
            raise damaged(self.path, error) from None

    @contextmanager
    def stream(self, name: str) -> Iterator[IO[bytes]]:
        """A member as a stream; what goes wrong while it is read is damage. Raises ConfigError."""
        try:
            with self._zip.open(name) as member:
                yield member
        except (*DAMAGES, OSError) as error:
            raise damaged(self.path, error) from None

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._file.close()

    def _check(self, kind: str) -> None:
        found = self._manifest
        if found.format != FORMAT or found.emu != __version__:
            raise ConfigError(
                f"{self.path} was made by emu {found.emu} (format {found.format}), this is emu {__version__} "
                f"(format {FORMAT}): use that version"
            )
        if found.kind != kind:
            uses = {"recording": "`emu debug` or `emu replay`", "snapshot": "`emu run --from`"}
            use = uses.get(found.kind, "another emu")
            raise ConfigError(f"{self.path} is a {found.kind}, no {kind}: open it with {use}")


def is_archive(path: Path) -> bool:
    """Whether the file begins as an archive of ours does."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            return _begins_as_ours(file.read(len(BEGINNING) + 26 + len(MANIFEST)))
    except (OSError, ValueError):
        return False


def hashed(plain: object) -> str:
    """SHA-256 of anything that has plain data."""
    return hashlib.sha256(dumps(to_plain(plain))).hexdigest()


def _begins_as_ours(head: bytes) -> bool:
    """A local file header, and the name of the first member behind it."""
    return head.startswith(BEGINNING) and head[30:].startswith(MANIFEST.encode())


def _opened(path: Path, kind: str) -> IO[bytes]:
    """The file, if its seal holds."""
    try:
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no path"
        raise ConfigError(f"{path} cannot be read ({reason}): give the path of a {kind}") from None
    try:
        head = file.read(len(BEGINNING) + 26 + len(MANIFEST)) if path.is_file() else b""
        if not _begins_as_ours(head):
            raise ConfigError(f"{path} is no {kind} of emu's: give one that emu wrote")
        size = os.fstat(file.fileno()).st_size
        file.seek(max(size - SEAL - len(COMMENT), 0))
        end = file.read()
        if end != COMMENT + _hash_of(file, size - SEAL).encode():
            raise damaged(path)
    except OSError as error:
        file.close()
        raise ConfigError(f"{path} cannot be read ({error.strerror}): give another copy") from None
    except ConfigError:
        file.close()
        raise
    return file


def _seal(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    seal = _hash_of(file, size - SEAL)
    file.seek(size - SEAL)
    file.write(seal.encode())
    file.flush()


def _hash_of(file: IO[bytes], length: int) -> str:
    file.seek(0)
    found = hashlib.sha256()
    while length > 0 and (piece := file.read(min(PIECE, length))):
        found.update(piece)
        length -= len(piece)
    return found.hexdigest()


def _unwritable(path: Path, reason: str | None) -> ConfigError:
    return ConfigError(f"{path} cannot be written ({reason}): give another path")
