"""The processor's registers as packets hold them: bytes, the lowest first."""

from __future__ import annotations

from emu.cpu.registers import Registers
from emu.debug.gdb.target_description import SELECTORS, Register

TOP_SHIFT = 11
CONTROL_WORDS = {"fctrl": "fpcw", "fstat": "fpsw", "ftag": "fptag"}
CHANGEABLE = frozenset(
    [
        *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip", "rflags", "mxcsr"),
        *(f"r{number}" for number in range(8, 16)),
        *(f"xmm{number}" for number in range(16)),
        *(f"st{number}" for number in range(8)),
    ]
)
"""Registers that a client may set: those that mean nothing but their value."""


def read(values: Registers, register: Register) -> bytes:
    """The register's bytes out of what `UnicornProcessor.save` gave."""
    size = register.bits // 8
    value = values.get(_source(values, register.source), 0)  # the last x87 instruction is not kept
    if register.source.endswith("_base"):
        held = values[register.source.removesuffix("_base")]
        value = held[1] if isinstance(held, tuple) else 0
    if isinstance(value, tuple):
        value = value[0]
    if isinstance(value, bytes):
        return value.ljust(size, b"\0")[:size]
    return (value & (1 << register.bits) - 1).to_bytes(size, "little")


def change(values: Registers, register: Register, data: bytes) -> bool:
    """Put `data` into `values`; False where the register cannot be set to that.

    To set a register to what it holds is always possible, because packet `G` sets all.
    """
    if len(data) != register.bits // 8:
        return False
    if read(values, register) == data:
        return True
    name = _source(values, register.source)
    if register.source not in CHANGEABLE and not _is_real_mode_selector(values, register.source):
        return False
    held = values[name]
    if isinstance(held, bytes):
        values[name] = data
    elif isinstance(held, tuple):
        selector = int.from_bytes(data, "little") & 0xFFFF
        values[name] = (selector, selector << 4, *held[2:])
    else:
        mask = (1 << register.bits) - 1
        values[name] = held & ~mask | int.from_bytes(data, "little")
    return True


def _source(values: Registers, source: str) -> str:
    """The name among `values`: st0 is the top of the x87 stack, wherever that is."""
    if source[:2] == "st" and source[2:].isdigit():
        status = values["fpsw"]
        top = status >> TOP_SHIFT if isinstance(status, int) else 0
        return f"fp{top + int(source[2:]) & 7}"
    return CONTROL_WORDS.get(source, source)


def _is_real_mode_selector(values: Registers, source: str) -> bool:
    control = values["cr0"]
    return source in SELECTORS and isinstance(control, int) and not control & 1
