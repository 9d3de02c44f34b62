"""The stock kernel under the debugger: stopped in its disk driver by a port, and back from there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emu.debug.debugger import Debugger
from emu.debug.gates import Gates
from emu.debug.session import all_commands
from emu.machine.bundled import FOLDER
from emu.machine.config import Drive, MachineConfig
from emu.machine.machine import Machine
from tests.real.linux import kernel

DISK = FOLDER / "guests/unplug-all/unplug-all.img"
KERNEL_SPACE = 0xFFFF_8000_0000_0000
LIMIT_S = 60


class Session:
    """Commands, and what they answer."""

    def __init__(self, machine: Machine) -> None:
        self.lines: list[str] = []
        limit = LIMIT_S * 1_000_000_000 * machine.clock.ticks_per_ns
        self.debugger = Debugger(machine, say=self.lines.append, gates=Gates(), limit=limit)
        self._commands = all_commands()

    def say(self, command: str) -> str:
        self.lines.clear()
        self._commands.execute(self.debugger, command)
        return "\n".join(self.lines)

    @property
    def place(self) -> object:
        return self.debugger.travel.place


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Where the kernel's driver gives a drive its first command."""
    started = kernel(tmp_path_factory.mktemp("init"), "poweroff -f\n", ("sd_mod", "ata_piix"))
    machine = Machine(MachineConfig(kernel=started, drives=(Drive(DISK, 0),), memory_mib=256), tracked=True)
    session = Session(machine)
    session.say("break port 0x1f7 write")
    assert "write 1 port 0x1f7" in session.say("continue")
    yield session
    machine.close()


def test_a_write_to_the_command_register_stops_in_the_disk_driver(stopped: Session) -> None:
    guest = stopped.debugger.machine.processor.look()
    assert guest.linear_ip > KERNEL_SPACE
    assert stopped.debugger.view.disassemble(guest.linear_ip, 1)[0].text == "out dx, al"
    assert stopped.debugger.value("dx") == 0x1F7


def test_steps_back_from_there_and_forwards_lead_there_again(stopped: Session) -> None:
    place, before = stopped.place, stopped.debugger.machine.save()
    stopped.say("reverse-step 10")
    assert stopped.place != place
    stopped.say("step 10")
    assert stopped.place == place
    assert stopped.debugger.machine.save() == before


def test_the_last_write_to_another_register_is_gone_back_to(stopped: Session) -> None:
    place = stopped.place
    found = stopped.say("last write port 0x1f2")
    assert "write 1 port 0x1f2" in found
    assert stopped.debugger.value("dx") == 0x1F2
    assert "write 1 port 0x1f7" in stopped.say("continue")
    assert stopped.place == place
