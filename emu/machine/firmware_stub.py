"""What firmware leaves behind for a kernel that is started without it: the 64 KiB below 1 MiB.

A table that tells how PCI interrupts are wired, and, where a kernel jumps to restart by the BIOS, code that
pulls the reset line.

[PIR] Microsoft PCI IRQ Routing Table specification 1.0.
"""

from __future__ import annotations

from struct import pack

from emu.devices.pci.bus import link_of
from emu.devices.pci.isa_bridge import LINKS, ROUTE_CONTROL

BASE, SIZE = 0xF_0000, 0x1_0000
RESET_VECTOR = 0xFFF0
RESTART = b"\xb0\xfe\xe6\x64\xf4\xeb\xfd"
"""MOV AL, 0xfe; OUT 0x64, AL: the keyboard controller pulses its reset output; then HLT."""
ROUTER_DEVICE, ROUTER = 1 << 3, 0x7000_8086
VERSION = 0x0100
FIRST_SLOT, LAST_SLOT = 2, 31
"""Slot 1 is the bridge's own, whose functions have interrupts of their own."""
POSSIBLE = 1 << 5 | 1 << 10 | 1 << 11
"""The IRQs that a PCI interrupt may be routed to: those without an ISA device."""


def stub() -> bytes:
    """The contents of `BASE` to `BASE + SIZE - 1`."""
    area = bytearray(SIZE)
    table = routing_table()
    area[: len(table)] = table
    area[RESET_VECTOR : RESET_VECTOR + len(RESTART)] = RESTART
    return bytes(area)


def routing_table() -> bytes:
    """$PIR: which link of the PIIX3 each interrupt pin of each slot is wired to."""
    slots = b"".join(_slot(slot) for slot in range(FIRST_SLOT, LAST_SLOT + 1))
    head = pack("<4sHHBBHII11x", b"$PIR", VERSION, 32 + len(slots), 0, ROUTER_DEVICE, 0, ROUTER, 0)
    return head + bytes((-sum(head + slots) & 0xFF,)) + slots


def _slot(slot: int) -> bytes:
    pins = b"".join(pack("<BH", ROUTE_CONTROL + link_of(slot, pin), POSSIBLE) for pin in range(LINKS))
    return pack("<BB", 0, slot << 3) + pins + pack("<BB", 0, 0)
