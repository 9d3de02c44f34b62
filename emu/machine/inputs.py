"""All files that a machine reads: what they are, how they are kept in an archive, and found again.

An archive holds its inputs itself up to `EMBEDDED` bytes that are not in blocks of zeros, so that it can be
opened anywhere. Larger ones are known by path and digest, and looked for. Names in an archive are never
used to write files: contents go to nameless files in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from emu.backends.host_files import HOST_FILES, HostFiles
from emu.backends.peer.files import Files
from emu.core.errors import ConfigError, HostError
from emu.machine.archive import Archive, ArchiveWriter, damaged
from emu.machine.blocks import (
    FILE_BLOCK,
    MEMORY,
    Digest,
    digest_of,
    file_blocks,
    file_size,
    read_packed,
    unpacked,
    write_block,
)
from emu.machine.bundled import bios_path
from emu.machine.config import MachineConfig

EMBEDDED = 256 << 20
LARGEST = 1 << 50
READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True)
class Input:
    """A file as it was when the run began."""

    path: str
    """By which the machine knows it; of a folder's files, that of the folder."""
    name: str | None
    """In the folder that is served; None for a file of its own."""
    where: str
    """Its path from the root of the host."""
    size: int
    digest: str
    """See `emu.machine.blocks.Digest`."""
    member: str | None = None
    """Of the archive, where its content is; None where it is to be looked for."""


def pinned(config: MachineConfig) -> MachineConfig:
    """The configuration with every input named, the BIOS that comes with emu too."""
    return replace(config, firmware=config.firmware or bios_path())


def gather(
    config: MachineConfig,
    more: Iterable[str] = (),
    *,
    embed: int = EMBEDDED,
    files: HostFiles = HOST_FILES,
) -> list[Input]:
    """The inputs of a machine as they are now in `files`; `embed` bytes of them go into an archive.

    `more` are paths that its configuration does not have. Raises ConfigError where one cannot be read.
    """
    inputs: list[Input] = []
    left = embed
    for path, name in _listed(pinned(config), more, files):
        where = os.path.abspath(path if name is None else os.path.join(path, name))
        digest, size = _digest(files, path, name)
        member = None
        if digest.bytes_seen <= left:
            member, left = f"inputs/{len(inputs)}", left - digest.bytes_seen
        inputs.append(Input(path, name, where, size, digest.hexdigest(), member))
    return inputs


def gather_programs(
    paths: Iterable[Path], inputs: Sequence[Input], *, embed: int = EMBEDDED
) -> tuple[list[Input], list[str]]:
    """Files of the host that nothing reads but who looks at the run; and what is wrong with some of them.

    They have what is left of `embed` bytes by `inputs`. One that is an input is in the archive once.
    """
    known = {each.path: each for each in inputs if each.name is None}
    left = embed - sum(each.size for each in inputs if each.member)
    found, problems = [], []
    for number, path in enumerate(dict.fromkeys(map(str, paths))):
        if path in known:
            found.append(known[path])
            continue
        try:
            digest, size = _digest(HOST_FILES, path)
        except ConfigError as error:
            problems.append(str(error))
            continue
        member = None
        if size <= left:
            member, left = f"programs/{number}", left - size
        found.append(Input(path, None, os.path.abspath(path), size, digest.hexdigest(), member))
    return found, problems


def write_inputs(archive: ArchiveWriter, inputs: Iterable[Input], files: HostFiles) -> None:
    """Put the contents of inputs, which are in `files`, into an archive.

    Raises ConfigError where one is not what it was, or OSError.
    """
    for each in inputs:
        if each.member is None:
            continue
        with _reading(files, each.path, each.name) as descriptor, archive.stream(each.member) as stream:
            digest = Digest(file_size(descriptor))
            for number, content in file_blocks(descriptor):
                digest.add(number, content)
                write_block(stream, (MEMORY, number), content)
        if digest.hexdigest() != each.digest:
            raise ConfigError(f"{each.where} was changed during the run: run again, and leave it alone")


