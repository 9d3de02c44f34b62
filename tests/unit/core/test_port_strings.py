"""Which ports move several elements in one go."""

from __future__ import annotations

from emu.core.bus import PortBus, Region


def test_only_a_regions_string_ports_move_strings() -> None:
    bus = PortBus()
    region = Region(
        "data behind a selector",
        0x510,
        3,
        lambda offset, width: 0,
        lambda offset, width, value: None,
        read_string=lambda offset, width, count: bytes(count),
        string_offsets=range(1, 3),
    )
    bus.claim(region)
    assert [bus.moves_strings(0x50F + n) for n in range(5)] == [False, False, True, True, False]
    bus.move(region, 0x600)
    assert [bus.moves_strings(port) for port in (0x511, 0x601)] == [False, True]


def test_without_string_functions_no_port_does() -> None:
    bus = PortBus()
    bus.claim(Region("plain", 0x80, 1, lambda offset, width: 0, lambda offset, width, value: None))
    assert not bus.moves_strings(0x80)
