"""The debugger: what it costs to have it along, to step, and to step back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic, process_time

from benchmarks import linux
from benchmarks.measurement import Measurement, Measurements
from emu.debug.debugger import Debugger
from emu.debug.gates import Gates
from emu.debug.screen import show_screen
from emu.debug.session import all_commands
from emu.machine.config import Kernel, MachineConfig
from emu.machine.loader import load
from emu.machine.machine import Machine
from tests.real.initramfs import initramfs

GUESTS = ("unplug-all", "hostile-smc", "hostile-ports", "guest-log", "ide-disk")
"""Mostly drivers; mostly code; nothing but accesses to ports; ports byte by byte; repeated accesses."""
LONG, LONG_NS = "rtc", 10_000_000_000
"""A guest that runs for more than ten seconds of its time."""
WATCHED = {"an address": "break 0x1fff0", "a port": "break port 0x9999"}
NEVER = "no breakpoint"
STEPS = 20
MOST_RATIO, MOST_RATIO_WATCHED = 1.3, 1.5
MOST_STEP_MS, MOST_BACK_S, MOST_BACK_LINUX_S, MOST_HELD_MIB = 20, 0.3, 3, 256
PLACES_LINUX = ("0.4s", "2s", "4s")


class Session:
    """A debugger whose words nobody reads."""

    def __init__(self, config: MachineConfig, limit_ns: int | None = None) -> None:
        machine = self.machine = Machine(config, tracked=True)
        limit = None if limit_ns is None else limit_ns * machine.clock.ticks_per_ns
        self.debugger = Debugger(machine, say=lambda line: None, gates=Gates(), limit=limit)
        self._commands = all_commands()

    def timed(self, command: str, clock: Callable[[], float] = process_time) -> float:
        """Seconds that a command takes."""
        began = clock()
        self._commands.execute(self.debugger, command)
        return clock() - began


def plain(name: str) -> float:
    """Seconds of a run without a debugger."""
    machine = Machine(load(name))
    began = process_time()
    machine.run()
    took = process_time() - began
    machine.close()
    return took


def attached(name: str, breakpoint_: str | None) -> float:
    """Seconds of the same run with one."""
    session = Session(load(name))
    if breakpoint_ is not None:
        session.timed(breakpoint_)
    took = session.timed("continue")
    session.machine.close()
    return took


def costs(rounds: int) -> Measurements:
    """How many times a plain run's seconds a run takes."""
    for name in GUESTS:
        for what, command in ({NEVER: None} | WATCHED).items():
            ratios = tuple(attached(name, command) / plain(name) for _ in range(rounds))
            goal = MOST_RATIO if command is None else MOST_RATIO_WATCHED
            yield Measurement(f"debugger attached, {what}: {name}, times plain", "", ratios, at_most=goal)


def steps(rounds: int) -> Measurements:
    """One step with its screen; one step back from far on."""
    session = Session(load("unplug-all"))
    session.debugger.show_stop = show_screen
    session.timed("goto 30ms")
    times = tuple(
        1000 * sum(session.timed("step", monotonic) for _ in range(STEPS)) / STEPS for _ in range(rounds)
    )
    session.machine.close()
    yield Measurement("debugger: step to prompt", "ms", times, at_most=MOST_STEP_MS)
    found = []
    for _ in range(rounds):
        session = Session(load(LONG), LONG_NS)
        session.timed("continue")
        found.append(session.timed("reverse-step", monotonic))
        session.machine.close()
    yield Measurement(f"debugger: reverse-step 10 s into {LONG}", "s", tuple(found), at_most=MOST_BACK_S)


def kernel() -> Measurements:
    """Debian's kernel to its init, and back to several places of its boot."""
    names = (
        "debugger: reverse-step in the stock kernel's boot",
        "debugger: memory of checkpoints, stock kernel",
    )
    back: list[float] = []
    held: list[float] = []
    if not (reason := linux.missing()):
        with tempfile.TemporaryDirectory() as folder:
            initrd = Path(folder, "initrd")
            initrd.write_bytes(initramfs(linux.BUSYBOX.read_bytes(), linux.INIT))
            boot = Kernel(linux.kernels()[-1], initrd, "console=ttyS0")
            session = Session(MachineConfig(kernel=boot, memory_mib=linux.MEMORY_MIB))
            session.timed("continue")
            held.append(session.debugger.travel.bytes_held / (1 << 20))
            for place in PLACES_LINUX:
                session.timed(f"goto {place}")
                back.append(session.timed("reverse-step", monotonic))
            session.machine.close()
    yield Measurement(names[0], "s", tuple(back), at_most=MOST_BACK_LINUX_S, unavailable=reason)
    yield Measurement(names[1], "MiB", tuple(held), at_most=MOST_HELD_MIB, unavailable=reason)


def measurements(rounds: int) -> Measurements:
    """All of it."""
    yield from costs(rounds)
    yield from steps(rounds)
    yield from kernel()
