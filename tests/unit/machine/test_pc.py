"""The wiring of a whole machine."""

from __future__ import annotations

from pathlib import Path

from emu.core.state import from_plain
from emu.devices.uart import UartState
from emu.machine.config import Drive, MachineConfig, Nic
from emu.machine.machine import Machine
from tests.unit.rom import HALT, write_rom


def test_every_device_is_saved_under_a_name_of_its_own(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(512))
    config = MachineConfig(
        firmware=Path(write_rom(tmp_path, HALT)),
        drives=(Drive(image, 0), Drive(image, 1)),
        nics=(Nic(), Nic()),
    )
    machine = Machine(config)
    names = [device.name for device in machine.pc.devices]
    assert sorted(names) == sorted(set(names))
    assert set(machine.save().devices) == set(names)
    machine.close()


class Kept:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


def test_the_second_serial_port_has_ports_an_outlet_and_interrupt_3_of_its_own(tmp_path: Path) -> None:
    first, second = Kept(), Kept()
    machine = Machine(MachineConfig(firmware=Path(write_rom(tmp_path, HALT))), serial=first, serial2=second)
    machine.ports.write(0x2F8, 1, ord("x"))
    assert (first.data, second.data) == (b"", b"x")
    machine.ports.write(0x2FC, 1, 8)  # OUT2
    machine.ports.write(0x2F9, 1, 2)  # an interrupt when the transmitter is empty
    machine.ports.write(0x20, 1, 0x0A)
    assert machine.ports.read(0x20, 1) == 1 << 3
    saved = machine.save()
    state = from_plain(UartState, saved.devices["com2"])
    assert (state.modem_control, state.interrupt_enable) == (8, 2)
    machine.ports.write(0x2F9, 1, 0)
    machine.restore(saved)
    assert machine.ports.read(0x2F9, 1) == 2
    assert machine.ports.read(0x20, 1) == 1 << 3
    machine.close()


def test_pci_and_the_second_serial_port_share_interrupt_3(tmp_path: Path) -> None:
    machine = Machine(MachineConfig(firmware=Path(write_rom(tmp_path, HALT)), nics=(Nic(),)))
    for link in range(4):
        machine.ports.write(0xCF8, 4, 0x8000_0860)
        machine.ports.write(0xCFC + link, 1, 3)
    machine.ports.write(0x2FC, 1, 8)
    machine.ports.write(0x2F9, 1, 2)
    wire = machine.pci.intx(4, 0)
    wire.set(True)
    machine.ports.write(0x2F9, 1, 0)
    machine.ports.write(0x20, 1, 0x0A)
    assert machine.ports.read(0x20, 1) == 1 << 3  # the card still pulls
    wire.set(False)
    assert [line.level for line in machine.pc.lines if line.name in ("irq 3", "com2")] == [False, False]
    machine.close()
