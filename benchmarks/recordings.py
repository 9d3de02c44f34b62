"""Recordings: what it costs to keep one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import process_time

from benchmarks.measurement import Measurement, Measurements
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.recording import Recorder
from emu.observe.trace_hash import TraceHash

GUESTS = {"unplug-all": 1.5, "hostile-smc": 1.5, "hostile-ports": None}
"""Mostly drivers; mostly code; nothing but accesses to ports, all hashed. The most that is wanted."""


def hashed(name: str) -> float:
    """Seconds of a run whose events are hashed, as those of every test are."""
    machine = Machine(load(name))
    machine.observers.attach(TraceHash(machine.clock))
    return _timed(machine)


def plain(name: str) -> float:
    """Seconds of a run that nobody watches."""
    return _timed(Machine(load(name)))


def recorded(name: str) -> float:
    """Seconds of the same run with a recording, without those to write the file."""
    machine = Machine(load(name), tracked=True, deferred=True)
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(machine, folder=Path(folder))
        took = _timed(machine)
        recorder.close()
    return took


def _timed(machine: Machine) -> float:
    began = process_time()
    machine.run()
    took = process_time() - began
    machine.close()
    return took


def measurements(rounds: int) -> Measurements:
    """How many times a plain run's, and a hashed run's, seconds a recorded run takes."""
    for name, goal in GUESTS.items():
        times = [(plain(name), hashed(name), recorded(name)) for _ in range(rounds)]
        ratios = tuple(kept / alone for alone, _, kept in times)
        yield Measurement(f"recording: {name}, times plain", "", ratios, at_most=goal)
        yield Measurement(
            f"recording: {name}, times --hash", "", tuple(kept / seen for _, seen, kept in times)
        )
