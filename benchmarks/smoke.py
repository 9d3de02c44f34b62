"""Smoke tests: a guest in a worker that is warm, sixty cases by two workers, and the page about them."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.command import run
from benchmarks.measurement import Measurement, Measurements
from emu.machine.bundled import guest_path
from emu.smoke.result import Ending
from emu.smoke.runner import How, run_case
from emu.smoke.scenario import Scenario
from tests.real.chromium import browser

GUESTS = ("hello", "unplug-all", "polite-driver")
MEGABYTE = 1e6
SIXTY = """
[machine]
guest = "polite-driver"
[matrix]
profile = ["seed", "qemu", "none"]
protocol_version = [0, 1]
memory = [2, 8, 16, 64, 128]
log_throttle = [true, false]
"""
"""A scenario of sixty cases."""


def measurements(rounds: int) -> Measurements:
    """Seconds and megabytes."""
    for name in GUESTS:
        (case,) = Scenario(guest_path(name)).cases()
        times = []
        for _ in range(rounds + 1):
            began = process_time()
            result = run_case(case, How(full=True))
            times.append(process_time() - began)
            assert result.ending is Ending.PASSED, result.reason
        yield Measurement(f"smoke test of {name} in a warm worker", "s", tuple(times[1:]), at_most=0.25)
    with tempfile.TemporaryDirectory() as folder:
        yield from _sixty_cases(Path(folder), rounds)


def _sixty_cases(folder: Path, rounds: int) -> Measurements:
    scenario, page = folder / "sixty.emu.toml", folder / "report.html"
    scenario.write_text(SIXTY)
    command = [sys.executable, "-m", "emu", "test", str(scenario), "-j", "2", "--report", str(page)]
    costs = [run(command) for _ in range(rounds)]
    yield Measurement(
        "emu test: 60 cases, two workers", "s", tuple(cost.wall for cost in costs), at_most=12.0
    )
    yield Measurement("report of 60 cases", "MB", (page.stat().st_size / MEGABYTE,), at_most=2.0)
    name, goal = "report of 60 cases: opens in Chromium", 1.0
    if shutil.which("chromium") is None:
        yield Measurement(name, "s", (), at_most=goal, unavailable="no chromium: install it")
        return
    with browser(folder / "profile") as opened:
        times = []
        for _ in range(rounds + 1):
            opened.open("about:blank")
            began = perf_counter()
            opened.open(page.as_uri())
            opened.settle()
            times.append(perf_counter() - began)
    yield Measurement(name, "s", tuple(times[1:]), at_most=goal)