class RecordedFiles(HostFiles):
    """The inputs of an archive: those inside it from memory, the others from where they are found."""

    def __init__(
        self,
        archive: Archive,
        inputs: Iterable[Input],
        *,
        folder: Path | None = None,
        actual: Iterable[str] = (),
    ) -> None:
        """`folder` is where to look besides; `actual` are paths whose files themselves are wanted.

        Raises ConfigError where an input is gone, or not what it was.
        """
        self._archive = archive
        self._folder = folder
        self._memory: list[int] = []
        self._open: dict[tuple[str, str | None], Callable[[int], int]] = {}
        self._left = EMBEDDED
        self.notes: list[str] = []
        wanted = set(actual)
        try:
            for each in inputs:
                kept = each.path not in wanted
                self._open[each.path, each.name] = (
                    self._inside(each) if kept and each.member else self._found(each)
                )
        except BaseException:
            self.close()
            raise

    def open(self, path: str | os.PathLike[str], flags: int, name: str | None = None) -> int:
        """A descriptor of an input; files that are none are not there."""
        opener = self._open.get((os.fspath(path), name))
        if opener is None:
            raise FileNotFoundError(2, "it is not in the recording", str(path))
        return opener(flags)

    def serve(self, path: Path) -> Files:
        """The file, or the folder's files, that the peer served."""
        own = self._open.get((str(path), None))
        if own is not None:
            return _Served(path.name, {path.name: own})
        return _Served("", {name: self._open[str(path), name] for name in self.names(path) or []})

    def names(self, path: Path) -> list[str] | None:
        """The files that were in a served folder; None for a file."""
        if (str(path), None) in self._open:
            return None
        return [name for owner, name in self._open if owner == str(path) and name is not None]

    def close(self) -> None:
        """Let go of what is in memory."""
        for descriptor in self._memory:
            os.close(descriptor)
        self._memory.clear()

    def _inside(self, wanted: Input) -> Callable[[int], int]:
        if not 0 <= wanted.size <= LARGEST or wanted.member is None:
            raise damaged(self._archive.path)
        descriptor = os.memfd_create("emu input")
        self._memory.append(descriptor)
        os.ftruncate(descriptor, wanted.size)
        with self._archive.stream(wanted.member) as stream:
            for (_, number), packed in read_packed(stream, FILE_BLOCK):
                size = min(FILE_BLOCK, wanted.size - number * FILE_BLOCK)
                self._left -= size
                if size <= 0 or self._left < 0:
                    raise ValueError("an input is too large")
                os.pwrite(descriptor, unpacked(packed, size), number * FILE_BLOCK)
        if digest_of(descriptor).hexdigest() != wanted.digest:
            raise damaged(self._archive.path, f"{wanted.path} is not what was recorded")
        if _has_changed(wanted):
            kind = self._archive.kind
            self.notes.append(f"{wanted.where} has changed since: its copy in the {kind} is used")
        return lambda flags: os.open(f"/proc/self/fd/{descriptor}", flags)

    def _found(self, wanted: Input) -> Callable[[int], int]:
        """The first file with the right content: where it was, beside the archive, or in the folder."""
        name = Path(wanted.where).name
        folders = [self._archive.path.parent, *([self._folder] if self._folder else [])]
        there = False
        for path in (Path(wanted.where), *(folder / name for folder in folders)):
            if not path.is_file() and not path.is_block_device():
                continue
            there = True
            digest, _ = _digest(HOST_FILES, str(path))
            if digest.hexdigest() == wanted.digest:
                return lambda flags, path=path: os.open(path, flags)  # type: ignore[misc]
        problem = "has changed since" if there else "is not there; it was an input when"
        raise ConfigError(
            f"{wanted.where} {problem} {self._archive.path} was made: put it as it was there, beside the "
            "recording, or into a folder given by --image-dir"
        )


def _has_changed(recorded: Input) -> bool:
    """Whether there is another file now where the input was."""
    try:
        if not os.path.isfile(recorded.where):
            return False
        if os.path.getsize(recorded.where) != recorded.size:
            return True
        return _digest(HOST_FILES, recorded.where)[0].hexdigest() != recorded.digest
    except (OSError, ConfigError):
        return False  # one that cannot be read is of no use either way


class _Served:
    """Files by name, each behind what opens it."""

    def __init__(self, boot_file: str, files: Mapping[str, Callable[[int], int]]) -> None:
        self.boot_file = boot_file
        self._files = files

    def size(self, name: str) -> int | None:
        """The bytes in a file; None where there is no such file."""
        opener = self._files.get(_normal(name))
        if opener is None:
            return None
        descriptor = opener(READING)
        try:
            return file_size(descriptor)
        finally:
            os.close(descriptor)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        opener = self._files.get(_normal(name))
        if opener is None:
            raise HostError(f"{name!r} names no file")
        descriptor = opener(READING)
        try:
            return os.pread(descriptor, length, offset)
        finally:
            os.close(descriptor)


def _normal(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _listed(config: MachineConfig, more: Iterable[str], files: HostFiles) -> Iterator[tuple[str, str | None]]:
    """Of each input the path, and the name in a folder; each once."""
    served = {nic.serve: files.names(nic.serve) for nic in config.nics if nic.serve}
    single = [path for path, names in served.items() if names is None]
    for path in dict.fromkeys([*map(str, config.input_paths), *map(str, single), *more]):
        yield path, None
    for folder, names in served.items():
        for name in names or []:
            yield str(folder), name


def _digest(files: HostFiles, path: str, name: str | None = None) -> tuple[Digest, int]:
    """The digest of an input, and its size. Raises ConfigError where it cannot be read."""
    with _reading(files, path, name) as descriptor:
        try:
            return digest_of(descriptor), file_size(descriptor)
        except OSError as error:
            raise _unreadable(name or path, error) from None


@contextmanager
def _reading(files: HostFiles, path: str, name: str | None) -> Iterator[int]:
    """A descriptor of an input, for a while. Raises ConfigError where it cannot be opened."""
    try:
        descriptor = files.open(path, READING, name)
    except OSError as error:
        raise _unreadable(name or path, error) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _unreadable(path: str, error: OSError) -> ConfigError:
    return ConfigError(f"{path} cannot be read ({error.strerror}): make it readable, or leave it out")
