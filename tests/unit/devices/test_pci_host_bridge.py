"""ROM shadowing by the 440FX, seen through memory."""

from __future__ import annotations

import pytest

from emu.core.bus import MmioBus
from emu.core.memory import Memory, Segment
from emu.devices.pci.host_bridge import HostBridge

BIOS = b"\xb1" * 0x1_0000
OPTION_ROM = b"\x55" * 0x1000


class Machine:
    def __init__(self) -> None:
        self.memory = Memory(2 << 20, 1 << 20, MmioBus())
        bios, option = self.memory.add_image(BIOS), self.memory.add_image(OPTION_ROM)
        self.placed: list[Segment] = []

        def rom(address: int) -> int | None:
            if address >= 0xF_0000:
                return bios + address - 0xF_0000
            return option if address == 0xC_0000 else None

        def place(segment: Segment) -> None:
            self.placed.append(segment)
            self.memory.place(segment)

        self.bridge = HostBridge("host bridge", place=place, rom=rom)

    def attribute(self, register: int, value: int) -> None:
        self.bridge.write_configuration(register, 1, value)

    def peek(self, address: int) -> int:
        return self.memory.read(address, 1)[0]


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_after_reset_the_rom_shows_and_the_rest_floats(machine: Machine) -> None:
    assert [machine.peek(a) for a in (0xF_0000, 0xF_FFFF, 0xC_0000, 0xC_1000, 0xE_8000)] == [
        0xB1,
        0xB1,
        0x55,
        0xFF,
        0xFF,
    ]
    machine.memory.write(0xF_0000, b"\x00")
    assert machine.peek(0xF_0000) == 0xB1


def test_firmware_copies_itself_into_the_ram_below_and_locks_it(machine: Machine) -> None:
    machine.attribute(0x59, 0x20)
    machine.memory.write(0xF_0000, machine.memory.read(0xF_0000, 0x1_0000))
    machine.memory.write(0xF_1234, b"\x77")
    assert machine.peek(0xF_1234) == 0xB1
    machine.attribute(0x59, 0x10)
    assert machine.peek(0xF_1234) == 0x77
    machine.memory.write(0xF_1234, b"\x00")
    assert machine.peek(0xF_1234) == 0x77
    machine.attribute(0x59, 0x30)
    machine.memory.write(0xF_1234, b"\x01")
    assert machine.peek(0xF_1234) == 0x01


@pytest.mark.parametrize("area", range(12))
def test_each_16_kib_area_has_its_own_half_register(machine: Machine, area: int) -> None:
    machine.attribute(0x5A + area // 2, 0x30 if area & 1 else 0x03)
    base = 0xC_0000 + 0x4000 * area
    machine.memory.write(0xC_0000, b"\x11" * 0x3_0000)
    inside = [machine.peek(address) == 0x11 for address in range(0xC_0000, 0xF_0000, 0x1000)]
    assert inside == [base <= address < base + 0x4000 for address in range(0xC_0000, 0xF_0000, 0x1000)]


def test_reset_and_restore_put_the_map_back(machine: Machine) -> None:
    machine.attribute(0x59, 0x30)
    saved, shadowed = machine.bridge.save(), machine.memory.segments
    machine.bridge.reset()
    assert machine.peek(0xF_0000) == 0xB1
    machine.bridge.restore(saved)
    assert machine.bridge.save() == saved
    assert machine.memory.segments == shadowed


def test_a_write_that_changes_no_area_places_nothing(machine: Machine) -> None:
    machine.placed.clear()
    machine.attribute(0x0D, 0x40)
    machine.attribute(0x59, 0x00)
    assert machine.placed == []


def test_the_vga_window_shows_ram_only_while_smram_is_open(machine: Machine) -> None:
    machine.memory.write(0xA_0000, b"\x11")
    assert machine.peek(0xA_0000) == 0xFF
    machine.attribute(0x72, 0x4A)
    machine.memory.write(0xA_0000, b"\x22")
    assert machine.peek(0xA_0000) == 0x22
    machine.attribute(0x72, 0x0A)
    assert machine.peek(0xA_0000) == 0xFF


def test_locked_smram_stays_closed(machine: Machine) -> None:
    machine.attribute(0x72, 0x5A)
    machine.attribute(0x72, 0x4A)
    assert machine.bridge.read_configuration(0x72, 1) == 0x1A
    assert machine.peek(0xA_0000) == 0xFF


def test_it_is_a_440fx(machine: Machine) -> None:
    assert machine.bridge.read_configuration(0, 4) == 0x1237_8086


def test_its_subsystem_ids_say_qemu_as_firmware_expects_of_xens_device_model(machine: Machine) -> None:
    assert machine.bridge.read_configuration(0x2C, 4) == 0x1100_1AF4
    assert machine.bridge.read_configuration(0x0A, 2) == 0x0600
