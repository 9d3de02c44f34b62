"""`--gdb`: a run under a debugger's control."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emu.debug.gdb.monitor import Monitor
from emu.debug.gdb.server import Server
from emu.debug.gdb.target import Target
from emu.debug.gdb.target_description import I386, X86_64
from emu.debug.once import Once
from emu.debug.time_travel import TimeTravel
from emu.machine.config import MachineConfig
from emu.machine.machine import Machine
from emu.machine.run_loop import Stop

ELF_MAGIC = b"\x7fELF"
CLASSES = {1: I386, 2: X86_64}
"""The byte of an ELF file that says its width."""


def run_with_gdb(
    machine: Machine,
    once: Once,
    endpoint: tuple[str, int],
    *,
    wait: bool,
    limit_ns: int | None,
    breathe: Callable[[], None],
    say: Callable[[str], None],
) -> Stop:
    """Run to the end, which a client may put off. Raises ConfigError where the port is taken."""
    travel = TimeTravel(machine, followers=[once])
    ticks = None if limit_ns is None else limit_ns * machine.clock.ticks_per_ns
    target = Target(travel, once, limit_ticks=ticks)
    program = program_architecture(machine.config)
    server = Server(endpoint, target, Monitor(machine, lambda: program or target.architecture))
    try:
        host = endpoint[0] if ":" not in endpoint[0] else f"[{endpoint[0]}]"
        say(f"gdb may connect: target remote {host}:{server.port}")
        return server.run(wait=wait, others=breathe)
    finally:
        server.close()


def program_architecture(config: MachineConfig) -> str | None:
    """That of the guest's program, where there is an ELF of it: the kernel, or one beside the first drive."""
    candidates = [config.kernel.image] if config.kernel else []
    candidates += [drive.image.with_suffix(".elf") for drive in config.drives]
    return next(filter(None, map(_architecture_of, candidates)), None)


def _architecture_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            head = file.read(5)
    except OSError:
        return None
    return CLASSES.get(head[4]) if head[:4] == ELF_MAGIC and len(head) == 5 else None
