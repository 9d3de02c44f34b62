"""The wiring of a whole machine."""

from __future__ import annotations

from pathlib import Path

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
