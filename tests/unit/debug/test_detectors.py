"""What a breakpoint on a port finds among accesses, single and repeated."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from emu.core.events import Observers
from emu.debug.detectors import PortAccess
from emu.debug.places import Detector


def found_by(detector: PortAccess, *accesses: tuple[str, int, int, Any]) -> list[str]:
    """What it says of these accesses: event, port, width, value or data."""
    observers = Observers()
    said: list[str] = []

    def tell(detector: Detector, text: str, values: Mapping[str, int] = {}, **_: bool) -> None:
        said.append(f"{text} ({values['value']:#x})")

    machine: Any = SimpleNamespace(observers=observers)
    detector.attach(machine, tell)
    for event, port, width, value in accesses:
        for each in getattr(observers, event):
            each(port, width, value)
    return said


def test_an_access_that_begins_before_the_ports_and_reaches_them_is_one() -> None:
    """Four bytes at 0xcf6 reach 0xcf8; two do not."""
    accesses = [("port_write", 0xCF6, 4, 0x11223344), ("port_write", 0xCF6, 2, 0), ("port_read", 0xCFC, 1, 0)]
    assert found_by(PortAccess(range(0xCF8, 0xCFC)), *accesses) == [
        "write 4 port 0xcf6 = 0x11223344 (0x11223344)"
    ]


def test_of_a_repeated_access_the_first_element_is_told() -> None:
    """Without a value every element is wanted."""
    accesses = ("port_string_read", 0x1F0, 2, b"\x01\x02\x03\x04")
    assert found_by(PortAccess(range(0x1F0, 0x1F1)), accesses) == [
        "read 2 port 0x1f0 = 0x0201, element 0 (0x201)"
    ]
    assert found_by(PortAccess(range(0x170, 0x178)), accesses) == []
    assert found_by(PortAccess(range(0x1F0, 0x1F1), width=4), accesses) == []


def test_a_value_is_found_in_whole_elements_of_a_repeated_access_only() -> None:
    """The bytes 0x02 0x03 lie across two elements first."""
    accesses = ("port_string_written", 0x1F0, 2, b"\x01\x02\x03\x04\x02\x03")
    port = range(0x1F0, 0x1F1)
    assert found_by(PortAccess(port, value=0x0302), accesses) == [
        "write 2 port 0x1f0 = 0x0302, element 2 (0x302)"
    ]
    assert found_by(PortAccess(port, value=0x0203), accesses) == []
    assert found_by(PortAccess(port, value=0x1_0302), accesses) == []
