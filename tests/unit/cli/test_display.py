"""The live screen: what goes to the terminal, and when."""

from __future__ import annotations

import os
import re
from io import StringIO

import pytest

from emu.cli.display import OTHER_SCREEN, OWN_SCREEN, PERIOD_S, SHOWN_S, Display
from emu.devices.vga.text import TextScreen


def screen(*rows: str, cursor: tuple[int, int] | None = None, attribute: int = 7) -> TextScreen:
    cells = tuple(bytes(byte for code in row.encode() for byte in (code, attribute)) for row in rows)
    return TextScreen(max(map(len, rows)), cells, cursor)


class Stream(StringIO):
    def fileno(self) -> int:
        return 1


class Bench:
    """A display of a screen that the test sets, on a terminal of 20 by 5."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wall = 0.0
        self.shown: TextScreen | None = screen("one", "two")
        self.size = os.terminal_size((20, 5))
        self.stream = Stream()
        self.display = Display(lambda: self.shown, self.stream, lambda: self.wall)
        patch.setattr(os, "get_terminal_size", lambda descriptor: self.size)

    def written(self) -> str:
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text

    def after(self, seconds: float) -> str:
        self.wall += seconds
        self.display.breathe()
        return self.written()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def plain(text: str) -> str:
    """Without colours and what else is no place or text."""
    return re.sub(r"\x1b\[(?:\d*;?\d*;?\d*m|K|2J|\?25[lh])", "", text)


def test_it_takes_the_other_screen_and_gives_it_back(bench: Bench) -> None:
    bench.display.open()
    assert bench.written().startswith(OTHER_SCREEN)
    bench.display.close()
    bench.display.close()
    assert bench.written() == OWN_SCREEN


def test_every_row_is_drawn_at_its_place(bench: Bench) -> None:
    bench.display.open()
    assert plain(bench.written()).endswith("\x1b[1Hone\x1b[2Htwo")


def test_only_rows_that_changed_are_drawn_again_and_not_too_often(bench: Bench) -> None:
    bench.display.open()
    bench.written()
    bench.shown = screen("one", "TWO")
    assert bench.after(PERIOD_S / 2) == ""
    assert plain(bench.after(PERIOD_S)) == "\x1b[2HTWO"
    assert bench.after(PERIOD_S) == ""


def test_colours_are_those_of_the_attributes(bench: Bench) -> None:
    bench.shown = screen("red", attribute=0x9C)
    bench.display.open()
    assert "\x1b[0;91;44;5mred\x1b[0m" in bench.written()


def test_the_cursor_is_where_the_guest_has_it(bench: Bench) -> None:
    bench.shown = screen("one", "two", cursor=(1, 2))
    bench.display.open()
    assert bench.written().endswith("\x1b[2;3H\x1b[?25h")


def test_a_screen_that_is_too_wide_is_cut_and_of_one_too_high_the_cursor_is_shown(bench: Bench) -> None:
    bench.shown = screen(*(f"{row}{'x' * 30}" for row in range(8)), cursor=(6, 0))
    bench.display.open()
    drawn = plain(bench.written())
    assert "\x1b[1H2" + "x" * 19 + "\x1b[2H3" in drawn
    assert drawn.endswith("\x1b[5H6" + "x" * 19 + "\x1b[5;1H")


def test_a_terminal_of_another_size_is_drawn_afresh(bench: Bench) -> None:
    bench.display.open()
    bench.written()
    bench.size = os.terminal_size((2, 5))
    assert plain(bench.after(PERIOD_S)) == "\x1b[1Hon\x1b[2Htw"


def test_words_of_ours_lie_over_the_bottom_for_a_while(bench: Bench) -> None:
    bench.shown = screen("1", "2", "3", "4", "5")
    bench.display.open()
    bench.written()
    bench.display.say("help", "more")
    assert plain(bench.written()).endswith("\x1b[3H3\x1b[4Hhelp\x1b[5Hmore")
    assert bench.after(SHOWN_S / 2) == ""
    assert plain(bench.after(SHOWN_S)).endswith("\x1b[4H4\x1b[5H5")


def test_a_screen_of_graphics_says_so(bench: Bench) -> None:
    bench.shown = None
    bench.display.open()
    assert "The screen shows no text" in bench.written()
