"""The VGA's planes as firmware and graphics programs reach them: through registers and the window."""

from __future__ import annotations

from random import Random

import pytest

from emu.devices.vga.planes import place_of
from tests.unit.devices.test_vga import Pc

SEQUENCER, GRAPHICS = 0x3C4, 0x3CE
WINDOW = 0xA_0000


@pytest.fixture
def pc() -> Pc:
    return Pc()


def sequencer(pc: Pc, **values: int) -> None:
    numbers = {"map_mask": 2, "memory_mode": 4}
    for name, value in values.items():
        pc.outw(SEQUENCER, value << 8 | numbers[name])


def graphics(pc: Pc, **values: int) -> None:
    names = ("set_reset", "enable", "compare", "rotate", "read_map", "mode", "misc", "care", "mask")
    for name, value in values.items():
        pc.outw(GRAPHICS, value << 8 | names.index(name))


def planar(pc: Pc) -> None:
    """Mode 12h's way to memory: 64 KiB of each plane at 0xA0000, all planes written."""
    sequencer(pc, map_mask=0x0F, memory_mode=0x06)
    graphics(pc, read_map=0, mode=0, misc=0x05)


def text(pc: Pc) -> None:
    sequencer(pc, map_mask=0x03, memory_mode=0x02)
    graphics(pc, set_reset=0, enable=0, rotate=0, read_map=0, mode=0x10, misc=0x0E, care=0, mask=0xFF)


def bytes_of_planes(pc: Pc, offset: int) -> list[int]:
    found = []
    for plane in range(4):
        graphics(pc, read_map=plane)
        found.append(pc.memory.read(WINDOW + offset, 1)[0])
    return found


def poke(pc: Pc, offset: int, value: int) -> None:
    pc.memory.write(WINDOW + offset, bytes((value,)))


def peek(pc: Pc, offset: int) -> int:
    return pc.memory.read(WINDOW + offset, 1)[0]


def test_a_font_goes_into_plane_2_and_the_text_stays(pc: Pc) -> None:
    pc.show(b"kept", row=7)
    sequencer(pc, map_mask=0x04, memory_mode=0x07)
    graphics(pc, read_map=2, mode=0, misc=0x04)
    font = Random(1).randbytes(0x2000)
    pc.memory.write(WINDOW, font)
    assert pc.memory.read(WINDOW, len(font)) == font
    text(pc)
    assert pc.line(7) == b"kept"
    graphics(pc, read_map=2, mode=0, misc=0x04)
    sequencer(pc, memory_mode=0x06)
    assert pc.memory.read(WINDOW, len(font)) == font


def test_text_lies_at_the_even_offsets_of_planes_0_and_1(pc: Pc) -> None:
    pc.show(b"AB", attribute=0x1E)
    planar(pc)
    assert [bytes_of_planes(pc, offset) for offset in range(4)] == [
        [ord("A"), 0x1E, 0, 0],
        [0, 0, 0, 0],
        [ord("B"), 0x1E, 0, 0],
        [0, 0, 0, 0],
    ]


def test_the_map_mask_says_which_planes_are_written(pc: Pc) -> None:
    planar(pc)
    sequencer(pc, map_mask=0x0A)
    poke(pc, 3, 0x77)
    assert bytes_of_planes(pc, 3) == [0, 0x77, 0, 0x77]


def test_set_reset_gives_enabled_planes_their_colour(pc: Pc) -> None:
    planar(pc)
    graphics(pc, set_reset=0x05, enable=0x0C)
    poke(pc, 0, 0x33)
    assert bytes_of_planes(pc, 0) == [0x33, 0x33, 0xFF, 0x00]


def test_the_bit_mask_keeps_bits_of_the_latches(pc: Pc) -> None:
    planar(pc)
    poke(pc, 9, 0xA5)
    peek(pc, 9)
    graphics(pc, mask=0x0F)
    poke(pc, 9, 0xFF)
    assert bytes_of_planes(pc, 9) == [0xAF] * 4


@pytest.mark.parametrize(("function", "expected"), [(0, 0x3C), (1, 0x24), (2, 0xBD), (3, 0x99)])
def test_data_is_rotated_and_combined_with_the_latches(pc: Pc, function: int, expected: int) -> None:
    planar(pc)
    poke(pc, 0, 0xA5)
    peek(pc, 0)
    graphics(pc, rotate=function << 3 | 4)
    poke(pc, 0, 0xC3)
    assert bytes_of_planes(pc, 0) == [expected] * 4


