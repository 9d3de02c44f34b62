"""A text screen in words."""

from __future__ import annotations

from emu.devices.vga.text import TextScreen
from emu.inspect.screen import GLYPHS, Style, StyledText, lines_of, styled_rows


def cells(text: bytes, attribute: int = 7) -> bytes:
    return b"".join(bytes((code, attribute)) for code in text)


def test_there_is_a_glyph_for_each_code_and_none_steers_a_terminal() -> None:
    assert len(GLYPHS) == 256
    assert all(glyph.isprintable() or glyph == "\xa0" for glyph in GLYPHS)


def test_lines_lose_their_blanks_and_empty_rows_below() -> None:
    screen = TextScreen(
        4, (cells(b" a\x00 "), cells(b"\xff   "), cells(b"\x01\xc9\x7f."), cells(b"    ")), None
    )
    assert lines_of(screen) == [" a", "", "☺╔⌂."]


def test_runs_of_one_attribute_have_its_colours() -> None:
    screen = TextScreen(4, (cells(b"ab") + cells(b"cd", 0x9E),), None)
    assert list(styled_rows(screen)) == [
        [
            StyledText("ab", Style("white", "black", False)),
            StyledText("cd", Style("bright_yellow", "blue", True)),
        ]
    ]
