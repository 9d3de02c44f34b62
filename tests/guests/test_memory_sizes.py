"""Our own BIOS boots with every amount of memory that a machine may have."""

from __future__ import annotations

import pytest

from emu.machine.bundled import FOLDER
from emu.machine.config import Drive, MachineConfig
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason

HELLO = FOLDER / "guests" / "hello"
DRIVES = {
    "disk": Drive(HELLO / "hello.img", 0),
    "cd": Drive(HELLO / "hello.iso", 2, cdrom=True),
}


@pytest.mark.parametrize("memory_mib", [2, 3, 16, 64, 512, 3500, 5000])
@pytest.mark.parametrize("drive", DRIVES)
def test_it_boots_with_little_and_with_much_memory(drive: str, memory_mib: int) -> None:
    machine = Machine(MachineConfig(drives=(DRIVES[drive],), memory_mib=memory_mib))
    stop = machine.run(until_ns=1_000_000_000)
    machine.close()
    assert (stop.reason, stop.status) == (Reason.REPORTED, 0)
