"""The text VGA as drivers and firmware use it: through its ports and its memory."""

from __future__ import annotations

from itertools import pairwise

import pytest

from emu.core.bus import MmioBus, PortBus
from emu.core.clock import Clock
from emu.core.memory import Memory
from emu.devices.pci.host_bridge import HostBridge
from emu.devices.vga.chip import Vga
from emu.devices.vga.planes import MEMORY_SIZE
from emu.devices.vga.text import TextScreen

FRAME_NS = 100 * 449 * 9 * 1_000_000_000 // 28_322_000
"""Mode 3: 100 characters of 9 dots in a line, 449 lines."""


class Pc:
    """A VGA behind a host bridge."""

    def __init__(self) -> None:
        self.clock, self.bus = Clock(), PortBus()
        mmio = MmioBus()
        self.memory = Memory(2 << 20, MEMORY_SIZE, mmio)
        at = self.memory.add_image(bytes(MEMORY_SIZE))
        self.vga = Vga(
            clock=self.clock,
            memory=self.memory.view[at : at + MEMORY_SIZE],
            starts_at=at,
            window_changed=lambda: self.bridge.drive_outputs(),
        )
        self.bridge = HostBridge(
            "bridge", place=self.memory.place, rom=lambda address: None, vga_window=self.vga.window
        )
        for region in self.vga.ports():
            self.bus.claim(region)
        mmio.claim(self.vga.memory_region)

    def outb(self, port: int, value: int) -> None:
        self.bus.write(port, 1, value)

    def inb(self, port: int) -> int:
        return self.bus.read(port, 1)

    def outw(self, port: int, value: int) -> None:
        self.bus.write(port, 2, value)

    def get(self, port: int, index: int) -> int:
        self.outb(port, index)
        return self.inb(port + 1)

    def attribute(self, index: int) -> int:
        self.inb(0x3DA)
        self.outb(0x3C0, index)
        value = self.inb(0x3C1)
        self.inb(0x3DA)
        self.outb(0x3C0, 0x20)
        return value

    def show(self, text: bytes, row: int = 0, column: int = 0, attribute: int = 7) -> None:
        cells = b"".join(bytes((code, attribute)) for code in text)
        self.memory.write(0xB_8000 + 2 * (80 * row + column), cells)

    @property
    def screen(self) -> TextScreen:
        screen = self.vga.screen()
        assert screen is not None
        return screen

    def line(self, row: int) -> bytes:
        return self.screen.rows[row][::2].rstrip(b"\0")


@pytest.fixture
def pc() -> Pc:
    return Pc()


def test_mode_3_has_25_rows_of_80_cells(pc: Pc) -> None:
    assert (pc.screen.columns, [len(row) for row in pc.screen.rows]) == (80, [160] * 25)


def test_a_cell_is_a_character_and_an_attribute(pc: Pc) -> None:
    pc.show(b"A", row=24, column=79, attribute=0x1E)
    assert pc.screen.rows[24][-2:] == b"A\x1e"


def test_the_start_address_scrolls_the_screen(pc: Pc) -> None:
    pc.show(b"third", row=2)
    pc.outw(0x3D4, 160 << 8 | 0x0D)
    assert pc.line(0) == b"third"


def test_a_start_address_near_the_end_of_a_plane_wraps_to_the_odd_offsets(pc: Pc) -> None:
    pc.outw(0x3CE, 0x02 << 8 | 6)  # the map of 128 KiB: its upper half is the odd offsets
    pc.memory.write(0xB_0000, b"f\x07i\x07r\x07s\x07t\x07")
    pc.outw(0x3CE, 0x0E << 8 | 6)
    pc.outw(0x3D4, 0x7F << 8 | 0x0C)
    pc.outw(0x3D4, (0x100 - 80) << 8 | 0x0D)
    assert pc.line(1) == b"first"


def test_the_cursor_is_where_the_crtc_puts_it(pc: Pc) -> None:
    pc.outw(0x3D4, 3 << 8 | 0x0E)
    pc.outw(0x3D4, 0x25 << 8 | 0x0F)
    assert pc.screen.cursor == divmod(0x325, 80)
    assert (pc.get(0x3D4, 0x0E), pc.get(0x3D4, 0x0F)) == (3, 0x25)
    pc.outw(0x3D4, 0x2D << 8 | 0x0A)
    assert pc.screen.cursor is None


def test_lines_of_eight_give_fifty_rows(pc: Pc) -> None:
    pc.outw(0x3D4, 0x47 << 8 | 0x09)
    assert len(pc.screen.rows) == 50


def test_reading_the_status_makes_the_next_attribute_write_an_index(pc: Pc) -> None:
    pc.outb(0x3C0, 0x31)
    pc.inb(0x3DA)
    pc.outb(0x3C0, 0x31)
    pc.outb(0x3C0, 0x05)
    assert pc.attribute(0x11) == 0x05


def test_the_palette_opens_only_while_it_is_not_shown(pc: Pc) -> None:
    pc.inb(0x3DA)
    for value in (0x21, 0x15, 0x02, 0x16):
        pc.outb(0x3C0, value)
    assert (pc.attribute(1), pc.attribute(2)) == (0x01, 0x16)


