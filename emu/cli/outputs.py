"""Where a run's bytes and lines go: standard streams and files. None of them raises amid a run.

A destination that fails (a full disk, a pipe that nobody reads any more) tells so once and then swallows
what comes. Files are opened after the machine was built, so that a refused configuration changes none.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from emu.cli.render import is_rich
from emu.core.backends import ByteSink
from emu.core.errors import ConfigError
from emu.machine.config import Run

FILE = "file:"
KEPT_LINES = 4096

Failed = Callable[[str], None]
"""Told why a destination takes no more."""


class Destination:
    """A stream that bytes go to; it is there from `open` to `close`."""

    def __init__(self, name: str, failed: Failed) -> None:
        """`name` is `stdio`, `stderr`, `null` or `file:PATH`."""
        self.name = name
        self._failed = failed
        self._stream: BinaryIO | None = None
        self._prompt = False
        self.before: Callable[[], None] = lambda: None
        """Called before anything is written."""

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        return Path(self.name.removeprefix(FILE)) if self.name.startswith(FILE) else None

    def open(self) -> None:
        """Be ready to take bytes. Raises ConfigError where a file cannot be made."""
        match self.name:
            case "null":
                return
            case "stdio":
                self._stream = sys.stdout.buffer
            case "stderr":
                self._stream = sys.stderr.buffer
        if self.path is not None:
            try:
                self._stream = self.path.open("wb")
            except OSError as error:
                raise ConfigError(
                    f"{self.path} cannot be written ({error.strerror}): give another path"
                ) from None
        self._prompt = self.name == "stderr" or (self._stream is not None and self._stream.isatty())

    def write(self, data: bytes) -> None:
        """Take `data`; show it at once on a terminal, else by lines."""
        if self._stream is None:
            return
        self.before()
        try:
            self._stream.write(data)
            if self._prompt or b"\n" in data:
                self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Let go of the stream; a file is closed."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        try:
            if self.path is None:
                stream.flush()
            else:
                stream.close()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._stream = None
        if self.name == "stdio":
            silence_stdout()
        self._failed(f"{self.path or self.name} takes no more: {error.strerror}")


def silence_stdout() -> None:
    """Let what is still buffered for standard output vanish: nobody reads it."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)


class Console:
    """A serial port's outlet: passes bytes on and keeps the last of them."""

    def __init__(self, passed_to: ByteSink, keep: int) -> None:
        self._passed_to = passed_to
        self._keep = keep
        self._kept = bytearray()
        self.ends_in_a_line = True
        """Whether what comes next begins a line: the last byte was a newline, or there was none."""

    @property
    def kept(self) -> bytes:
        """The last bytes."""
        return bytes(self._kept[-self._keep :])

    def write(self, data: bytes) -> None:
        """Take `data`."""
        self._kept += data
        self.ends_in_a_line = data.endswith(b"\n")
        if len(self._kept) > 2 * self._keep:
            del self._kept[: -self._keep]
        self._passed_to.write(data)


class LogLines:
    """The guest's log: lines pass on, the last of them are kept."""

    def __init__(self, passed_to: ByteSink) -> None:
        self._passed_to = passed_to
        self.kept: deque[bytes] = deque(maxlen=KEPT_LINES)

    def take(self, line: bytes) -> None:
        """Take a line without its newline."""
        self.kept.append(line)
        self._passed_to.write(line + b"\n")


def beside_display(run: Run) -> Run:
    """Where output goes while the screen has the terminal for itself. Raises ConfigError."""
    if run.json:
        raise ConfigError("--display text shows the screen, --json nothing: leave one of them out")
    if not is_rich(sys.stdout):
        raise ConfigError("--display text needs a terminal: give --screen for the screen at the end")
    if sys.stderr.isatty():
        if run.debug == "stderr" or (run.trace and run.trace_file is None):
            option = "--debug" if run.debug == "stderr" else "--trace-file"
            raise ConfigError(f"--display text needs the terminal for itself: send {option} to a file")
        run = replace(run, guest_log="null" if run.guest_log == "stderr" else run.guest_log)
    serial, serial2 = ("null" if name == "stdio" else name for name in (run.serial, run.serial2))
    return replace(run, serial=serial, serial2=serial2)


def refuse_clashes(outputs: list[Path], inputs: list[Path]) -> None:
    """Raises ConfigError where an output would overwrite an input or another output."""
    seen = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in seen:
            raise ConfigError(f"{path} is used twice and would be overwritten: give another path")
        seen.add(path.resolve())
