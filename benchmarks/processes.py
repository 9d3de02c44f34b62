"""Whole processes, from the shell's point of view."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.measurement import Measurement, Measurements
from emu.machine.bundled import FOLDER

ROOT = Path(__file__).resolve().parents[1]
SEABIOS = ROOT / ".real" / "seabios" / "usr" / "share" / "seabios" / "bios-256k.bin"


def process(*arguments: str) -> float:
    """Seconds that `emu run` takes; it has to succeed. Modules come compiled, as for any user."""
    command = [sys.executable, "-m", "emu", "run", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return perf_counter() - start


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
        times = [process(*arguments) for _ in range(rounds + 1)][1:]
        yield Measurement(f"process: {name}", "s", tuple(times), at_most=goal)
