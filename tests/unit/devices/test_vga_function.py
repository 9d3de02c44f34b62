"""The VGA on its bus: what its command register enables, and what kernel and firmware find."""

from __future__ import annotations

import pytest

from emu.machine.config import MachineConfig
from emu.machine.machine import Machine

COMMAND, IO_SPACE, MEMORY_SPACE = 0x04, 1, 2


@pytest.fixture
def machine() -> Machine:
    return Machine(MachineConfig(memory_mib=2))


def select(machine: Machine, register: int) -> None:
    machine.ports.write(0xCF8, 4, 0x8000_1800 | register)


def command(machine: Machine, value: int) -> None:
    select(machine, COMMAND)
    machine.ports.write(0xCFC, 2, value)


def test_it_is_a_vga_that_decodes_nothing_until_it_is_told(machine: Machine) -> None:
    select(machine, 0)
    assert machine.ports.read(0xCFC, 4) == 0x1111_1234
    select(machine, 8)
    assert machine.ports.read(0xCFC, 4) >> 8 == 0x03_00_00
    assert machine.ports.read(0x3CC, 1) == 0xFF
    machine.memory.write(0xB_8000, b"x")
    assert machine.memory.read(0xB_8000, 1) == b"\xff"


def test_io_space_enables_its_ports_alone(machine: Machine) -> None:
    command(machine, IO_SPACE)
    assert machine.ports.read(0x3CC, 1) == 0x67
    machine.ports.write(0x3D4, 2, 0x230E)
    assert machine.ports.read(0x3D5, 1) == 0x23
    machine.memory.write(0xB_8000, b"x")
    assert machine.memory.read(0xB_8000, 1) == b"\xff"


def test_memory_space_enables_its_window_alone(machine: Machine) -> None:
    command(machine, MEMORY_SPACE)
    machine.memory.write(0xB_8000, b"x")
    assert machine.memory.read(0xB_8000, 1) == b"x"
    assert machine.ports.read(0x3CC, 1) == 0xFF
    screen = machine.pc.vga.screen()
    assert screen is not None
    assert screen.rows[0][:1] == b"x"


def test_planes_answer_through_the_window_only_while_memory_space_is_on(machine: Machine) -> None:
    command(machine, IO_SPACE | MEMORY_SPACE)
    for port, value in ((0x3C4, 0x0402), (0x3C4, 0x0704), (0x3CE, 0x0204), (0x3CE, 0x0005), (0x3CE, 0x0406)):
        machine.ports.write(port, 2, value)
    machine.memory.write(0xA_0020, b"glyph")
    assert machine.memory.read(0xA_0020, 5) == b"glyph"
    command(machine, IO_SPACE)
    assert machine.memory.read(0xA_0020, 5) == b"\xff" * 5


def test_it_has_no_base_address_and_without_an_image_no_rom(machine: Machine) -> None:
    for register in (*range(0x10, 0x28, 4), 0x30):
        select(machine, register)
        machine.ports.write(0xCFC, 4, 0xFFFF_FFFF)
        assert machine.ports.read(0xCFC, 4) == 0


def test_reset_closes_it_and_restore_opens_it_again(machine: Machine) -> None:
    machine.reset()
    command(machine, IO_SPACE | MEMORY_SPACE)
    machine.memory.write(0xB_8000, b"x")
    saved = machine.save()
    machine.reset()
    assert (machine.ports.read(0x3CC, 1), machine.memory.read(0xB_8000, 1)) == (0xFF, b"\xff")
    machine.restore(saved)
    assert (machine.ports.read(0x3CC, 1), machine.memory.read(0xB_8000, 1)) == (0x67, b"x")
    assert machine.save() == saved
