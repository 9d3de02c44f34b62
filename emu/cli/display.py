"""The guest's text screen, live in the terminal: on a screen of its own, so that the one before comes back.

Only rows that have changed are drawn again, and not more often than a person can see.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TextIO

from emu.devices.vga.text import TextScreen
from emu.inspect.screen import Style, styled_rows

PERIOD_S = 0.05
SHOWN_S = 5.0
"""How long words of ours stay over the guest's."""
OTHER_SCREEN, OWN_SCREEN = "\x1b[?1049h\x1b[2J", "\x1b[0m\x1b[?25h\x1b[?1049l"
WITHOUT_CURSOR, WITH_CURSOR = "\x1b[?25l", "\x1b[?25h"
PLAIN, REVERSED, TO_END = "\x1b[0m", "\x1b[7m", "\x1b[K"
ANSI = {"black": 0, "red": 1, "green": 2, "yellow": 3, "blue": 4, "magenta": 5, "cyan": 6, "white": 7}
FOREGROUND, BRIGHT_FOREGROUND, BACKGROUND = 30, 90, 40


def colours(style: Style) -> str:
    """The sequence that sets an attribute byte's colours."""
    bright = style.foreground.startswith("bright_")
    base = BRIGHT_FOREGROUND if bright else FOREGROUND
    codes = [0, base + ANSI[style.foreground.removeprefix("bright_")], BACKGROUND + ANSI[style.background]]
    return f"\x1b[{';'.join(map(str, codes + [5] * style.blink))}m"


def drawn_rows(screen: TextScreen | None, width: int) -> list[str]:
    """The rows as a terminal of that width takes them."""
    if screen is None:
        return ["The screen shows no text"]
    rows = []
    for runs in styled_rows(screen):
        left, row = width, ""
        for run in runs:
            row += colours(run.style) + run.text[:left]
            left = max(left - len(run.text), 0)
        rows.append(row + PLAIN)
    return rows


class Display:
    """Shows `screen` on `stream` from `open` to `close`."""

    def __init__(
        self,
        screen: Callable[[], TextScreen | None],
        stream: TextIO,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._stream = stream
        self._wall = wall
        self._drawn: list[str] = []
        self._size: os.terminal_size | None = None
        self._seen: TextScreen | None = None
        self._words: list[str] = []
        self._due = self._words_until = 0.0
        self._is_open = False

    def open(self) -> None:
        """Take the terminal's other screen."""
        self._is_open = True
        self._size = None
        self._stream.write(OTHER_SCREEN)
        self._draw()

    def close(self) -> None:
        """Give the terminal its own screen back. Idempotent."""
        if self._is_open:
            self._is_open = False
            self._stream.write(OWN_SCREEN)
            self._stream.flush()

    def say(self, *lines: str) -> None:
        """Show words of ours over the bottom of the screen for a while."""
        self._words, self._words_until = list(lines), self._wall() + SHOWN_S
        self._size = None
        self._draw()

    def breathe(self) -> None:
        """Draw what has changed, if it is time."""
        if self._is_open and self._wall() >= self._due:
            self._draw()

    def _draw(self) -> None:
        now = self._wall()
        self._due = now + PERIOD_S
        size, screen = os.get_terminal_size(self._stream.fileno()), self._screen()
        if self._words and now >= self._words_until:
            self._words, self._size = [], None
        if (size, screen) == (self._size, self._seen):
            return
        if size != self._size:
            self._stream.write("\x1b[0m\x1b[2J")
            self._drawn = []
        self._size, self._seen = size, screen
        rows = self._rows(screen, size)
        changed = [
            f"\x1b[{number + 1}H{row}{TO_END}"
            for number, row in enumerate(rows)
            if self._drawn[number : number + 1] != [row]
        ]
        self._drawn = rows
        self._stream.write(WITHOUT_CURSOR + "".join(changed) + self._cursor(screen, size))
        self._stream.flush()

    def _rows(self, screen: TextScreen | None, size: os.terminal_size) -> list[str]:
        """What is to be seen: of a screen that is too high, the part with the cursor."""
        rows = drawn_rows(screen, size.columns)
        top = self._top(screen, size)
        rows = rows[top : top + size.lines]
        widest = max(map(len, self._words), default=0)
        words = [
            f"{REVERSED}{line.ljust(widest)[: size.columns]}{PLAIN}" for line in self._words[: size.lines]
        ]
        room = min(size.lines - len(rows), len(words))
        return rows[: len(rows) - (len(words) - room)] + words

    def _cursor(self, screen: TextScreen | None, size: os.terminal_size) -> str:
        if screen is None or screen.cursor is None:
            return ""
        row, column = screen.cursor
        row -= self._top(screen, size)
        shown = row < size.lines - len(self._words) and column < size.columns
        return f"\x1b[{row + 1};{column + 1}H{WITH_CURSOR}" if shown else ""

    def _top(self, screen: TextScreen | None, size: os.terminal_size) -> int:
        if screen is None or screen.cursor is None:
            return 0
        return max(screen.cursor[0] - size.lines + 1, 0)
