"""A store-heavy loop beside QEMU: nothing but calls, which store to the stack, returns and branches."""

from __future__ import annotations

from functools import partial

from benchmarks import qemu
from benchmarks.measurement import Measurement, Measurements
from benchmarks.processor import QUIET
from benchmarks.program import FINISH, MARK, boot_sector

ITERATIONS = 30_000_000
"""Of a call, a return and a branch each: 90 million."""


def program(mode: str, iterations: int) -> bytes:
    """The loop, so many times."""
    return boot_sector(
        f"{QUIET} mov ecx, {iterations}; {MARK}"
        f"again: call callee; dec ecx; jnz again; {MARK} {FINISH} callee: ret;",
        mode,
    )


def measurements(rounds: int) -> Measurements:
    """Seconds of the processor, beside QEMU's."""
    for mode in ("protected", "real"):
        name = f"90 M calls, returns and branches, {mode} mode"
        compared = qemu.compare(partial(program, mode), ITERATIONS, rounds)
        yield Measurement(name, "s", tuple(compared.seconds))
        yield from compared.rows(name, {qemu.ICOUNT: 1.3})
