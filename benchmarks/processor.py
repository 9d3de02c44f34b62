"""Code without any event: what counting and deciding at each block costs over the bare engine."""

from __future__ import annotations

from benchmarks.measurement import Measurement, Measurements
from benchmarks.program import FINISH, MARK, boot_sector
from benchmarks.rig import on_bare_engine, on_machine

LOOPS = 20_000_000
QUIET = "mov al, 0xff; out 0x21, al;"
"""Mask the timer: an interrupt that waits for IF makes every block look at EFLAGS."""
ALU_AND_BRANCH = f"""
{QUIET} mov ecx, {LOOPS}; xor eax, eax; mov ebx, 12345; {MARK}
again: add eax, ecx; xor ebx, eax; rol ebx, 3; sub eax, ebx; lea edx, [eax+ebx]; and edx, 0xffff;
test al, 1; jz even; add ebx, edx; even: cmp edx, 7; ja above; inc eax; above: dec ecx; jnz again;
{MARK} {FINISH}
"""
LONG_BLOCKS = f"""
{QUIET} mov ecx, {LOOPS // 4}; xor eax, eax; mov ebx, 12345; {MARK}
again: {"add eax, ecx; xor ebx, eax; rol ebx, 3; lea edx, [eax+ebx]; and edx, 0xffff;" * 4}
dec ecx; jnz again; {MARK} {FINISH}
"""
CALLS = f"""
{QUIET} mov ecx, {LOOPS // 2}; {MARK}
again: call first; call first; dec ecx; jnz again; jmp done; first: inc eax; ret;
done: {MARK} {FINISH}
"""


def measurements(rounds: int) -> Measurements:
    """Ratios, each of two runs one after the other."""
    for name, body, goal in (
        ("ALU and branch loop, 4 instructions a branch", ALU_AND_BRANCH, 0.8),
        ("ALU and branch loop, 20 instructions a branch", LONG_BLOCKS, 0.8),
        ("call and return loop", CALLS, None),
    ):
        for mode in ("real", "long"):
            program = boot_sector(body, mode)
            ratios = [on_bare_engine(program) / on_machine(program) for _ in range(rounds)]
            title = f"{name}, {mode} mode, of bare engine"
            yield Measurement(title, "", tuple(ratios), at_least=goal)
