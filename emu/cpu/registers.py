"""The processor's architectural registers, by name: what debuggers show and snapshots keep."""

from __future__ import annotations

from emu.cpu.library import x86
from emu.cpu.state import State

GENERAL = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", *(f"r{n}" for n in range(8, 16)))
SEGMENTS = ("es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr", "gdtr", "idtr")
WORDS = {
    "fpcw": x86.UC_X86_REG_FPCW,
    "fpsw": x86.UC_X86_REG_FPSW,
    "fptag": x86.UC_X86_REG_FPTAG,
    "mxcsr": x86.UC_X86_REG_MXCSR,
    "cr8": x86.UC_X86_REG_CR8,
}
X87 = {f"st{n}": x86.UC_X86_REG_FP0 + n for n in range(8)}
VECTORS = {f"xmm{n}": x86.UC_X86_REG_XMM0 + n for n in range(16)}
X87_BYTES, VECTOR_BYTES = 10, 16

Value = int | bytes | tuple[int, int, int, int]
Registers = dict[str, Value]


def visible(state: State) -> Registers:
    """General registers, RIP, EFLAGS, segments with their hidden parts, control and debug registers."""
    state.capture()
    values: Registers = {name: state.gpr(number) for number, name in enumerate(GENERAL)}
    values |= {"rip": state.rip, "rflags": state.flags, "efer": state.efer}
    values |= {name: tuple(state.segment(number)) for number, name in enumerate(SEGMENTS)}  # type: ignore[misc]
    values |= {f"cr{number}": state.control(number) for number in (0, 2, 3, 4)}
    values |= {f"dr{number}": state.debug(number) for number in (0, 1, 2, 3, 6, 7)}
    return values
