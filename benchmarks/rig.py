"""Runs programs: on the whole machine, and on the bare engine."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path
from time import process_time

from emu.core.bus import MmioBus
from emu.core.memory import Memory
from emu.cpu.context import CS, Segment
from emu.cpu.handle import Handle
from emu.cpu.library import PERMISSION_ALL
from emu.cpu.state import State
from emu.machine.config import Drive, MachineConfig
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason

DISK_BYTES = 8 << 20
LONGEST_NS = 60_000_000_000
ORIGIN = 0x7C00
BARE_MEMORY = 4 << 20


class Marks:
    """A debug port that notes when it was written to."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def write(self, data: bytes) -> None:
        """Note the time; the BIOS's own output comes before the program's and is dropped with it."""
        self.times.append(process_time())


def write_disk(folder: Path, program: bytes) -> Path:
    """A disk image of which a program is the first sector."""
    image = folder / "disk.img"
    with image.open("wb") as disk:
        disk.write(program)
        disk.truncate(DISK_BYTES)
    return image


def on_machine(program: bytes) -> float:
    """Seconds between the last two marks of a program that our BIOS boots from a disk."""
    marks = Marks()
    with tempfile.TemporaryDirectory() as folder:
        image = write_disk(Path(folder), program)
        machine = Machine(MachineConfig(drives=(Drive(image, 0),)), debug=marks)
        stop = machine.run(until_ns=LONGEST_NS)
        machine.close()
    if stop.reason is not Reason.REPORTED or stop.status:
        raise RuntimeError(f"the program did not end by itself: {stop.reason.value}")
    return marks.times[-1] - marks.times[-2]


def on_bare_engine(program: bytes) -> float:
    """Seconds from the program's first instruction to its HLT, on an engine with memory and nothing else."""
    memory = Memory(BARE_MEMORY, 0, MmioBus())
    memory.write(ORIGIN, program)
    handle = Handle()
    handle.map_memory(
        0, BARE_MEMORY, PERMISSION_ALL, ctypes.addressof(ctypes.c_uint8.from_buffer(memory.buffer))
    )
    state = State(handle, memory)
    state.capture()
    state.reset()
    state.set_segment(CS, Segment(0, 0, 0xFFFF, 0x9B00))
    state.rip = ORIGIN
    state.restore()
    handle.flush_tlb()
    start = process_time()
    error = handle.start(ORIGIN)
    elapsed = process_time() - start
    handle.close()
    if error:
        raise RuntimeError(f"the bare engine stopped with error {error}")
    return elapsed
