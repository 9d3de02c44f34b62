"""Our BIOS installs the machine's ACPI tables, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from emu.devices.fw_cfg import Contents
from emu.machine import pc
from emu.machine.acpi.linking import AddChecksum, AddPointer, Allocate, Command, Zone, script
from emu.machine.acpi.tables import RSDP_FILE, TABLES_FILE, build, firmware_files
from emu.machine.board import POWER_MANAGEMENT_BASE
from emu.machine.bundled import FOLDER
from emu.machine.config import Drive, MachineConfig
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason
from tests.unit.acpi_tables import find_rsdp, rsdp, tables

HELLO = Drive(FOLDER / "guests/hello/hello.img", 0)
MIB = 1 << 20
REFUSAL = "emu BIOS: the host's ACPI tables cannot be installed"


@dataclass
class Collector:
    """A sink that keeps what it gets."""

    kept: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        self.kept += data


@dataclass
class Booted:
    """A machine after the BIOS has booted a disk from it, and what the BIOS said."""

    machine: Machine
    said: str

    def close(self) -> None:
        self.machine.close()


def boot(memory_mib: int = 16) -> Booted:
    debug = Collector()
    machine = Machine(MachineConfig(drives=(HELLO,), memory_mib=memory_mib), debug=debug)
    stop = machine.run(until_ns=1_000_000_000)
    assert (stop.reason, stop.status) == (Reason.REPORTED, 0)
    return Booted(machine, debug.kept.decode())


def offer(monkeypatch: pytest.MonkeyPatch, files: dict[str, Contents]) -> None:
    """Let machines have these files instead of the usual tables."""
    monkeypatch.setattr(pc, "acpi_files", lambda **_: files)


@pytest.mark.parametrize("memory_mib", [2, 16, 3500])
def test_the_tables_are_those_of_the_machine(memory_mib: int) -> None:
    booted = boot(memory_mib)
    low_ram = min(memory_mib, 3072) * MIB
    expected = build(low_ram=low_ram, power_base=POWER_MANAGEMENT_BASE).files[TABLES_FILE]
    found = tables(booted.machine)
    for name, table in found.items():
        assert name == b"FACS" or sum(table) & 0xFF == 0
        assert table[:9] in expected
    assert found[b"DSDT"][10:] in expected
    assert sum(booted.machine.memory.read(rsdp(booted.machine), 20)) & 0xFF == 0
    assert REFUSAL not in booted.said
    booted.close()


def test_a_host_without_tables_is_not_complained_of(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = boot()
    offer(monkeypatch, {})
    booted = boot()
    assert find_rsdp(booted.machine) is None
    assert booted.said == usual.said
    usual.close()
    booted.close()


ALLOCATE = Allocate(TABLES_FILE, 64, Zone.HIGH)


@pytest.mark.parametrize(
    "commands",
    [
        [Allocate("etc/acpi/absent", 64, Zone.HIGH)],
        [Allocate(TABLES_FILE, 3, Zone.HIGH)],
        [Allocate(TABLES_FILE, 64, Zone.F_SEGMENT)],
        [ALLOCATE] * 9,
        [AddPointer(TABLES_FILE, TABLES_FILE, 0, 4)],
        [ALLOCATE, AddPointer(TABLES_FILE, "etc/acpi/absent", 0, 4)],
        [ALLOCATE, AddPointer(TABLES_FILE, TABLES_FILE, 0, 9)],
        [ALLOCATE, AddPointer(TABLES_FILE, TABLES_FILE, 0xFFFF_FFFE, 4)],
        [ALLOCATE, AddChecksum(TABLES_FILE, 9, 0, 0x10_0000)],
        [ALLOCATE, AddChecksum(TABLES_FILE, 9, 0xFFFF_FFFF, 2)],
        [ALLOCATE, AddChecksum(TABLES_FILE, 0x10_0000, 0, 8)],
    ],
)
def test_commands_that_cannot_be_carried_out_leave_no_rsdp(
    monkeypatch: pytest.MonkeyPatch, commands: list[Command]
) -> None:
    usual = firmware_files(low_ram=16 * MIB, power_base=lambda: None)
    commands = [Allocate(RSDP_FILE, 16, Zone.F_SEGMENT), *commands]
    offer(monkeypatch, {**usual, "etc/table-loader": script(commands)})
    booted = boot()
    assert find_rsdp(booted.machine) is None
    assert booted.said.splitlines()[0] == REFUSAL
    booted.close()


def test_commands_that_the_bios_does_not_know_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = firmware_files(low_ram=16 * MIB, power_base=lambda: None)
    commands = usual["etc/table-loader"]
    assert isinstance(commands, bytes)
    offer(monkeypatch, {**usual, "etc/table-loader": b"\x04".ljust(128, b"\0") + commands})
    booted = boot()
    assert set(tables(booted.machine)) == {b"RSDT", b"FACP", b"FACS", b"DSDT"}
    booted.close()


def test_after_a_reset_the_tables_are_there_again() -> None:
    booted = boot()
    before = tables(booted.machine)
    booted.machine.reset()
    booted.machine.run(until_ns=booted.machine.clock.now + 1_000_000_000)
    assert tables(booted.machine) == before
    booted.close()
