"""The VGA's four planes of 64 KiB, and the paths between them and the processor.

The planes lie in the buffer so that text is what a guest sees at 0xB8000: planes 0 and 1 byte by byte in
turn, first their even offsets, then their odd ones; then planes 2 and 3 likewise. While the registers ask for
nothing but that, the text window is plain memory. Everything else goes through `read` and `write`.

Reads of the plain text window do not load the latches.

[VGA] IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem": memory maps, write and read modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from emu.devices.vga.registers import (
    DataRotate,
    Graphics,
    GraphicsMiscellaneous,
    GraphicsMode,
    MemoryMode,
    Sequencer,
)

PLANES = 4
MEMORY_SIZE = 0x4_0000
PAIR_SIZE, PAGE_SIZE = 0x2_0000, 0x1_0000
WINDOW_BASE, WINDOW_SIZE = 0xA_0000, 0x2_0000
MAPS = ((0xA_0000, 0x2_0000), (0xA_0000, 0x1_0000), (0xB_0000, 0x8000), (0xB_8000, 0x8000))
"""Base and size by the memory map field."""
TEXT_PLANES, EVEN_PLANES = 0b0011, 0b0101
FLOATING = 0xFF
ALL = 0xFF


def place_of(plane: int, offset: int) -> int:
    """Where in the memory the byte at `offset` of a plane is."""
    return plane // 2 * PAIR_SIZE + (offset & 1) * PAGE_SIZE + (offset & 0xFFFE) + (plane & 1)


@dataclass(frozen=True)
class Mapping:
    """How the registers connect the window with the planes."""

    base: int
    size: int
    sequencer: bytes
    graphics: bytes

    @classmethod
    def of(cls, sequencer: bytes | bytearray, graphics: bytes | bytearray) -> Mapping:
        """The mapping by the registers of sequencer and graphics controller."""
        chosen = GraphicsMiscellaneous(graphics[Graphics.MISCELLANEOUS]).memory_map
        return cls(*MAPS[chosen], bytes(sequencer), bytes(graphics))

    def is_by(self, sequencer: bytearray, graphics: bytearray) -> bool:
        """Whether it is the mapping by these registers."""
        return sequencer == self.sequencer and graphics == self.graphics

    @cached_property
    def memory_mode(self) -> MemoryMode:
        """Sequencer register 4."""
        return MemoryMode(self.sequencer[Sequencer.MEMORY_MODE])

    @cached_property
    def mode(self) -> GraphicsMode:
        """Graphics controller register 5."""
        return GraphicsMode(self.graphics[Graphics.MODE])

    @cached_property
    def chains_odd_even(self) -> bool:
        """Whether address bit 0 selects a plane instead of an offset."""
        return bool(GraphicsMiscellaneous(self.graphics[Graphics.MISCELLANEOUS]).chain_odd_even)

    @cached_property
    def is_plain(self) -> bool:
        """Whether the window shows planes 0 and 1 in turn, and nothing is done to what is written."""
        graphics, memory_mode, mode = self.graphics, self.memory_mode, self.mode
        return (
            self.chains_odd_even
            and bool(mode.host_odd_even)
            and not (memory_mode.odd_even_off or memory_mode.chain_4 or graphics[Graphics.READ_MAP] & 2)
            and not (mode.write_mode or mode.read_mode or graphics[Graphics.DATA_ROTATE])
            and not graphics[Graphics.ENABLE_SET_RESET] & TEXT_PLANES
            and graphics[Graphics.BIT_MASK] == ALL
            and self.sequencer[Sequencer.MAP_MASK] == TEXT_PLANES
        )

    def offset(self, address: int) -> int:
        """Which byte of each plane `address`, counted from the window's base, is about."""
        if self.memory_mode.chain_4:
            return address & 0xFFFC
        if self.chains_odd_even:
            return address & 0xFFFE | address >> 16  # only the map of 128 KiB has the higher bit
        return address & 0xFFFF

    def planes_written(self, address: int) -> int:
        """The planes that a write at `address` may change, a bit each."""
        enabled = self.sequencer[Sequencer.MAP_MASK]
        if self.memory_mode.chain_4:
            return enabled & 1 << (address & 3)
        if not self.memory_mode.odd_even_off:
            return enabled & EVEN_PLANES << (address & 1)
        return enabled

    def plane_read(self, address: int) -> int:
        """The plane that a read at `address` gives in read mode 0."""
        if self.memory_mode.chain_4:
            return address & 3
        chosen = self.graphics[Graphics.READ_MAP]
        return chosen & 2 | address & 1 if self.mode.host_odd_even else chosen


def read(memory: memoryview, latches: bytearray, mapping: Mapping, address: int) -> int:
    """One byte as the processor reads it, `address` counted from the map's base; loads the latches."""
    offset, graphics = mapping.offset(address), mapping.graphics
    for plane in range(PLANES):
        latches[plane] = memory[place_of(plane, offset)]
    if not mapping.mode.read_mode:
        return latches[mapping.plane_read(address)]
    differs = 0
    for plane in range(PLANES):
        if graphics[Graphics.COLOR_DONT_CARE] >> plane & 1:
            wanted = ALL if graphics[Graphics.COLOR_COMPARE] >> plane & 1 else 0
            differs |= latches[plane] ^ wanted
    return ~differs & ALL


def write(memory: memoryview, latches: bytes | bytearray, mapping: Mapping, address: int, value: int) -> None:
    """One byte as the processor writes it, `address` counted from the map's base."""
    offset, planes = mapping.offset(address), mapping.planes_written(address)
    for plane in range(PLANES):
        if planes >> plane & 1:
            memory[place_of(plane, offset)] = _stored(mapping, plane, latches[plane], value)


def _stored(mapping: Mapping, plane: int, latch: int, value: int) -> int:
    """What a plane stores by the write mode, the function, the bit mask and its latch."""
    graphics, write_mode = mapping.graphics, mapping.mode.write_mode
    if write_mode == 1:
        return latch
    rotate = DataRotate(graphics[Graphics.DATA_ROTATE])
    rotated = (value >> rotate.count | value << 8 - rotate.count) & ALL
    mask = graphics[Graphics.BIT_MASK]
    if write_mode == 2:
        data = ALL * (value >> plane & 1)
    elif write_mode == 3:
        data, mask = ALL * (graphics[Graphics.SET_RESET] >> plane & 1), mask & rotated
    elif graphics[Graphics.ENABLE_SET_RESET] >> plane & 1:
        data = ALL * (graphics[Graphics.SET_RESET] >> plane & 1)
    else:
        data = rotated
    combined = (data, data & latch, data | latch, data ^ latch)[rotate.function]
    return combined & mask | latch & ~mask & ALL