def test_write_mode_1_copies_the_latches(pc: Pc) -> None:
    planar(pc)
    for plane in range(4):
        sequencer(pc, map_mask=1 << plane)
        poke(pc, 0, 0x10 + plane)
    sequencer(pc, map_mask=0x0F)
    graphics(pc, mode=1)
    peek(pc, 0)
    poke(pc, 500, 0xEE)
    assert bytes_of_planes(pc, 500) == [0x10, 0x11, 0x12, 0x13]


def test_write_mode_2_spreads_a_colour_over_the_planes(pc: Pc) -> None:
    planar(pc)
    graphics(pc, mode=2, mask=0xF0)
    peek(pc, 0)
    poke(pc, 0, 0x0A)
    assert bytes_of_planes(pc, 0) == [0x00, 0xF0, 0x00, 0xF0]


def test_write_mode_3_masks_the_colour_of_set_reset_with_the_data(pc: Pc) -> None:
    planar(pc)
    graphics(pc, mode=3, set_reset=0x06, mask=0x3F)
    peek(pc, 0)
    poke(pc, 0, 0xF1)
    assert bytes_of_planes(pc, 0) == [0x00, 0x31, 0x31, 0x00]


def test_read_mode_1_compares_the_colours_of_eight_pixels(pc: Pc) -> None:
    planar(pc)
    for plane, value in enumerate((0b1100_1100, 0b1010_1010, 0b1111_0000, 0b0000_1111)):
        sequencer(pc, map_mask=1 << plane)
        poke(pc, 0, value)
    graphics(pc, mode=0x08, compare=0b0111, care=0x0F)
    assert peek(pc, 0) == 0b1000_0000
    graphics(pc, care=0b0111)
    assert peek(pc, 0) == 0b1000_0000
    graphics(pc, compare=0b0011, care=0b0011)
    assert peek(pc, 0) == 0b1000_1000


def test_chain_4_puts_neighbours_into_neighbouring_planes(pc: Pc) -> None:
    planar(pc)
    sequencer(pc, memory_mode=0x0E)
    pc.memory.write(WINDOW + 8, b"\x01\x02\x03\x04")
    assert pc.memory.read(WINDOW + 8, 4) == b"\x01\x02\x03\x04"
    sequencer(pc, memory_mode=0x06)
    assert bytes_of_planes(pc, 8) == [1, 2, 3, 4]


def test_the_odd_even_map_reads_and_writes_the_pair_that_the_registers_name(pc: Pc) -> None:
    text(pc)
    sequencer(pc, map_mask=0x0C)
    graphics(pc, read_map=2)
    pc.memory.write(0xB_8000, b"\x11\x22")
    assert pc.memory.read(0xB_8000, 2) == b"\x11\x22"
    planar(pc)
    assert bytes_of_planes(pc, 0) == [0, 0, 0x11, 0x22]


def test_the_plain_window_and_the_way_through_the_planes_agree(pc: Pc) -> None:
    text(pc)
    random = Random(3)
    for misc, base, size in (
        (0x02, 0xA_0000, 0x2_0000),
        (0x06, 0xA_0000, 0x1_0000),
        (0x0E, 0xB_8000, 0x8000),
    ):
        graphics(pc, misc=misc)
        assert any(segment.reads_from is not None for segment in pc.vga.window())
        for _ in range(50):
            offset, value = random.randrange(size), random.randrange(256)
            pc.memory.write(base + offset, bytes((value,)))
            assert pc.vga.memory_region.read(base + offset - WINDOW, 1) == value
            pc.vga.memory_region.write(base + offset - WINDOW, 1, value ^ 0x5A)
            assert pc.memory.read(base + offset, 1)[0] == value ^ 0x5A


def test_every_byte_of_the_planes_has_a_place_of_its_own() -> None:
    places = {place_of(plane, offset) for plane in range(4) for offset in range(0x1_0000)}
    assert places == set(range(0x4_0000))


def test_outside_the_map_and_with_memory_disabled_the_window_floats(pc: Pc) -> None:
    planar(pc)
    poke(pc, 0, 0x12)
    pc.memory.write(0xB_8000, b"\x12")
    assert pc.memory.read(0xB_8000, 1) == b"\xff"
    pc.outb(0x3C2, 0x65)
    assert peek(pc, 0) == 0xFF
    pc.outb(0x3C2, 0x67)
    assert peek(pc, 0) == 0x12


def test_saved_planes_and_latches_come_back(pc: Pc) -> None:
    planar(pc)
    poke(pc, 0x1234, 0xAB)
    peek(pc, 0x1234)
    other = Pc()
    other.vga.restore(pc.vga.save())
    graphics(other, mode=1)
    poke(other, 7, 0)
    assert bytes_of_planes(other, 7) == [0xAB] * 4
