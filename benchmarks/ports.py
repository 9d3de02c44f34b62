"""IN and OUT through the bus to a trivial chip, the POST port."""

from __future__ import annotations

from benchmarks.measurement import Measurement, Measurements
from benchmarks.program import FINISH, MARK, boot_sector
from benchmarks.rig import on_machine

ACCESSES = 200_000


def measurements(rounds: int) -> Measurements:
    """Microseconds an access, the loop's branch included."""
    for name, instruction in (("OUT", "out 0x80, al"), ("IN", "in al, 0x80")):
        program = boot_sector(
            f"mov ecx, {ACCESSES}; {MARK} again: {instruction}; dec ecx; jnz again; {MARK} {FINISH}"
        )
        times = [on_machine(program) / ACCESSES * 1e6 for _ in range(rounds)]
        yield Measurement(f"{name} through the bus to a trivial chip", "us", tuple(times), at_most=1)
