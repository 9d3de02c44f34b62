"""The processor's registers as packets hold them: bytes, the lowest first.

Clients compare the program counter and the stack pointer with addresses of code and memory, which are linear.
So that is what they are told: base of CS plus IP, base of SS plus SP. Where segments are flat it is the same;
the offsets, as the processor has them, are registers of their own.
"""

from __future__ import annotations

from emu.cpu.paging import EFER_LMA
from emu.cpu.registers import Registers
from emu.debug.gdb.target_description import SELECTORS, Register

TOP_SHIFT = 11
SEGMENT_BIG, SEGMENT_LONG = 1 << 22, 1 << 21
"""The bits D/B and L of a descriptor."""
WIDE, NARROW = (1 << 64) - 1, (1 << 32) - 1
CONTROL_WORDS = {"fctrl": "fpcw", "fstat": "fpsw", "ftag": "fptag"}
LINEAR = {"pc": ("cs", "rip"), "sp": ("ss", "rsp")}
CHANGEABLE = frozenset(
    [
        *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip", "rflags", "mxcsr"),
        *(f"r{number}" for number in range(8, 16)),
        *(f"xmm{number}" for number in range(16)),
        *(f"st{number}" for number in range(8)),
    ]
)
"""Registers that a client may set: those that mean nothing but their value."""


def code_bits(values: Registers) -> int:
    """How code is decoded: 16, 32 or 64."""
    flags = _segment(values, "cs")[3]
    if _number(values, "efer") & EFER_LMA and flags & SEGMENT_LONG:
        return 64
    return 32 if flags & SEGMENT_BIG else 16


def read(values: Registers, register: Register) -> bytes:
    """The register's bytes out of what `UnicornProcessor.save` gave."""
    size = register.bits // 8
    source = register.source
    value = values.get(_source(values, source), 0)  # the last x87 instruction is not kept
    if source in LINEAR:
        value = _linear(values, *LINEAR[source])
    elif source == "code_bits":
        value = code_bits(values)
    elif source.endswith("_base"):
        value = _segment(values, source.removesuffix("_base"))[1]
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
    name, value = register.source, int.from_bytes(data, "little")
    if name in LINEAR:
        return _set_linear(values, *LINEAR[name], value, register.bits)
    name = _source(values, name)
    if register.source not in CHANGEABLE and not _is_real_mode_selector(values, register.source):
        return False
    held = values[name]
    if isinstance(held, bytes):
        values[name] = data
    elif isinstance(held, tuple):
        selector = value & 0xFFFF
        values[name] = (selector, selector << 4, *held[2:])
    else:
        values[name] = held & ~((1 << register.bits) - 1) | value
    return True


def change_all(values: Registers, known: tuple[Register, ...], data: bytes) -> bool:
    """Put the bytes of all registers into `values`; False where one cannot be set to that.

    Two registers may be one, seen in two widths: what differs from before is what the client has changed.
    """
    if len(data) != sum(register.bits // 8 for register in known):
        return False
    before = dict(values)
    at = 0
    for register in known:
        part = data[at : at + register.bits // 8]
        at += len(part)
        if part != read(before, register) and not change(values, register, part):
            return False
    return True


def set_pc(values: Registers, address: int) -> bool:
    """Let the instruction at a linear address be the next; whether CS reaches it."""
    return _set_linear(values, "cs", "rip", address, 64)


def _linear(values: Registers, segment: str, offset: str) -> int:
    base, mask, wrap, _ = _reach(values, segment)
    return base + (_number(values, offset) & mask) & wrap


def _set_linear(values: Registers, segment: str, offset: str, address: int, bits: int) -> bool:
    base, mask, wrap, last = _reach(values, segment)
    held = _number(values, offset)
    if wrap >> bits:  # the lower part of a wider register is set
        address |= _linear(values, segment, offset) >> bits << bits
    found = address - base & wrap
    if found > last:
        return False
    values[offset] = held & ~mask | found
    return True


def _reach(values: Registers, segment: str) -> tuple[int, int, int, int]:
    """A segment's base, the masks of offsets in use and of linear addresses, and the last offset for us."""
    if code_bits(values) == 64:
        return 0, WIDE, WIDE, WIDE
    _, base, limit, flags = _segment(values, segment)
    if segment == "cs":
        return base, NARROW, NARROW, limit
    mask = NARROW if flags & SEGMENT_BIG else 0xFFFF
    return base, mask, NARROW, mask  # a stack may grow downwards from its limit


def _source(values: Registers, source: str) -> str:
    """The name among `values`: st0 is the top of the x87 stack, wherever that is."""
    if source[:2] == "st" and source[2:].isdigit():
        return f"fp{(_number(values, 'fpsw') >> TOP_SHIFT) + int(source[2:]) & 7}"
    return CONTROL_WORDS.get(source, source)


def _number(values: Registers, name: str) -> int:
    value = values[name]
    assert isinstance(value, int)
    return value


def _segment(values: Registers, name: str) -> tuple[int, int, int, int]:
    value = values[name]
    assert isinstance(value, tuple)
    return value


def _is_real_mode_selector(values: Registers, source: str) -> bool:
    return source in SELECTORS and not _number(values, "cr0") & 1
