"""The map of guest-physical memory, as who mirrors it sees it."""

from __future__ import annotations

from emu.core.bus import MmioBus
from emu.core.memory import Memory, Segment


def test_a_change_below_1_mib_leaves_the_ram_above_as_one_segment() -> None:
    memory = Memory(64 << 20, 0, MmioBus())
    above = memory.find(1 << 20)
    memory.place(Segment(0xF_0000, 0x1_0000, 0xF_0000, None))
    assert memory.find(1 << 20) == above
    assert above.end == 64 << 20


def test_a_read_across_1_mib_is_one_read_to_devices() -> None:
    memory = Memory(2 << 20, 0, MmioBus())
    memory.write((1 << 20) - 3, b"across")
    assert memory.read((1 << 20) - 3, 6) == b"across"
