"""Raw disk images as files of the host."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from emu.backends.host_files import HOST_FILES, HostFiles
from emu.core.errors import ConfigError, HostError

SECTOR = 512


class RawImage:
    """A file whose bytes are the disk's. Sizes that are no multiple of 512 are rounded up with zeros.

    Closing lets go of the file; a later access opens it again, because going back in time to before an
    unplug brings the drive back. While it is open other runs may read the file, but not write it, and not
    even read it if this one writes. What is sparse stays so: zeros are not written where the file has a hole.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, write: bool = False, files: HostFiles = HOST_FILES
    ) -> None:
        """Raises ConfigError where the image cannot be used."""
        self.path = Path(path)
        self._write = write
        self._files = files
        self._descriptor: int | None = self._open_at_start()
        self.file_size = self._usable_size()
        self.size = -(-self.file_size // SECTOR) * SECTOR

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return not self._write

    @property
    def warning(self) -> str | None:
        """What the user should know about the image, or None."""
        missing = self.size - self.file_size
        if not missing:
            return None
        return f"{self.path} is no multiple of {SECTOR} bytes: {missing} zero bytes are added at its end"

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`. Raises HostError where the host cannot read, or the file shrank."""
        try:
            data = os.pread(self._file(), length, offset)
            while len(data) < length:
                more = os.pread(self._file(), length - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise HostError(f"{self.path}: cannot be read: {error.strerror}") from error
        if len(data) < length:
            self._check_end(offset + len(data), offset + length)
            data = data.ljust(length, b"\0")
        return data

    def write(self, offset: int, data: bytes) -> None:
        """Store `data` at `offset`. Raises HostError."""
        if not self._write:
            raise HostError(f"{self.path} was opened read-only")
        if offset + len(data) > self.size:
            raise HostError(f"{self.path}: write beyond the end of the image")
        try:
            descriptor = self._file()
            view = memoryview(data)[: self._length_to_write(descriptor, offset, data)]
            while view:
                written = os.pwrite(descriptor, view, offset)
                view, offset = view[written:], offset + written
                self.file_size = max(self.file_size, offset)
        except OSError as error:
            raise HostError(f"{self.path}: cannot be written: {error.strerror}") from error

    def flush(self) -> None:
        """What was written is on the host's disk. Raises HostError."""
        if self._write and self._descriptor is not None:
            try:
                os.fsync(self._descriptor)
                links = os.fstat(self._descriptor).st_nlink
            except OSError as error:
                raise HostError(f"{self.path}: cannot be flushed: {error.strerror}") from error
            if not links:
                raise HostError(f"{self.path}: was removed while in use, what is written to it is lost")

    def close(self) -> None:
        """Flush, then let go of the file. Idempotent."""
        if self._descriptor is None:
            return
        try:
            self.flush()
        finally:
            os.close(self._descriptor)
            self._descriptor = None

    def _check_end(self, reached: int, wanted: int) -> None:
        """Zeros stand behind the file's end up to the image's; anything else means that the file shrank."""
        if reached < self.file_size or wanted > self.size:
            end = os.fstat(self._file()).st_size
            raise HostError(f"{self.path}: ends at byte {end}, the image had {self.file_size}")

    def _length_to_write(self, descriptor: int, offset: int, data: bytes) -> int:
        """How much of `data` changes the file: no zeros where it has a hole, none behind its end."""
        if data.count(0) == len(data) and _is_hole(descriptor, offset, len(data)):
            return 0
        if offset + len(data) > self.file_size:
            return max(self.file_size - offset, len(data.rstrip(b"\0")))
        return len(data)

    def _file(self) -> int:
        if self._descriptor is None:
            self._descriptor = self._open()
        return self._descriptor

    def _open(self) -> int:
        descriptor = self._files.open(self.path, self._flags)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if self._write else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:
            pass  # a file system without locks
        return descriptor

    @property
    def _flags(self) -> int:
        # Without O_NONBLOCK, opening a pipe that was named as an image would wait for ever.
        return (os.O_RDWR if self._write else os.O_RDONLY) | os.O_CLOEXEC | os.O_NONBLOCK

    def _open_at_start(self) -> int:
        try:
            return self._open()
        except ValueError as error:
            raise ConfigError(f"{str(self.path)!r} is no path: give that of an image file") from error
        except OSError as error:
            raise ConfigError(self._refusal(error.errno)) from error

    def _refusal(self, reason: int | None) -> str:
        match reason:
            case errno.ENOENT | errno.ENOTDIR:
                return f"the image {self.path} does not exist: check the path"
            case errno.EWOULDBLOCK if self._write:
                return f"the image {self.path} is in use, and only one drive may write it: end the other run"
            case errno.EWOULDBLOCK:
                return f"the image {self.path} is in use by one who writes it: end that run, or make a copy"
            case errno.EISDIR:
                return f"{self.path} is a directory: give the path of an image file"
            case errno.EACCES | errno.EPERM | errno.EROFS:
                verb = "written" if self._write else "read"
                remedy = "change its permissions" + (" or drop `write`" if self._write else "")
                return f"the image {self.path} cannot be {verb}: {remedy}"
            case _:
                return (
                    f"the image {self.path} cannot be opened: {os.strerror(reason or 0)}; give another file"
                )

    def _usable_size(self) -> int:
        descriptor = self._file()
        mode = os.fstat(descriptor).st_mode
        problem = ""
        size = 0
        if stat.S_ISDIR(mode):
            problem = self._refusal(errno.EISDIR)
        elif not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            problem = f"{self.path} is no regular file: give the path of an image file"
        else:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            if not size:
                problem = f"the image {self.path} is empty: give an image of at least one sector"
        if problem:
            os.close(descriptor)
            self._descriptor = None
            raise ConfigError(problem)
        return size


def _is_hole(descriptor: int, offset: int, length: int) -> bool:
    """Whether the file has no data there."""
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA) >= offset + length
    except OSError as error:
        return error.errno == errno.ENXIO  # no data behind `offset`
