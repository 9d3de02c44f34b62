"""What a VGA in a text mode shows: which bytes of the planes the CRT controller fetches for each cell.

[VGA] IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem": CRT controller, address wrap.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.devices.vga import registers as sheet
from emu.devices.vga.planes import place_of
from emu.devices.vga.registers import Crtc, CrtcMode, Overflow, UnderlineLocation


@dataclass(frozen=True)
class TextScreen:
    """What the screen shows: rows of character and attribute bytes in turn."""

    columns: int
    rows: tuple[bytes, ...]
    cursor: tuple[int, int] | None
    """Row and column, or None where it is off or outside."""


def text_screen(crtc: bytes | bytearray, memory: memoryview) -> TextScreen:
    """The cells that these registers of the CRT controller show."""
    columns, pitch = crtc[Crtc.HORIZONTAL_DISPLAY_END] + 1, 2 * crtc[Crtc.OFFSET]
    height = (crtc[Crtc.MAXIMUM_SCAN_LINE] & sheet.SCAN_LINES) + 1
    count = (vertical(crtc, Crtc.VERTICAL_DISPLAY_END, "display_end") + 1) // height
    start = _address(crtc, Crtc.START_ADDRESS_HIGH)
    rows = tuple(_row(crtc, memory, start + row * pitch, columns) for row in range(count))
    return TextScreen(columns, rows, _cursor(crtc, start, pitch, columns, count))


def vertical(crtc: bytes | bytearray, low: Crtc, name: str) -> int:
    """A count of lines: eight bits of its own, two of the overflow register."""
    overflow = Overflow(crtc[Crtc.OVERFLOW])
    fields = overflow.fields
    eighth = overflow & fields[f"{name}_8"].mask
    ninth = overflow & fields[f"{name}_9"].mask
    return crtc[low] | bool(eighth) << 8 | bool(ninth) << 9


def _row(crtc: bytes | bytearray, memory: memoryview, first: int, columns: int) -> bytes:
    cells = bytearray()
    for counter in range(first, first + columns):
        at = place_of(0, _plane_offset(crtc, counter & 0xFFFF))
        cells += memory[at : at + 2]  # the attribute, in plane 1, lies beside the character
    return bytes(cells)


def _plane_offset(crtc: bytes | bytearray, counter: int) -> int:
    """Where in the planes the CRT controller fetches when its address counter shows `counter`."""
    mode = CrtcMode(crtc[Crtc.MODE_CONTROL])
    if UnderlineLocation(crtc[Crtc.UNDERLINE_LOCATION]).doubleword_mode:
        return (counter << 2 | counter >> 14) & 0xFFFF
    if mode.byte_mode:
        return counter
    return (counter << 1 | counter >> (15 if mode.address_wrap else 13) & 1) & 0xFFFF


def _address(crtc: bytes | bytearray, high: Crtc) -> int:
    return crtc[high] << 8 | crtc[high + 1]


def _cursor(
    crtc: bytes | bytearray, start: int, pitch: int, columns: int, rows: int
) -> tuple[int, int] | None:
    distance = _address(crtc, Crtc.CURSOR_LOCATION_HIGH) - start
    if crtc[Crtc.CURSOR_START] & sheet.CURSOR_OFF or distance < 0 or not pitch:
        return None
    row, column = divmod(distance, pitch)
    return (row, column) if row < rows and column < columns else None
