"""The terminal that a person sits at: every key at once, and as it was found when the run is over."""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

LONGEST_READ = 4096
INPUT, OUTPUT, LOCAL, CHARACTERS = 0, 1, 3, 6
"""Where termios keeps its flags and characters."""
NOT_AS_TYPED = (
    termios.BRKINT
    | termios.IGNCR
    | termios.INLCR
    | termios.ICRNL
    | termios.INPCK
    | termios.ISTRIP
    | termios.IXON
)
NOT_AT_ONCE = termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG


def has_keyboard() -> bool:
    """Whether a person sits at standard input, and we are what runs at the terminal now."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):  # closed, or none
        return False


class Terminal:
    """Standard input as a source of keys.

    Output is left to the terminal's own processing: a newline is one, whoever prints it, and the return and
    newline that a guest sends are no worse for it.
    """

    def __init__(self, typed: Callable[[bytes], None], descriptor: int | None = None) -> None:
        """`typed` is given what comes, as it comes."""
        self._typed = typed
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._found: list[Any] | None = None
        self._continued: Any = None

    def open(self) -> None:
        """Take the terminal over."""
        self._found = termios.tcgetattr(self._descriptor)
        self._grab()
        # Whoever stopped us in between has had the terminal.
        self._continued = signal.signal(signal.SIGCONT, self._on_continue)

    def close(self) -> None:
        """Leave the terminal as it was found. Idempotent."""
        if self._found is not None:
            signal.signal(signal.SIGCONT, self._continued or signal.SIG_DFL)
            self._let_go()
            self._found = None

    def fileno(self) -> int:
        """What to wait for."""
        return self._descriptor

    def receive(self) -> bool:
        """Pass on what was typed; False where the terminal is gone."""
        try:
            data = os.read(self._descriptor, LONGEST_READ)
        except OSError:
            data = b""
        if data:
            self._typed(data)
        return bool(data)

    def ask(self, question: str) -> str | None:
        """A line from the person, who may edit it; None where they think better of it (Ctrl-C, Ctrl-D)."""
        self._let_go()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            print(question, end="", flush=True)
            line = os.read(self._descriptor, LONGEST_READ)
            return line.decode(errors="surrogateescape").rstrip("\n") if line else None
        except KeyboardInterrupt:
            print()
            return None
        finally:
            signal.signal(signal.SIGINT, before)
            self._grab()

    def _grab(self) -> None:
        raw = termios.tcgetattr(self._descriptor)
        raw[INPUT] &= ~NOT_AS_TYPED
        raw[OUTPUT] |= termios.OPOST
        raw[LOCAL] &= ~NOT_AT_ONCE
        raw[CHARACTERS][termios.VMIN], raw[CHARACTERS][termios.VTIME] = 1, 0
        self._set(raw)

    def _let_go(self) -> None:
        if self._found is not None:
            self._set(self._found)

    def _set(self, attributes: list[Any]) -> None:
        with suppress(termios.error):  # it was hung up: nobody is there to notice
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, attributes)

    def _on_continue(self, number: int, frame: FrameType | None) -> None:
        self._grab()