def test_without_the_palette_address_source_nothing_is_shown(pc: Pc) -> None:
    pc.inb(0x3DA)
    pc.outb(0x3C0, 0x00)
    assert pc.vga.screen() is None


def test_a_protected_crtc_keeps_its_timing_but_for_line_compare(pc: Pc) -> None:
    pc.outw(0x3D4, 0x00FF << 8 | 0x00)
    pc.outw(0x3D4, 0x0000 << 8 | 0x07)
    assert (pc.get(0x3D4, 0), pc.get(0x3D4, 7)) == (0x5F, 0x0F)
    pc.outw(0x3D4, 0x0E << 8 | 0x11)
    pc.outw(0x3D4, 0xFF << 8 | 0x00)
    assert pc.get(0x3D4, 0) == 0xFF


def test_the_crtc_answers_at_the_colour_or_at_the_monochrome_address(pc: Pc) -> None:
    assert pc.get(0x3B4, 1) == 0xFF
    pc.outb(0x3C2, 0x66)
    assert pc.inb(0x3CC) == 0x66
    assert (pc.get(0x3B4, 1), pc.get(0x3D4, 1)) == (0x4F, 0xFF)
    assert (pc.inb(0x3DA), pc.inb(0x3BA) & 0xF6) == (0xFF, 0)


def test_registers_keep_only_the_bits_that_exist(pc: Pc) -> None:
    for index in range(5):
        pc.outw(0x3C4, 0xFF00 | index)
    assert [pc.get(0x3C4, index) for index in range(5)] == [0x03, 0x3D, 0x0F, 0x3F, 0x0E]
    assert (pc.get(0x3CE, 9), pc.get(0x3D4, 0x30)) == (0, 0)


def test_the_dac_takes_and_gives_three_components_and_goes_on(pc: Pc) -> None:
    pc.outb(0x3C8, 0xFF)
    for value in (1, 2, 0xFF, 4, 5, 6):
        pc.outb(0x3C9, value)
    pc.outb(0x3C7, 0xFF)
    assert pc.inb(0x3C7) == 3
    assert [pc.inb(0x3C9) for _ in range(6)] == [1, 2, 0x3F, 4, 5, 6]
    pc.outb(0x3C8, 0)
    assert pc.inb(0x3C7) == 0


def test_colour_14_hexadecimal_is_brown(pc: Pc) -> None:
    pc.outb(0x3C7, pc.attribute(6))
    assert [pc.inb(0x3C9) for _ in range(3)] == [0x2A, 0x15, 0x00]


def test_retrace_comes_once_in_a_frame_and_lasts_two_lines(pc: Pc) -> None:
    step = FRAME_NS // 1000
    seen = []
    for n in range(2000):
        pc.clock.advance_to(n * step)
        seen.append(pc.inb(0x3DA))
    rises = sum(not a & 8 and bool(b & 8) for a, b in pairwise(seen))
    assert rises == 2
    assert 6 <= sum(bool(status & 8) for status in seen) <= 12  # two lines of 449, twice
    assert all(status & 1 for status in seen if status & 8)
    shown = sum(not status & 1 for status in seen) / len(seen)
    assert shown == pytest.approx(400 / 449 * 0.8, abs=0.01)


def test_text_memory_is_where_the_graphics_controller_maps_it(pc: Pc) -> None:
    pc.show(b"x")
    pc.outw(0x3CE, 0x0A << 8 | 6)
    assert (pc.memory.read(0xB_0000, 2), pc.memory.read(0xB_8000, 2)) == (b"x\x07", b"\xff\xff")
    pc.outw(0x3CE, 0x06 << 8 | 6)
    assert pc.memory.read(0xA_0000, 2) == b"x\x07"
    assert pc.memory.read(0xB_0000, 2) == pc.memory.read(0xB_8000, 2) == b"\xff\xff"
    pc.outw(0x3CE, 0x0E << 8 | 6)
    assert pc.memory.read(0xB_8000, 2) == b"x\x07"
    pc.outb(0x3C2, 0x65)
    assert pc.memory.read(0xB_8000, 2) == b"\xff\xff"


def test_open_smram_hides_text_memory_and_is_other_memory(pc: Pc) -> None:
    pc.show(b"text")
    pc.bridge.write_configuration(0x72, 1, 0x4A)
    pc.memory.write(0xB_8000, b"SMRAM")
    assert pc.line(0) == b"text"
    pc.bridge.write_configuration(0x72, 1, 0x0A)
    assert pc.memory.read(0xB_8000, 4) == b"t\x07e\x07"


def test_graphics_are_no_text(pc: Pc) -> None:
    pc.outw(0x3CE, 0x05 << 8 | 6)
    assert pc.vga.screen() is None


def test_a_saved_screen_comes_back_where_it_was_mapped(pc: Pc) -> None:
    pc.show(b"kept", row=3)
    pc.outw(0x3CE, 0x0A << 8 | 6)
    saved = pc.vga.save()
    other = Pc()
    other.vga.restore(saved)
    assert other.line(3) == b"kept"
    assert other.memory.read(0xB_0000 + 480, 1) == b"k"
    other.vga.reset()
    assert other.memory.read(0xB_8000 + 480, 1) == b"k"
