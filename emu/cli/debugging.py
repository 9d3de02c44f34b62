"""`--gdb`: a run under a debugger's control."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emu.debug.debugger import Debugger
from emu.debug.gdb.monitor import Monitor
from emu.debug.gdb.server import Server
from emu.debug.gdb.target import Target
from emu.debug.gdb.target_description import Width
from emu.inspect.programs import found_symbols
from emu.machine.config import MachineConfig
from emu.machine.run_loop import Stop

ELF_MAGIC = b"\x7fELF"
CLASS_32 = 1


def run_with_gdb(
    debugger: Debugger,
    endpoint: tuple[str, int],
    *,
    wait: bool,
    breathe: Callable[[], None],
) -> Stop:
    """Run to the end, which a client may put off. Raises ConfigError where the port is taken."""
    target = Target(debugger)
    server = Server(endpoint, target, Monitor(debugger, program_width(debugger.machine.config)))
    try:
        debugger.say(f"gdb may connect: target remote {server.address}")
        return server.run(wait=wait, others=breathe)
    finally:
        server.close()


def program_width(config: MachineConfig) -> Width:
    """I386 where there are ELF files of the guest and all are of 32 bits, else ALL."""
    files = [*config.run.symbols, *found_symbols(config)]
    return Width.I386 if {_class_of(path) for path in files} == {CLASS_32} else Width.ALL


def _class_of(path: Path) -> int | None:
    """The byte of an ELF file that says its width; None of another file."""
    try:
        with path.open("rb") as file:
            head = file.read(5)
    except OSError:
        return None
    return head[4] if head[:4] == ELF_MAGIC and len(head) == 5 else None
