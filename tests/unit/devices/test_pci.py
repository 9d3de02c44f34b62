"""The PCI bus as firmware and systems use it."""

from __future__ import annotations

import pytest

from emu.core.bus import MmioBus, PortBus, Region
from emu.core.memory import Image, Memory
from emu.core.wires import IrqLine
from emu.devices.pci.bus import PciBus, link_of
from emu.devices.pci.configuration import ConfigurationSpace
from emu.devices.pci.function import Bar, FunctionState, PciFunction
from emu.devices.pci.isa_bridge import IsaBridge

ROM = b"\x55" * 0x3FFF + b"\xaa"
ROM_AT = 0xF100_0000


def card(rom: Image, interrupt_pin: int = 1) -> PciFunction[FunctionState]:
    """A network card with 32 ports, 64 KiB of memory and a ROM of 16 KiB."""
    space = ConfigurationSpace.header(0x10EC, 0x8029, 0x02_00_00, interrupt_pin=interrupt_pin, command=0)
    ports = Region("card", 0, 32, lambda offset, width: offset, lambda offset, width, value: None)
    memory = Region("card memory", 0, 0x1_0000, lambda offset, width: 0x5A, lambda offset, width, value: None)
    bars = [Bar(0, ports), Bar(1, memory, memory=True, prefetchable=True)]
    return PciFunction("card", FunctionState(), space, bars, rom)


class Machine:
    def __init__(self) -> None:
        self.ports = PortBus()
        self.memory = MmioBus()
        self.space = Memory(2 << 20, len(ROM), self.memory)
        rom = Image("card rom", self.space.add_image(ROM), len(ROM))
        self.lines = {n: IrqLine(f"irq{n}", lambda level: None) for n in range(16)}
        self.isa = IsaBridge("isa", interrupts=self.lines)
        self.bus = PciBus(
            "pci", ports=self.ports, memory=self.memory, show=self.space.show, link=self.isa.set_link
        )
        for region in self.bus.ports():
            self.ports.claim(region)
        self.bus.plug(self.isa, 1)
        self.card = card(rom)
        self.irq = self.bus.intx(4, 0)
        self.bus.plug(self.card, 4)

    def select(self, device: int, register: int, function: int = 0) -> None:
        self.ports.write(0xCF8, 4, 0x8000_0000 | device << 11 | function << 8 | register & 0xFC)

    def read(self, device: int, register: int, width: int = 4, function: int = 0) -> int:
        self.select(device, register, function)
        return self.ports.read(0xCFC + (register & 3), width)

    def write(self, device: int, register: int, value: int, width: int = 4) -> None:
        self.select(device, register)
        self.ports.write(0xCFC + (register & 3), width, value)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_identification_reads_at_every_width_and_offset(machine: Machine) -> None:
    assert machine.read(4, 0) == 0x8029_10EC
    assert machine.read(4, 2, 2) == 0x8029
    assert machine.read(4, 1, 1) == 0x10
    assert machine.read(4, 1, 2) == 0x2910
    assert machine.read(4, 0x0B, 1) == 0x02


def test_the_address_register_takes_dwords_alone_and_leaves_its_second_byte_to_others(
    machine: Machine,
) -> None:
    writes: list[int] = []
    reset = Region("reset", 0xCF9, 1, lambda o, w: 0x42, lambda o, w, value: writes.append(value))
    machine.ports.claim(reset)
    machine.ports.write(0xCF8, 4, 0x8000_2003)
    machine.ports.write(0xCFB, 1, 0x01)
    machine.ports.write(0xCF9, 1, 0x06)
    assert machine.ports.read(0xCF8, 4) == 0x8000_2000
    assert machine.ports.read(0xCF8, 1) == 0xFF
    assert machine.ports.read(0xCF9, 1) == 0x42
    assert writes == [0x06]


def test_absent_functions_and_other_buses_read_all_ones(machine: Machine) -> None:
    assert machine.read(9, 0) == 0xFFFF_FFFF
    assert machine.read(4, 0, 2, function=3) == 0xFFFF
    machine.ports.write(0xCF8, 4, 0x8001_2000)
    assert machine.ports.read(0xCFC, 4) == 0xFFFF_FFFF
    machine.ports.write(0xCF8, 4, 0x0000_2000)
    assert machine.ports.read(0xCFC, 4) == 0xFFFF_FFFF


def test_read_only_registers_ignore_writes(machine: Machine) -> None:
    machine.write(4, 0, 0xFFFF_FFFF)
    machine.write(4, 8, 0xFFFF_FFFF)
    assert machine.read(4, 0) == 0x8029_10EC
    assert machine.read(4, 8) == 0x0200_0000


def test_status_bits_clear_by_writing_one(machine: Machine) -> None:
    machine.card.state.configuration[7] |= 0x30
    machine.write(4, 6, 0x1000, 2)
    assert machine.read(4, 6, 2) == 0x2280
    machine.write(4, 6, 0xFFFF, 2)
    assert machine.read(4, 6, 2) == 0x0280


def test_base_addresses_tell_size_and_kind_by_all_ones(machine: Machine) -> None:
    for register in (0x10, 0x14, 0x18, 0x30):
        machine.write(4, register, 0xFFFF_FFFF)
    assert machine.read(4, 0x10) == 0xFFFF_FFE1
    assert machine.read(4, 0x14) == 0xFFFF_0008
    assert machine.read(4, 0x18) == 0
    assert machine.read(4, 0x30) == 0xFFFF_C001


