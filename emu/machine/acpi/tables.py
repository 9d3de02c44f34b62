"""RSDP, RSDT, FADT, FACS and DSDT of the machine, as files for firmware.

[ACPI] ACPI 2.0, chapter 5.2. There is no MADT, as there is no APIC: interrupts go by the 8259As.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from struct import pack

from emu.devices.fw_cfg import Contents
from emu.machine.acpi import dsdt
from emu.machine.acpi.fadt import POINTERS, fadt
from emu.machine.acpi.headers import CHECKSUM, HEADER_SIZE, OEM, table
from emu.machine.acpi.linking import SCRIPT_FILE, AddChecksum, AddPointer, Allocate, Command, Zone, script
from emu.machine.board import POWER_MANAGEMENT_BASE

RSDP_FILE, TABLES_FILE = "etc/acpi/rsdp", "etc/acpi/tables"
RSDP_ALIGN, TABLES_ALIGN = 16, 64
RSDP_CHECKSUM, RSDP_POINTER = 8, 16
DSDT_REVISION = 1
"""Integers have 32 bits."""
FACS = pack("<4sI24xB31x", b"FACS", 64, 1)
"""Version 1, without a waking vector; it has no checksum. [ACPI] 5.2.9."""


@dataclass(frozen=True)
class Tables:
    """Files as the host gives them, and the commands that make tables of them."""

    files: dict[str, bytes]
    commands: tuple[Command, ...]


class _TablesFile:
    """The file of tables that is being written, and the commands for what lies in it."""

    def __init__(self) -> None:
        self.data = bytearray(FACS)
        self.commands: list[Command] = [Allocate(TABLES_FILE, TABLES_ALIGN, Zone.HIGH)]

    def add(self, contents: bytes, pointers: Iterable[tuple[int, int]] = ()) -> int:
        """Append a table with pointers at these offsets, of these sizes; where in the file it begins."""
        start = len(self.data)
        self.data += contents
        for at, size in pointers:
            self.commands.append(AddPointer(TABLES_FILE, TABLES_FILE, start + at, size))
        self.commands.append(AddChecksum(TABLES_FILE, start + CHECKSUM, start, len(contents)))
        return start


@lru_cache(maxsize=8)
def build(*, low_ram: int, power_base: int) -> Tables:
    """The tables of a machine.

    RAM below 4 GiB ends at `low_ram`; the power management's registers have been put at `power_base`. Neither
    changes how long the files are, nor the commands.
    """
    file = _TablesFile()
    described = file.add(table(b"DSDT", DSDT_REVISION, dsdt.contents(low_ram=low_ram, power_base=power_base)))
    fixed = file.add(fadt(facs=0, dsdt=described, base=power_base), POINTERS)
    root = file.add(table(b"RSDT", 1, pack("<I", fixed)), [(HEADER_SIZE, 4)])
    pointer = pack("<8sB6sBI", b"RSD PTR ", 0, OEM, 0, root)
    commands = (
        *file.commands,
        Allocate(RSDP_FILE, RSDP_ALIGN, Zone.F_SEGMENT),
        AddPointer(RSDP_FILE, TABLES_FILE, RSDP_POINTER, 4),
        AddChecksum(RSDP_FILE, RSDP_CHECKSUM, 0, len(pointer)),
    )
    return Tables({RSDP_FILE: pointer, TABLES_FILE: bytes(file.data)}, commands)


def firmware_files(*, low_ram: int, power_base: Callable[[], int | None]) -> dict[str, Contents]:
    """Files for the firmware configuration device.

    Firmware chooses where the power management's registers are, and reads the tables later: see `power_base`.
    """

    def contents(file: str) -> bytes:
        return build(low_ram=low_ram, power_base=power_base() or POWER_MANAGEMENT_BASE).files[file]

    usual = build(low_ram=low_ram, power_base=POWER_MANAGEMENT_BASE)
    return {SCRIPT_FILE: script(usual.commands)} | {file: partial(contents, file) for file in usual.files}
