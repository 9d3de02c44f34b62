"""ACPI tables in a machine's memory, found as an operating system finds them."""

from __future__ import annotations

from struct import iter_unpack, unpack_from

from emu.machine.machine import Machine


def find_rsdp(machine: Machine) -> int | None:
    """Where the RSDP is, if there is one."""
    area = machine.memory.read(0xE_0000, 0x2_0000)
    found = (at for at in range(0, len(area), 16) if area[at : at + 8] == b"RSD PTR ")
    return next((0xE_0000 + at for at in found), None)


def rsdp(machine: Machine) -> int:
    """Where the RSDP is."""
    found = find_rsdp(machine)
    assert found is not None
    return found


def table_at(machine: Machine, address: int) -> bytes:
    """A table, as long as it says."""
    size = unpack_from("<I", machine.memory.read(address + 4, 4))[0]
    return machine.memory.read(address, size)


def tables(machine: Machine) -> dict[bytes, bytes]:
    """Every table that can be reached, by its signature."""
    root = table_at(machine, unpack_from("<I", machine.memory.read(rsdp(machine), 20), 16)[0])
    found = {b"RSDT": root}
    for (address,) in iter_unpack("<I", root[36:]):
        each = table_at(machine, address)
        found[each[:4]] = each
    facs, dsdt = unpack_from("<II", found[b"FACP"], 36)
    return found | {b"FACS": table_at(machine, facs), b"DSDT": table_at(machine, dsdt)}
