"""`emu` at a terminal of the test's own, as a person sits at it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0


class Sitting:
    """A person's view: type, wait until something shows, see how it ended."""

    def __init__(self, process: int, keyboard: int) -> None:
        self.process: int | None = process
        self.shown = ""
        self._keyboard = keyboard

    def settings(self) -> list[Any]:
        """How the terminal is set."""
        return termios.tcgetattr(self._keyboard)

    def set_plain(self) -> None:
        """Set the terminal as a shell does that has stopped what ran on it."""
        plain = self.settings()
        plain[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(self._keyboard, termios.TCSANOW, plain)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._keyboard, keys)

    def wait_for(self, pattern: str) -> str:
        """Wait until the pattern shows; everything up to its end, which is taken away."""
        while not (found := re.search(pattern, self.shown, re.DOTALL)):
            if not self._read():
                raise AssertionError(f"{pattern!r} never showed: {self.shown!r}")
        self.shown, seen = self.shown[found.end() :], self.shown[: found.end()]
        return seen

    def rest(self) -> str:
        """What shows until it ends."""
        while self._read():
            pass
        return self.shown

    def status(self) -> int:
        """The exit status; everything that was shown until then is in `shown`."""
        self.rest()
        assert self.process is not None
        _, status = os.waitpid(self.process, 0)
        self.process = None
        return os.waitstatus_to_exitcode(status)

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self.process is not None
        os.kill(self.process, number)

    def _read(self) -> bool:
        if not select.select([self._keyboard], [], [], PATIENCE_S)[0]:
            raise AssertionError(f"nothing more shows: {self.shown!r}")
        try:
            data = os.read(self._keyboard, 4096)
        except OSError:  # the other end is closed
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


@contextmanager
def sit(*arguments: str, program: tuple[str, ...] = ("-m", "emu")) -> Iterator[Sitting]:
    """Run `emu` (or another program of Python's) with these arguments at a new terminal."""
    keyboard, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, 100))
    process = os.fork()
    if not process:
        os.login_tty(terminal)
        os.chdir(ROOT)
        os.environ["TERM"] = "xterm"
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
        os.execv(sys.executable, [sys.executable, *program, *arguments])
    os.close(terminal)
    sitting = Sitting(process, keyboard)
    try:
        yield sitting
    finally:
        if sitting.process is not None:
            sitting.send(signal.SIGKILL)
            os.waitpid(process, 0)
        os.close(keyboard)
