"""Resource descriptors: what a device uses, or a bridge passes on. [ACPI] 6.4."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from struct import pack

from emu.machine.acpi import aml

END = b"\x79\x00"
"""The end tag; a checksum of 0 means that there is none."""
DECODES_16_BITS = 1
LEVEL_LOW_SHARED = 0x18
"""A PCI interrupt: level-triggered, active low, shared."""
FIXED = 0x0C
"""General flags of an address range whose ends are both fixed, which a bridge passes on."""
ENTIRE_RANGE = 3
CACHEABLE, WRITABLE = 1 << 1, 1


class Kind(IntEnum):
    """What an address range is made of, [ACPI] 6.4.3.5."""

    MEMORY = 0
    IO = 1
    BUS_NUMBERS = 2


def template(*descriptors: bytes) -> bytes:
    """ResourceTemplate: a buffer of descriptors."""
    return aml.buffer(b"".join(descriptors) + END)


def irq(number: int) -> bytes:
    """An ISA interrupt: an edge, active high, exclusive."""
    return pack("<BH", 0x22, 1 << number)


def pci_irq(numbers: Iterable[int]) -> bytes:
    """A PCI interrupt on one of several inputs."""
    return pack("<BHB", 0x23, sum(1 << number for number in numbers), LEVEL_LOW_SHARED)


def io(base: int, size: int) -> bytes:
    """Ports at a fixed place."""
    return pack("<BBHHBB", 0x47, DECODES_16_BITS, base, base, 1, size)


def bus_numbers(first: int, last: int) -> bytes:
    """Buses behind a bridge."""
    return _word_range(Kind.BUS_NUMBERS, 0, first, last)


def io_window(first: int, last: int) -> bytes:
    """Ports that a bridge passes on."""
    return _word_range(Kind.IO, ENTIRE_RANGE, first, last)


def memory_window(first: int, last: int, *, cacheable: bool = False) -> bytes:
    """Memory that a bridge passes on."""
    flags = WRITABLE | CACHEABLE * cacheable
    size = last - first + 1
    return pack("<BHBBBIIIII", 0x87, 23, Kind.MEMORY, FIXED, flags, 0, first, last, 0, size)


def _word_range(kind: Kind, flags: int, first: int, last: int) -> bytes:
    return pack("<BHBBBHHHHH", 0x88, 13, kind, FIXED, flags, 0, first, last, 0, last - first + 1)
