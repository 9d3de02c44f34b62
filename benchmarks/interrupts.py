"""A timer interrupt, from the 8254 through the 8259A to its handler, with EOI and IRET."""

from __future__ import annotations

from benchmarks.measurement import Measurement, Measurements
from benchmarks.program import FINISH, MARK, MODES, POINT_TIMER_AT_HANDLER, RETURN, boot_sector
from benchmarks.rig import on_machine

TICKS = 3000
PERIOD = 120
"""Of the 8254: about 100 us of virtual time."""
HANDLER = "jmp start; handler: inc edi; mov al, 0x20; out 0x20, al;"
PROGRAM_TIMER = f"mov al, 0x34; out 0x43, al; mov al, {PERIOD}; out 0x40, al; xor al, al; out 0x40, al;"


def program(mode: str) -> bytes:
    """Halts until the timer has ticked so often; the first tick is not timed."""
    return boot_sector(
        f"{HANDLER} {RETURN[mode]} start: {POINT_TIMER_AT_HANDLER[mode]} {PROGRAM_TIMER}"
        f"xor edi, edi; sti; hlt; {MARK} again: hlt; cmp edi, {TICKS}; jb again; {MARK} {FINISH}",
        mode,
    )


def measurements(rounds: int) -> Measurements:
    """Microseconds a tick: waking from HLT, delivery, the handler's OUT, IRET."""
    for mode in MODES:
        code = program(mode)
        times = [on_machine(code) / (TICKS - 1) * 1e6 for _ in range(rounds)]
        yield Measurement(
            f"timer interrupt, HLT to HLT with IRET, {mode} mode", "us", tuple(times), at_most=30
        )
