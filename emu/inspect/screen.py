"""A text screen as a person reads it: characters of code page 437, and runs of one colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from emu.devices.vga.text import TextScreen

CONTROL_GLYPHS = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
"""What a display shows for codes 0 to 31."""
GLYPHS = CONTROL_GLYPHS + bytes(range(32, 127)).decode("ascii") + "⌂" + bytes(range(128, 256)).decode("cp437")
COLOURS = ("black", "blue", "green", "cyan", "red", "magenta", "yellow", "white")


@dataclass(frozen=True)
class Style:
    """An attribute byte in words that a terminal knows."""

    foreground: str
    background: str
    blink: bool


@dataclass(frozen=True)
class StyledText:
    """Characters next to each other with the same attribute."""

    text: str
    style: Style


def style_of(attribute: int) -> Style:
    """The colours of an attribute byte, as mode 3 sets the palette and bit 7."""
    bright = "bright_" if attribute & 8 else ""
    return Style(bright + COLOURS[attribute & 7], COLOURS[attribute >> 4 & 7], bool(attribute & 0x80))


def lines_of(screen: TextScreen) -> list[str]:
    """The rows as text, without the blanks at their ends and the empty rows at the bottom."""
    lines = ["".join(GLYPHS[code] for code in row[::2]).rstrip(" \xa0") for row in screen.rows]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def styled_rows(screen: TextScreen) -> Iterator[list[StyledText]]:
    """Every row as runs of one attribute."""
    for row in screen.rows:
        pairs = zip(row[::2], row[1::2], strict=True)
        yield [
            StyledText("".join(GLYPHS[code] for code, _ in run), style_of(attribute))
            for attribute, run in groupby(pairs, key=lambda pair: pair[1])
        ]
