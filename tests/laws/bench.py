"""The smallest machine that can break determinism: a processor, ports, a ticking timer, a hash."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from emu.core.bus import MmioBus, PortBus, Region
from emu.core.clock import Clock
from emu.core.events import EVENTS, Observer, Observers
from emu.core.memory import Memory, Segment
from emu.cpu.engine import UnicornProcessor
from emu.machine.run_loop import Pace, Reason, RunLoop, Stop
from emu.observe.trace_hash import TraceHash

ORIGIN = 0x7C00
VECTOR = 0x40
PERIOD_NS = 1900
STOP_PORT = 0xF4
STRING_PORT = 0x300
LAST_RAM = 0x3F_0000


class Everything(Observer):
    """Wants every event, to show that watching changes nothing."""


for _event in EVENTS:
    setattr(Everything, _event, lambda self, *arguments: None)


class StringDevice:
    """A data port that counts up, and moves several elements at once."""

    def __init__(self) -> None:
        self.value = 0

    def read(self, _offset: int, width: int) -> int:
        self.value = self.value + 1 & 0xFFFF
        return self.value

    def write(self, _offset: int, width: int, value: int) -> None:
        self.value = value & 0xFFFF

    def read_string(self, offset: int, width: int, count: int) -> bytes:
        return b"".join(self.read(offset, width).to_bytes(width, "little") for _ in range(count))

    def write_string(self, offset: int, width: int, data: bytes) -> int:
        self.value = int.from_bytes(data[-width:], "little") & 0xFFFF
        return len(data)


class Bench:
    """Runs a real-mode program at 0000:7C00 until it writes to port 0xf4."""

    def __init__(
        self, code: bytes, *, native: bool = True, watched: bool = False, restored: bool = False
    ) -> None:
        self.observers = Observers()
        self.clock = Clock()
        self.hash = TraceHash(self.clock, keep_lines=True)
        self.observers.attach(self.hash)
        if watched:
            self.observers.attach(Everything())
        self.memory = Memory(4 << 20, 1 << 20, MmioBus(self.observers))
        rom = bytearray(b"\xf4" * 0x10000)
        rom[0xFFF0:0xFFF5] = b"\xea\x00\x7c\x00\x00"
        at = self.memory.add_image(bytes(rom))
        self.memory.place(Segment(0xFFFF_0000, 0x10000, at, None))
        self.memory.place(Segment(0xF_0000, 0x10000, at, None))
        self.memory.write(ORIGIN, code)
        self.ports = PortBus(self.observers)
        self.cpu = UnicornProcessor(
            memory=self.memory, ports=self.ports, clock=self.clock, observers=self.observers, native=native
        )
        self.loop = RunLoop(processor=self.cpu, clock=self.clock, interrupts=self, reset=self.cpu.reset)
        if restored:
            self.loop.breathe = lambda: self.cpu.restore(self.cpu.save())
        self.timer = self.clock.timer("tick", self._tick)
        self.strings = StringDevice()
        device = self.strings
        self.ports.claim(Region("stop", STOP_PORT, 1, lambda offset, width: 0xFF, self._report))
        self.ports.claim(
            Region(
                "strings",
                STRING_PORT,
                4,
                device.read,
                device.write,
                2,
                None,
                device.read_string,
                device.write_string,
            )
        )
        self.ports.claim(Region("map", 0x320, 1, lambda offset, width: 0, self._change_map))
        self.ports.claim(Region("timer", 0x310, 1, lambda offset, width: 0, self._start_timer))

    def _report(self, _offset: int, _width: int, value: int) -> None:
        self.loop.stop(Stop(Reason.REPORTED, value))

    def _change_map(self, _offset: int, _width: int, value: int) -> None:
        """RAM of the last 64 KiB goes, or comes back."""
        place = LAST_RAM if value else None
        self.memory.place(Segment(LAST_RAM, 0x1_0000, place, place))

    def _start_timer(self, _offset: int, _width: int, value: int) -> None:
        if value:
            self.timer.arm(self.clock.now + PERIOD_NS)
        else:
            self.timer.cancel()
            self.cpu.interrupt_wanted = False

    def _tick(self) -> None:
        self.cpu.interrupt_wanted = True
        self.timer.arm(self.clock.now + PERIOD_NS)

    def acknowledge(self) -> int:
        self.cpu.interrupt_wanted = False
        return VECTOR

    def run(self, pace: Pace | None = None) -> Result:
        self.loop.pace = pace or Pace()
        stop = self.loop.run(until_ns=50_000_000)
        lines = self.hash.lines or []
        return Result(stop, self.clock.ticks, self.cpu.retired, self.cpu.registers(), tuple(lines))


@dataclass(frozen=True)
class Result:
    """All that two equal runs have in common."""

    stop: Stop
    ticks: int
    retired: int
    registers: dict[str, Any]
    lines: tuple[str, ...]


@cache
def assemble(source: str) -> bytes:
    """Real-mode machine code at 0000:7C00, by GNU as in Intel syntax."""
    text = ".intel_syntax noprefix\n.code16\n" + source.replace(";", "\n") + "\n"
    with tempfile.TemporaryDirectory() as folder:
        object_file, image = Path(folder, "a.o"), Path(folder, "a.bin")
        subprocess.run(["as", "--32", "-o", object_file, "-"], input=text, text=True, check=True)
        link = ["ld", "-m", "elf_i386", f"-Ttext={ORIGIN:#x}", "-e", f"{ORIGIN:#x}", "--oformat", "binary"]
        subprocess.run([*link, "-o", image, object_file], check=True)
        return image.read_bytes()
