"""Runs commands to their end, and says what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT / ".real"
"""Where the tests of `make real` keep the packages that they fetch."""
LONGEST_S = 200.0
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Modules come compiled, as for any user."""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and seconds of the processor; and what was printed."""

    wall: float
    cpu: float
    output: str


def run(command: Sequence[str], status: int = 0) -> Cost:
    """Run a command, from our root. Raises RuntimeError where it does not end with `status`."""
    with tempfile.TemporaryFile() as output:
        start = perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        watch = Timer(LONGEST_S, process.kill)
        watch.start()
        _, ended, usage = os.wait4(process.pid, 0)  # unlike Popen.wait, tells what this child has used
        wall = perf_counter() - start
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(ended)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode != status:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {text[-500:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, text)


def emu_run(*arguments: str) -> Cost:
    """`emu run`; it has to succeed."""
    return run([sys.executable, "-m", "emu", "run", *arguments])
