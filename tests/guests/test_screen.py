"""Our BIOS on our VGA: what INT 10h puts on the screen, from boot sectors of a few instructions."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.devices.vga.text import TextScreen
from emu.inspect.screen import lines_of
from emu.machine.config import Drive, MachineConfig
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason
from tests.unit.rom import report

HOME = {"ax": 0x0003}
"""Set mode 3: an empty screen."""


def load(**registers: int) -> bytes:
    opcodes = {"ax": 0xB8, "cx": 0xB9, "dx": 0xBA, "bx": 0xBB, "bp": 0xBD}
    return b"".join(
        bytes((opcodes[name],)) + value.to_bytes(2, "little") for name, value in registers.items()
    )


def int10(**registers: int) -> bytes:
    return load(**registers) + b"\xcd\x10"


def teletype(text: str) -> bytes:
    return b"".join(int10(ax=0x0E00 | code, bx=0) for code in text.encode())


def store(*places: tuple[int, str]) -> bytes:
    """MOV [place], register for AX to DX."""
    opcodes = {"ax": b"\xa3", "bx": b"\x89\x1e", "cx": b"\x89\x0e", "dx": b"\x89\x16"}
    return b"".join(opcodes[name] + place.to_bytes(2, "little") for place, name in places)


class Booted:
    """A machine that has run a boot sector to its report."""

    def __init__(self, folder: Path, code: bytes) -> None:
        image = folder / "disk.img"
        sector = code + report(0)
        assert len(sector) <= 510
        image.write_bytes(sector.ljust(510, b"\0") + b"\x55\xaa")
        self.machine = Machine(MachineConfig(drives=(Drive(image, 0),)))
        stop = self.machine.run(1_000_000_000)
        assert stop.reason is Reason.REPORTED

    @property
    def screen(self) -> TextScreen:
        screen = self.machine.pc.vga.screen()
        assert screen is not None
        return screen

    @property
    def lines(self) -> list[str]:
        return lines_of(self.screen)

    def word(self, address: int) -> int:
        return int.from_bytes(self.machine.memory.read(address, 2), "little")


def test_the_bios_says_on_the_screen_what_it_boots(tmp_path: Path) -> None:
    booted = Booted(tmp_path, b"")
    assert booted.lines == ["emu BIOS: disk 80h (primary master): booting"]
    assert booted.screen.cursor == (1, 0)


def test_the_teletype_moves_the_cursor_and_heeds_controls(tmp_path: Path) -> None:
    booted = Booted(tmp_path, int10(**HOME) + teletype("one\r\ntwo\b\b--\a"))
    assert booted.lines == ["one", "t--"]
    assert booted.screen.cursor == (1, 3)


def test_the_teletype_wraps_and_scrolls_at_the_bottom(tmp_path: Path) -> None:
    start = int10(**HOME) + teletype("top\r\nsecond") + int10(ax=0x0200, bx=0, dx=24 << 8 | 78)
    booted = Booted(tmp_path, start + teletype("abc"))
    assert (booted.lines[0], booted.lines[23], booted.lines[24]) == ("second", 78 * " " + "ab", "c")
    assert booted.screen.cursor == (24, 1)


def test_a_window_scrolls_both_ways_and_is_filled_with_its_attribute(tmp_path: Path) -> None:
    start = int10(**HOME) + teletype("abcd\r\nefgh\r\nijkl")
    up = Booted(tmp_path, start + int10(ax=0x0601, bx=0x1F00, cx=0x0001, dx=0x0202))
    assert up.lines == ["afgd", "ejkh", "i  l"]
    assert up.screen.rows[2][2:6] == b" \x1f \x1f"
    down = Booted(tmp_path, start + int10(ax=0x0701, bx=0x1F00, cx=0x0001, dx=0x0202))
    assert down.lines == ["a  d", "ebch", "ifgl"]


def test_characters_are_repeated_with_their_attribute_and_read_back(tmp_path: Path) -> None:
    code = int10(**HOME) + int10(ax=0x0200, bx=0, dx=0x0203) + int10(ax=0x0941, bx=0x004E, cx=3)
    booted = Booted(tmp_path, code + int10(ax=0x0800, bx=0) + store((0x600, "ax")))
    assert booted.screen.rows[2][4:14] == b" \x07A\x4eA\x4eA\x4e \x07"
    assert booted.word(0x600) == 0x4E41
    assert booted.screen.cursor == (2, 3)


def test_a_page_is_shown_when_it_is_selected(tmp_path: Path) -> None:
    code = int10(**HOME) + teletype("first") + int10(ax=0x0501) + teletype("second page")
    assert Booted(tmp_path, code).lines == ["second page"]
    back = Booted(tmp_path, code + int10(ax=0x0500))
    assert (back.lines, back.screen.cursor) == (["first"], (0, 5))


def test_the_cursor_can_be_asked_for_and_hidden(tmp_path: Path) -> None:
    code = int10(**HOME) + teletype("ab") + int10(ax=0x0100, cx=0x2607) + int10(ax=0x0300, bx=0)
    booted = Booted(tmp_path, code + store((0x600, "cx"), (0x602, "dx")))
    assert (booted.word(0x600), booted.word(0x602)) == (0x2607, 0x0002)
    assert booted.screen.cursor is None


@pytest.mark.parametrize("mode", [0x13, 0x12, 0x06])
def test_a_graphics_mode_leaves_the_text_mode(tmp_path: Path, mode: int) -> None:
    code = teletype("text") + int10(ax=mode) + int10(ax=0x0F00) + store((0x600, "ax"))
    booted = Booted(tmp_path, code)
    assert booted.lines[1] == "text"
    assert booted.word(0x600) == 0x5003


def test_setting_the_mode_repairs_what_was_done_to_the_chip(tmp_path: Path) -> None:
    spoil = b"\xba\xce\x03\xb8\x06\x05\xef" + b"\xba\xd4\x03\xb8\x11\x00\xef\xb8\x01\x10\xef"
    booted = Booted(tmp_path, spoil + int10(**HOME) + teletype("again"))
    assert (booted.lines, booted.screen.columns) == (["again"], 80)


def test_a_kernel_that_probes_finds_a_vga_with_a_colour_display(tmp_path: Path) -> None:
    code = int10(ax=0x1A00) + store((0x600, "ax"), (0x602, "bx"))
    code += int10(ax=0x1200, bx=0xFF10) + store((0x604, "bx"))
    code += int10(ax=0x1130, bx=0) + store((0x606, "cx"), (0x608, "dx"))
    booted = Booted(tmp_path, code)
    assert (booted.word(0x600) & 0xFF, booted.word(0x602), booted.word(0x604)) == (0x1A, 0x0008, 0x0003)
    assert (booted.word(0x606), booted.word(0x608) & 0xFF) == (16, 24)


def test_palette_and_colours_are_set_and_read(tmp_path: Path) -> None:
    code = int10(ax=0x1000, bx=0x2A05) + int10(ax=0x1007, bx=0x0005) + store((0x600, "bx"))
    code += int10(ax=0x1010, bx=0x2A, cx=0x0203, dx=0x0100) + int10(ax=0x1015, bx=0x2A)
    booted = Booted(tmp_path, code + store((0x602, "cx"), (0x604, "dx")) + teletype("still shown"))
    assert booted.word(0x600) == 0x2A05
    assert (booted.word(0x602), booted.word(0x604) >> 8) == (0x0203, 0x01)
    assert booted.lines[1] == "still shown"


def test_restored_in_the_middle_the_screen_is_the_same(tmp_path: Path) -> None:
    booted = Booted(tmp_path, teletype("kept"))
    saved = booted.machine.save()
    other = Machine(booted.machine.config)
    other.restore(saved)
    assert other.pc.vga.screen() == booted.screen
    assert other.save() == saved
