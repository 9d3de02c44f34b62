"""Whole processes, from the shell's point of view."""

from __future__ import annotations

from benchmarks.command import REAL, ROOT, emu_run
from benchmarks.measurement import Measurement, Measurements
from emu.machine.bundled import FOLDER

SEABIOS = REAL / "seabios" / "usr" / "share" / "seabios" / "bios-256k.bin"


def measurements(rounds: int) -> Measurements:
    """Seconds a process. What is not there is named."""
    for name, needed, arguments, goal in (
        ("emu run hello", FOLDER / "guests" / "hello", ["hello"], 0.35),
        ("emu run unplug-all", FOLDER / "guests" / "unplug-all", ["unplug-all"], 0.7),
        ("SeaBIOS to boot sector (hello)", SEABIOS, ["hello", "--firmware", str(SEABIOS)], 0.5),
    ):
        if not needed.exists():
            reason = f"no {needed.relative_to(ROOT)}: `make build`, `make real`"
            yield Measurement(f"process: {name}", "s", (), at_most=goal, unavailable=reason)
            continue
        times = [emu_run(*arguments).wall for _ in range(rounds + 1)][1:]
        yield Measurement(f"process: {name}", "s", tuple(times), at_most=goal)
