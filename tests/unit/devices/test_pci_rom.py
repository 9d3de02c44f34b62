"""Expansion ROMs as firmware sees them: through 0xcf8, 0xcfc and memory."""

from __future__ import annotations

import pytest

from emu.core.memory import Segment
from tests.unit.devices.test_pci import ROM, ROM_AT, Machine

REGISTER, COMMAND = 0x30, 0x04
ENABLE, MEMORY_SPACE = 1, 2
FLOATING = b"\xff" * len(ROM)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def seen(machine: Machine, base: int = ROM_AT) -> bytes:
    return machine.space.read(base, len(ROM))


def test_all_ones_but_the_enable_bit_read_back_the_size(machine: Machine) -> None:
    machine.write(4, REGISTER, 0xFFFF_FFFE)
    assert machine.read(4, REGISTER) == 0xFFFF_C000
    machine.write(4, REGISTER, 0xFFFF_FFFF)
    assert machine.read(4, REGISTER) == 0xFFFF_C001


def test_the_register_resets_to_disabled_at_0(machine: Machine) -> None:
    machine.write(4, REGISTER, ROM_AT | ENABLE)
    machine.card.reset()
    assert machine.read(4, REGISTER) == 0


def test_the_rom_answers_only_with_memory_space_and_its_own_enable(machine: Machine) -> None:
    machine.write(4, REGISTER, ROM_AT | ENABLE)
    assert seen(machine) == FLOATING
    machine.write(4, COMMAND, MEMORY_SPACE, 2)
    assert seen(machine) == ROM
    machine.write(4, REGISTER, ROM_AT)
    assert seen(machine) == FLOATING
    machine.write(4, REGISTER, ENABLE, 1)
    assert seen(machine) == ROM
    machine.write(4, COMMAND, 0, 1)
    assert seen(machine) == FLOATING


def test_the_rom_moves_with_its_register_whatever_the_width_of_the_write(machine: Machine) -> None:
    machine.write(4, COMMAND, MEMORY_SPACE, 2)
    machine.write(4, REGISTER, ROM_AT | ENABLE)
    machine.write(4, REGISTER + 3, 0xE0, 1)
    assert (seen(machine), seen(machine, 0xE000_0000)) == (FLOATING, ROM)
    machine.write(4, REGISTER + 2, 0xE2A0, 2)
    assert (seen(machine, 0xE000_0000), seen(machine, 0xE2A0_0000)) == (FLOATING, ROM)


def test_an_enabled_rom_at_0_answers_nowhere(machine: Machine) -> None:
    machine.space.write(0, b"RAM")
    machine.write(4, COMMAND, MEMORY_SPACE, 2)
    machine.write(4, REGISTER, ENABLE)
    assert machine.space.read(0, 3) == b"RAM"


def test_writes_to_it_vanish(machine: Machine) -> None:
    machine.write(4, COMMAND, MEMORY_SPACE, 2)
    machine.write(4, REGISTER, ROM_AT | ENABLE)
    machine.space.write(ROM_AT, b"written")
    assert seen(machine) == ROM


def test_it_is_memory_that_a_processor_can_execute_but_not_write(machine: Machine) -> None:
    machine.write(4, COMMAND, MEMORY_SPACE, 2)
    machine.write(4, REGISTER, ROM_AT | ENABLE)
    segment = machine.space.find(ROM_AT + 5)
    assert (segment.base, segment.size, segment.writes_to) == (ROM_AT, len(ROM), None)
    assert segment.reads_from is not None


def test_ram_hides_a_rom_that_is_placed_over_it_and_stays_there(machine: Machine) -> None:
    machine.space.write(0x10_0000, b"RAM")
    machine.write(4, COMMAND, MEMORY_SPACE, 2)
    machine.write(4, REGISTER, 0x10_0000 | ENABLE)
    assert machine.space.read(0x10_0000, 3) == b"RAM"
    end = machine.space.ram_bytes
    machine.write(4, REGISTER, end | ENABLE)
    assert seen(machine, end) == ROM
    machine.space.place(Segment(end + 0x1000, 0x1000, 0, 0))
    assert seen(machine, end)[0xFFF:0x1001] == b"\x55" + machine.space.read(0, 1)
    machine.space.place(Segment(end + 0x1000, 0x1000, None, None))
    assert seen(machine, end) == ROM


def test_a_removed_card_takes_its_rom_along(machine: Machine) -> None:
    machine.write(4, COMMAND, MEMORY_SPACE, 2)
    machine.write(4, REGISTER, ROM_AT | ENABLE)
    machine.bus.remove(machine.card)
    assert seen(machine) == FLOATING
    machine.bus.reset()
    assert seen(machine) == ROM


def test_a_restored_card_shows_its_rom_where_it_was(machine: Machine) -> None:
    machine.write(4, COMMAND, MEMORY_SPACE, 2)
    machine.write(4, REGISTER, ROM_AT | ENABLE)
    twin = Machine()
    twin.card.restore(machine.card.save())
    assert twin.space.segments == machine.space.segments
    machine.card.restore(Machine().card.save())
    assert machine.space.segments == Machine().space.segments


def test_words_and_bytes_at_any_offset_of_the_data_port_reach_their_bytes(machine: Machine) -> None:
    machine.select(4, REGISTER)
    machine.ports.write(0xCFD, 2, 0xABCD)
    assert machine.ports.read(0xCFC, 4) == 0x00AB_C000
    machine.ports.write(0xCFF, 1, 0xF1)
    assert machine.ports.read(0xCFE, 2) == 0xF1AB
    assert machine.ports.read(0xCFD, 1) == 0xC0


def test_an_access_that_leaves_the_data_port_reaches_the_bytes_that_are_inside(machine: Machine) -> None:
    machine.select(4, REGISTER)
    machine.ports.write(0xCFE, 4, 0x1122_F1A0)
    assert machine.ports.read(0xCFC, 4) == 0xF1A0_0000
    assert machine.ports.read(0xCFE, 4) == 0xFFFF_F1A0


def test_without_the_enable_bit_the_data_port_is_an_ordinary_port(machine: Machine) -> None:
    machine.ports.write(0xCF8, 4, 0x0000_2030)
    machine.ports.write(0xCFC, 4, 0xFFFF_FFFF)
    assert [machine.ports.read(0xCFC, width) for width in (1, 2, 4)] == [0xFF, 0xFFFF, 0xFFFF_FFFF]
    assert machine.read(4, REGISTER) == 0


def test_reserved_bits_of_the_address_read_0(machine: Machine) -> None:
    machine.ports.write(0xCF8, 4, 0xFFFF_FFFF)
    assert machine.ports.read(0xCF8, 4) == 0x80FF_FFFC
