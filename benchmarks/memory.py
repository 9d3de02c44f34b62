"""What a machine with nothing to do takes of the host's memory."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.command import run
from benchmarks.measurement import Measurement, Measurements
from emu.machine.bundled import bios_path

STATUS = Path("/proc/self/status")
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
MEMORY_MIB = 256
LIMIT_S = 60
"""Of virtual time: the BIOS has long said that there is nothing to boot, and ticks."""
LIMIT_REACHED = 4
WATCHED = f"""
import sys
from emu.cli.main import main
status = main(sys.argv[1:])
print(open("{STATUS}").read())
sys.exit(status)
"""
"""The most that was resident while `emu` ran; what a parent learns of its child by wait4 is that of both."""


def resident() -> float:
    """Megabytes of `emu run` whose BIOS finds no drive."""
    arguments = ["--firmware", str(bios_path()), "--memory", str(MEMORY_MIB), "--limit", str(LIMIT_S)]
    output = run([sys.executable, "-c", WATCHED, "run", *arguments], LIMIT_REACHED).output
    found = PEAK.search(output)
    if found is None:
        raise RuntimeError(f"{STATUS} has no VmHWM")
    return int(found[1]) * 1024 / 1e6


def measurements(rounds: int) -> Measurements:
    """The peak of the resident set; each round is a process."""
    name = f"BIOS idle at its boot prompt, {MEMORY_MIB} MiB of RAM: resident"
    reason = "" if STATUS.exists() else f"no {STATUS}"
    sizes = () if reason else tuple(resident() for _ in range(rounds))
    yield Measurement(name, "MB", sizes, at_most=150, unavailable=reason)
