"""What firmware leaves behind for a kernel that is started without it: tables and a memory map.

Below 1 MiB lie a table that tells how PCI interrupts are wired, the RSDP, and, where a kernel jumps to
restart by the BIOS, code that pulls the reset line. The ACPI tables lie at the end of RAM below 4 GiB.

[PIR] Microsoft PCI IRQ Routing Table specification 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack

from emu.core.memory import LOW_LIMIT, ONE_MIB
from emu.devices.fw_cfg import MemoryKind, MemoryRange
from emu.devices.pci.bus import link_of
from emu.devices.pci.isa_bridge import LINKS, ROUTE_CONTROL
from emu.machine.acpi.linking import Zone, install
from emu.machine.acpi.tables import RSDP_FILE, build
from emu.machine.board import POSSIBLE_INTERRUPTS, POWER_MANAGEMENT_BASE

BASE, SIZE = 0xF_0000, 0x1_0000
RESET_VECTOR = 0xFFF0
RESTART = b"\xb0\xfe\xe6\x64\xf4\xeb\xfd"
"""MOV AL, 0xfe; OUT 0x64, AL: the keyboard controller pulses its reset output; then HLT."""
ROUTER_DEVICE, ROUTER = 1 << 3, 0x7000_8086
VERSION = 0x0100
FIRST_SLOT, LAST_SLOT = 2, 31
"""Slot 1 is the bridge's own, whose functions have interrupts of their own."""
BASE_MEMORY_END = 0x9_FC00
PAGE = 0x1000
FOUR_GIB = 1 << 32


@dataclass(frozen=True)
class Stub:
    """What lies in memory, and what a BIOS would answer to E820."""

    memory: dict[int, bytes]
    ranges: tuple[MemoryRange, ...]
    rsdp: int
    """Where the ACPI tables begin."""

    @property
    def low_end(self) -> int:
        """Where RAM below 4 GiB ends that a kernel may use."""
        return next(each.base for each in self.ranges if each.kind is MemoryKind.ACPI_NVS)

    @property
    def tables_size(self) -> int:
        """How much RAM the ACPI tables take, in bytes."""
        return sum(each.size for each in self.ranges if each.kind is MemoryKind.ACPI_NVS)


def stub(ram_bytes: int) -> Stub:
    """For a machine with so much RAM."""
    low_ram = min(ram_bytes, LOW_LIMIT)
    tables = build(low_ram=low_ram, power_base=POWER_MANAGEMENT_BASE)
    area = bytearray(SIZE)
    routes = routing_table()
    area[: len(routes)] = routes
    area[RESET_VECTOR : RESET_VECTOR + len(RESTART)] = RESTART
    ends = {Zone.F_SEGMENT: BASE + len(routes), Zone.HIGH: low_ram}

    def place(zone: Zone, size: int, align: int) -> int:
        """Upwards behind the routing table, or downwards from the end of RAM."""
        if zone is Zone.HIGH:
            ends[zone] = ends[zone] - size & -align
            return ends[zone]
        start = -(-ends[zone] // align) * align
        ends[zone] = start + size
        return start

    installed = install(tables.commands, tables.files, place)
    memory = dict(installed.values())
    for address in [each for each in memory if each < ONE_MIB]:
        data = memory.pop(address)
        area[address - BASE : address - BASE + len(data)] = data
    ranges = memory_map(ram_bytes, ends[Zone.HIGH] & -PAGE)
    return Stub({BASE: bytes(area), **memory}, ranges, installed[RSDP_FILE][0])


def memory_map(ram_bytes: int, tables: int) -> tuple[MemoryRange, ...]:
    """RAM, without the places of a BIOS's data area, of its ROM and, up to 4 GiB, of `tables`.

    The tables may not be reclaimed: the FACS, by which system and firmware talk, is among them.
    """
    low_ram = min(ram_bytes, LOW_LIMIT)
    ranges = (
        MemoryRange(0, BASE_MEMORY_END),
        MemoryRange(BASE_MEMORY_END, 0xA_0000 - BASE_MEMORY_END, MemoryKind.RESERVED),
        MemoryRange(BASE, SIZE, MemoryKind.RESERVED),
        MemoryRange(ONE_MIB, tables - ONE_MIB),
        MemoryRange(tables, low_ram - tables, MemoryKind.ACPI_NVS),
    )
    return ranges + (MemoryRange(FOUR_GIB, ram_bytes - low_ram),) * (ram_bytes > low_ram)


def routing_table() -> bytes:
    """$PIR: which link of the PIIX3 each interrupt pin of each slot is wired to."""
    slots = b"".join(_slot(slot) for slot in range(FIRST_SLOT, LAST_SLOT + 1))
    head = pack("<4sHHBBHII11x", b"$PIR", VERSION, 32 + len(slots), 0, ROUTER_DEVICE, 0, ROUTER, 0)
    return head + bytes((-sum(head + slots) & 0xFF,)) + slots


def _slot(slot: int) -> bytes:
    possible = sum(1 << irq for irq in POSSIBLE_INTERRUPTS)
    pins = b"".join(pack("<BH", ROUTE_CONTROL + link_of(slot, pin), possible) for pin in range(LINKS))
    return pack("<BB", 0, slot << 3) + pins + pack("<BB", 0, 0)
