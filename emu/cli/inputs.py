"""`--input`: what the serial port receives besides keys."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from typing import BinaryIO

from emu.core.errors import ConfigError
from emu.machine.outside import Outside

STANDARD_INPUT = "-"
LARGEST_INPUT = 16 << 20
LONGEST_READ = 4096


class Input:
    """A file, which is there from the start as a whole; or a pipe or device, as it comes."""

    def __init__(self, name: str, received: Callable[[bytes], None]) -> None:
        """`name` is a path, or `-` for standard input."""
        self._name = name
        self._received = received
        self._stream: BinaryIO | None = None

    def open(self, outside: Outside) -> None:
        """Pass on what is there, and be listened to if there may be more. Raises ConfigError."""
        try:
            stream = self._stream = self._opened()
            if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                self._receive_file(stream)
            else:
                self._listen(outside)
        except OSError as error:
            raise ConfigError(
                f"cannot read the input {self._name} ({error.strerror}): give another file"
            ) from None

    def close(self) -> None:
        """Let go of it. Idempotent."""
        stream, self._stream = self._stream, None
        if stream is not None and stream is not sys.stdin.buffer:
            stream.close()

    def fileno(self) -> int:
        """What to wait for."""
        return -1 if self._stream is None else self._stream.fileno()

    def receive(self) -> bool:
        """Pass on what is there; False at its end."""
        try:
            data = os.read(self.fileno(), LONGEST_READ)
        except OSError:
            data = b""
        if data:
            self._received(data)
        return bool(data)

    def _opened(self) -> BinaryIO:
        if self._name == STANDARD_INPUT:
            return sys.stdin.buffer
        # A pipe that nobody writes to yet is no reason to wait here. Raises for a folder.
        return os.fdopen(os.open(self._name, os.O_RDONLY | os.O_NONBLOCK), "rb", 0)

    def _receive_file(self, stream: BinaryIO) -> None:
        contents = stream.read(LARGEST_INPUT + 1)
        if len(contents) > LARGEST_INPUT:
            raise ConfigError(f"the input {self._name} is too long: give at most {LARGEST_INPUT >> 20} MiB")
        if contents:
            self._received(contents)

    def _listen(self, outside: Outside) -> None:
        try:
            outside.add(self)
        except PermissionError:  # nothing to wait for: the null device and its like are always ready
            self.receive()
