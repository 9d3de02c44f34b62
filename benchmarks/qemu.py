"""QEMU beside the machine, where it is installed: its translator alone, and in its deterministic mode."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.command import Cost, run
from benchmarks.measurement import Measurement, Measurements
from benchmarks.rig import on_machine, write_disk

QEMU = "qemu-system-x86_64"
MISSING = "" if shutil.which(QEMU) else f"no {QEMU}: install it to compare"
ICOUNT, TCG = "icount", "tcg"
ACCELERATION = {
    ICOUNT: ("-accel", "tcg", "-icount", "shift=0,sleep=off"),
    TCG: ("-accel", "tcg"),
}
MACHINE = ("-M", "pc", "-nodefaults", "-display", "none", "-no-reboot")
EXIT_PORT = ("-device", "isa-debug-exit,iobase=0xf4,iosize=1")
STATUS_OF_0 = 1
"""What QEMU ends with where its guest writes 0 to the exit port."""
NO_GOALS: Mapping[str, float | None] = {}


@dataclass
class Comparison:
    """Seconds of the processor that a program took on the machine, and how many times QEMU's they are."""

    seconds: list[float] = field(default_factory=list)
    ratios: dict[str, list[float]] = field(default_factory=lambda: {mode: [] for mode in ACCELERATION})

    def rows(self, name: str, goals: Mapping[str, float | None] = NO_GOALS) -> Measurements:
        """The ratios; `goals` are what they may be at most."""
        for mode, ratios in self.ratios.items():
            yield Measurement(
                f"{name}, times QEMU {mode}",
                "",
                tuple(ratios),
                at_most=goals.get(mode),
                unavailable=MISSING,
            )


def on_qemu(mode: str, *options: str) -> Cost:
    """Run QEMU until its guest writes 0 to the exit port."""
    return run([QEMU, *ACCELERATION[mode], *MACHINE, *EXIT_PORT, *options], STATUS_OF_0)


def boot(program: bytes, mode: str) -> float:
    """Seconds of the processor that QEMU takes to start, and for a program that SeaBIOS boots from a disk."""
    with tempfile.TemporaryDirectory() as folder:
        image = write_disk(Path(folder), program)
        return on_qemu(mode, "-drive", f"file={image},format=raw,if=ide,snapshot=on").cpu


def compare(program: Callable[[int], bytes], count: int, rounds: int) -> Comparison:
    """Run what does something `count` times on the machine and on QEMU, by turns.

    On the machine the program marks where it begins and ends. QEMU's time is that of a run, less that of one
    which does it once.
    """
    compared = Comparison()
    for _ in range(rounds):
        compared.seconds.append(on_machine(program(count)))
        for mode in () if MISSING else ACCELERATION:
            alone = boot(program(count), mode) - boot(program(1), mode)
            compared.ratios[mode].append(compared.seconds[-1] / alone)
    return compared