def test_ports_follow_the_base_address_and_the_enable_bit(machine: Machine) -> None:
    machine.write(4, 0x10, 0xC100)
    assert machine.ports.read(0xC105, 1) == 0xFF
    machine.write(4, 4, 1, 2)
    assert machine.ports.read(0xC105, 1) == 5
    machine.write(4, 0x10, 0xD000)
    assert machine.ports.read(0xC105, 1) == 0xFF
    assert machine.ports.read(0xD005, 1) == 5
    machine.write(4, 4, 0, 2)
    assert machine.ports.read(0xD005, 1) == 0xFF


def test_memory_follows_the_base_address_and_the_enable_bit(machine: Machine) -> None:
    machine.write(4, 0x14, 0xF000_0000)
    assert machine.memory.read(0xF000_0010, 1) == 0xFF
    machine.write(4, 4, 2, 2)
    assert machine.memory.read(0xF000_0010, 1) == 0x5A


@pytest.mark.parametrize("base", [0x0000_0000, 0x0001_0000, 0xFFFF_FFE0])
def test_a_base_outside_port_space_answers_nowhere(machine: Machine, base: int) -> None:
    machine.write(4, 4, 1, 2)
    machine.write(4, 0x10, base)
    assert all(region.name != "card" for _, region in machine.ports.regions)


def test_a_removed_function_is_gone_from_configuration_ports_memory_and_interrupts(machine: Machine) -> None:
    machine.write(4, 0x10, 0xC100)
    machine.write(4, 0x14, 0xF000_0000)
    machine.write(4, 4, 3, 2)
    machine.write(1, 0x63, 0x0B, 1)
    machine.irq.set(True)
    assert machine.lines[11].level
    machine.bus.remove(machine.card)
    machine.bus.remove(machine.card)
    assert machine.read(4, 0) == 0xFFFF_FFFF
    assert machine.ports.read(0xC105, 1) == 0xFF
    assert machine.memory.read(0xF000_0010, 1) == 0xFF
    assert not machine.lines[11].level
    machine.irq.set(False)
    machine.irq.set(True)
    assert not machine.lines[11].level
    assert [plugged.location for plugged in machine.bus.functions()] == ["01.0"]


def test_reset_brings_a_removed_function_back(machine: Machine) -> None:
    machine.bus.remove(machine.card)
    machine.bus.reset()
    assert machine.read(4, 0) == 0x8029_10EC


def test_links_rotate_with_the_slot() -> None:
    assert [link_of(slot, 0) for slot in range(1, 6)] == [0, 1, 2, 3, 0]
    assert [link_of(3, pin) for pin in range(4)] == [2, 3, 0, 1]


def test_interrupts_go_where_the_route_control_register_says(machine: Machine) -> None:
    machine.irq.set(True)
    assert not any(line.level for line in machine.lines.values())
    machine.write(1, 0x63, 0x0B, 1)
    assert machine.lines[11].level
    machine.write(1, 0x63, 0x0A, 1)
    assert not machine.lines[11].level
    assert machine.lines[10].level
    machine.write(1, 0x63, 0x8A, 1)
    assert not machine.lines[10].level


@pytest.mark.parametrize("reserved", [0, 1, 2, 8, 13])
def test_reserved_routes_go_nowhere(machine: Machine, reserved: int) -> None:
    machine.write(1, 0x63, reserved, 1)
    machine.irq.set(True)
    assert not any(line.level for line in machine.lines.values())


def test_a_shared_interrupt_is_high_while_any_source_is(machine: Machine) -> None:
    other, same_link = machine.bus.intx(2, 0), machine.bus.intx(8, 0)
    machine.write(1, 0x60, 0x0B0B_0B0B)
    for line in (machine.irq, other, same_link):
        line.set(True)
    machine.irq.set(False)
    assert machine.lines[11].level
    same_link.set(False)
    assert machine.lines[11].level
    other.set(False)
    assert not machine.lines[11].level


def test_save_and_restore_cover_positions_removals_and_levels(machine: Machine) -> None:
    machine.write(4, 0x10, 0xC100)
    machine.write(4, 4, 1, 2)
    machine.write(1, 0x63, 0x0B, 1)
    machine.irq.set(True)
    devices = (machine.bus, machine.isa, machine.card)
    saved = [device.save() for device in devices]
    machine.write(4, 0x10, 0xD100)
    machine.bus.remove(machine.card)
    for order in (devices, devices[::-1]):
        for device in order:
            device.restore(saved[devices.index(device)])
        assert [device.save() for device in devices] == saved
        assert machine.ports.read(0xC105, 1) == 5
        assert machine.ports.read(0xD105, 1) == 0xFF
        assert machine.irq.level
        assert machine.lines[11].level
        machine.irq.set(False)
        assert not machine.lines[11].level
        machine.bus.remove(machine.card)


def test_what_a_removed_chip_still_drives_makes_no_difference_to_a_restored_bus(machine: Machine) -> None:
    machine.irq.set(True)
    machine.bus.remove(machine.card)
    saved = machine.bus.save()
    other = Machine()
    other.bus.restore(saved)
    other.irq.set(True)  # as the chip does when its own state comes back
    assert other.bus.save() == saved


def test_two_functions_cannot_sit_in_one_place(machine: Machine) -> None:
    with pytest.raises(ValueError, match="occupied"):
        machine.bus.plug(machine.card, 4)


def test_the_isa_bridge_says_that_it_is_multifunction(machine: Machine) -> None:
    assert machine.read(1, 0) == 0x7000_8086
    assert machine.read(1, 0x0E, 1) == 0x80
    assert machine.read(1, 0x60) == 0x8080_8080
