"""What a kernel finds that is started without firmware."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.cpu.registers import Registers
from emu.machine import firmware_stub
from emu.machine.config import Kernel, MachineConfig, Nic
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason
from tests.unit.bzimage import bzimage
from tests.unit.rom import HALT, write_rom

ENTRY = 16


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bzImage").write_bytes(bzimage())
    config = MachineConfig(
        firmware=Path(write_rom(tmp_path, HALT)),
        kernel=Kernel(tmp_path / "bzImage"),
        memory_mib=16,
        nics=(Nic(), Nic()),
    )
    return Machine(config)


def routing_table(machine: Machine) -> bytes:
    area = machine.memory.read(0xF_0000, 0x1_0000)
    start = next(at for at in range(0, len(area), 16) if area[at : at + 4] == b"$PIR")
    return area[start : start + int.from_bytes(area[start + 6 : start + 8], "little")]


def test_the_routing_table_is_whole_and_names_the_isa_bridge(machine: Machine) -> None:
    table = routing_table(machine)
    assert sum(table) & 0xFF == 0
    assert len(table) % ENTRY == 0
    assert table[8:10] == bytes((0, 1 << 3))
    machine.close()


@pytest.mark.parametrize("slot", [4, 5])
def test_an_interrupt_arrives_where_the_table_says_that_it_is_routed(machine: Machine, slot: int) -> None:
    table = routing_table(machine)
    entries = [table[at : at + ENTRY] for at in range(32, len(table), ENTRY)]
    register = next(entry[2] for entry in entries if entry[1] == slot << 3)
    machine.ports.write(0xCF8, 4, 0x8000_0800 | register & ~3)
    machine.ports.write(0xCFC + (register & 3), 1, 11)
    irq_11 = next(line for line in machine.pc.lines if line.name == "irq 11")
    machine.pci.intx(slot, 0).set(True)
    assert irq_11.level
    machine.pci.intx(slot, 0).set(False)
    assert not irq_11.level
    machine.close()


def test_a_jump_to_the_reset_vector_resets_the_machine(machine: Machine) -> None:
    causes: list[str] = []
    machine.observers.reset_requested = (causes.append,)
    saved = machine.processor.save()
    real_mode: Registers = {"cs": (0xF000, 0xF_0000, 0xFFFF, 0x9B00), "rip": firmware_stub.RESET_VECTOR}
    machine.processor.restore({**saved, **real_mode, "cr0": 0x10, "cr4": 0, "efer": 0})
    assert machine.run(10**9).reason is Reason.RESET
    assert causes == ["i8042"]
    machine.close()


def test_with_firmware_alone_its_rom_stays(tmp_path: Path) -> None:
    rom = Path(write_rom(tmp_path, HALT))
    machine = Machine(MachineConfig(firmware=rom))
    assert machine.memory.read(0xF_0000, 0x1_0000) == rom.read_bytes()
    machine.close()
