"""The registers of a VGA by their sheet's names, and what firmware loads into them for text mode 3.

[VGA] IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem".
"""

from __future__ import annotations

from enum import IntEnum

from emu.core.registers import Access, Register, bit, field


class MiscellaneousOutput(Register):
    """Written at 0x3c2, read at 0x3cc."""

    color_addresses = bit(0)
    ram_enable = bit(1)
    clock_select = field(3, 2)
    odd_even_page = bit(5)
    horizontal_sync_negative = bit(6)
    vertical_sync_negative = bit(7)


class InputStatus0(Register):
    """Read at 0x3c2."""

    switch_sense = bit(4)
    vertical_interrupt_pending = bit(7)


class InputStatus1(Register):
    """Read at 0x3da (0x3ba): where the beam is."""

    display_disabled = bit(0)
    vertical_retrace = bit(3)


class AttributeIndex(Register):
    """Port 0x3c0, every other write."""

    address = field(4, 0)
    palette_address_source = bit(5)


class FeatureControl(Register):
    """Written at 0x3da (0x3ba), read at 0x3ca."""

    vertical_sync_select = bit(3)


class DacState(Register):
    """Read at 0x3c7: 3 where a read address was written last, 0 where a write address was."""

    reading = field(1, 0, Access.READ_ONLY)


class ClockingMode(Register):
    """Sequencer register 1."""

    dots_8 = bit(0)
    shift_load = bit(2)
    dot_clock_halved = bit(3)
    shift_4 = bit(4)
    screen_off = bit(5)


class MemoryMode(Register):
    """Sequencer register 4."""

    extended_memory = bit(1)
    odd_even_off = bit(2)
    chain_4 = bit(3)


class DataRotate(Register):
    """Graphics controller register 3."""

    count = field(2, 0)
    function = field(4, 3)


class GraphicsMode(Register):
    """Graphics controller register 5."""

    write_mode = field(1, 0)
    read_mode = bit(3)
    host_odd_even = bit(4)
    shift_register = field(6, 5)


class GraphicsMiscellaneous(Register):
    """Graphics controller register 6."""

    graphics_mode = bit(0)
    chain_odd_even = bit(1)
    memory_map = field(3, 2)


class Overflow(Register):
    """CRT controller register 7: the high bits of vertical counts."""

    vertical_total_8 = bit(0)
    display_end_8 = bit(1)
    retrace_start_8 = bit(2)
    blank_start_8 = bit(3)
    line_compare_8 = bit(4)
    vertical_total_9 = bit(5)
    display_end_9 = bit(6)
    retrace_start_9 = bit(7)


class CrtcMode(Register):
    """CRT controller register 0x17."""

    row_bit_13 = bit(0)
    row_bit_14 = bit(1)
    horizontal_retrace_select = bit(2)
    count_by_two = bit(3)
    address_wrap = bit(5)
    byte_mode = bit(6)
    sync_enable = bit(7)


class UnderlineLocation(Register):
    """CRT controller register 0x14."""

    scan_line = field(4, 0)
    count_by_four = bit(5)
    doubleword_mode = bit(6)


class Sequencer(IntEnum):
    """Registers of the sequencer."""

    RESET = 0
    CLOCKING_MODE = 1
    MAP_MASK = 2
    CHARACTER_MAP = 3
    MEMORY_MODE = 4


class Graphics(IntEnum):
    """Registers of the graphics controller."""

    SET_RESET = 0
    ENABLE_SET_RESET = 1
    COLOR_COMPARE = 2
    DATA_ROTATE = 3
    READ_MAP = 4
    MODE = 5
    MISCELLANEOUS = 6
    COLOR_DONT_CARE = 7
    BIT_MASK = 8


class Crtc(IntEnum):
    """Registers of the CRT controller that the chip itself looks at."""

    HORIZONTAL_TOTAL = 0x00
    HORIZONTAL_DISPLAY_END = 0x01
    VERTICAL_TOTAL = 0x06
    OVERFLOW = 0x07
    MAXIMUM_SCAN_LINE = 0x09
    CURSOR_START = 0x0A
    START_ADDRESS_HIGH = 0x0C
    START_ADDRESS_LOW = 0x0D
    CURSOR_LOCATION_HIGH = 0x0E
    CURSOR_LOCATION_LOW = 0x0F
    VERTICAL_RETRACE_START = 0x10
    VERTICAL_RETRACE_END = 0x11
    VERTICAL_DISPLAY_END = 0x12
    OFFSET = 0x13
    UNDERLINE_LOCATION = 0x14
    MODE_CONTROL = 0x17


PALETTE_SIZE = 16
SCAN_LINES, CURSOR_OFF, PROTECT, LINE_COMPARE_8 = 0x1F, 0x20, 0x80, Overflow.line_compare_8.mask

SEQUENCER_WRITABLE = bytes.fromhex("03 3d 0f 3f 0e")
GRAPHICS_WRITABLE = bytes.fromhex("0f 0f 0f 1f 03 7b 0f 0f ff")
CRTC_WRITABLE = bytes.fromhex("ff ff ff ff ff ff ff ff 7f ff 3f 7f ff ff ff ff ff ff ff ff 7f ff ff ff ff")
ATTRIBUTE_WRITABLE = bytes([0x3F] * PALETTE_SIZE) + bytes.fromhex("ef ff 3f 0f 0f")

TEXT_MISCELLANEOUS_OUTPUT = 0x67
TEXT_SEQUENCER = bytes.fromhex("03 00 03 00 02")
TEXT_GRAPHICS = bytes.fromhex("00 00 00 00 00 10 0e 00 ff")
TEXT_CRTC = bytes.fromhex("5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff")
TEXT_ATTRIBUTE = bytes.fromhex("00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f 0c 00 0f 08 00")
"""Mode 3: 80 x 25 characters of 9 x 16 dots in 16 colours."""


def text_colours() -> bytes:
    """The DAC's 256 colours in mode 3: the 64 of an EGA, of two bits for each of red, green and blue."""

    def level(colour: int, primary: int) -> int:
        return 0x2A * (colour >> primary & 1) + 0x15 * (colour >> (primary + 3) & 1)

    colours = bytes(level(colour, primary) for colour in range(64) for primary in (2, 1, 0))
    return colours.ljust(256 * 3, b"\0")
