"""Segment and gate descriptors as they lie in memory [SDM] volume 3, 3.4.5 and 6.11."""

from __future__ import annotations

from dataclasses import dataclass

from emu.cpu.context import GDTR, LDTR, Segment
from emu.cpu.state import State

DE, DB, BP, OF, UD, DF, TS, NP, SS_FAULT, GP, PF, AC = 0, 1, 3, 4, 6, 8, 10, 11, 12, 13, 14, 17
VECTORS_WITH_ERROR_CODE = frozenset((DF, TS, NP, SS_FAULT, GP, PF, AC))

ACCESSED, WRITABLE, CONFORMING, CODE, S, PRESENT = 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 15
GRANULARITY = 1 << 23
TASK_GATE, INTERRUPT_GATE_16, TRAP_GATE_16, INTERRUPT_GATE_32, TRAP_GATE_32 = 5, 6, 7, 14, 15
TSS_16_AVAILABLE, TSS_32_AVAILABLE, LDT = 1, 9, 2


class Fault(Exception):
    """A fault raised while the processor itself works: vector and error code."""

    def __init__(self, vector: int, error_code: int = 0) -> None:
        super().__init__(f"fault {vector}, error code {error_code:#x}")
        self.vector = vector
        self.error_code = error_code


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A segment descriptor as loaded, with where it lies."""

    selector: int
    base: int
    limit: int
    flags: int
    address: int

    @property
    def dpl(self) -> int:
        """Descriptor privilege level."""
        return self.flags >> 13 & 3

    @property
    def type(self) -> int:
        """The four type bits and the S bit: 0 to 15 for system descriptors."""
        return self.flags >> 8 & 0x1F

    @property
    def present(self) -> bool:
        """The P bit."""
        return bool(self.flags & PRESENT)

    @property
    def is_code(self) -> bool:
        """Whether it is a code segment."""
        return bool(self.flags & S and self.flags & CODE)

    @property
    def is_writable_data(self) -> bool:
        """Whether it is a data segment that can be a stack."""
        return bool(self.flags & S and self.flags & WRITABLE and not self.flags & CODE)

    @property
    def is_readable(self) -> bool:
        """Whether it is data, or code that may be read."""
        return bool(self.flags & S and (not self.flags & CODE or self.flags & WRITABLE))

    @property
    def conforming(self) -> bool:
        """Whether it is conforming code."""
        return bool(self.flags & CODE and self.flags & CONFORMING)

    def loaded(self, selector: int) -> Segment:
        """The segment register that holds this descriptor under `selector`."""
        return Segment(selector, self.base, self.limit, self.flags)


def fetch(state: State, selector: int, vector: int, external: int) -> Descriptor:
    """Read the descriptor of `selector`; raises Fault(vector) beyond the table's limit.

    `external` is the EXT bit of the error code.
    """
    table = state.segment(LDTR if selector & 4 else GDTR)
    offset = selector & 0xFFF8
    if offset + 7 > table.limit or (selector & 4 and not table.selector & 0xFFFC):
        raise Fault(vector, selector & 0xFFFC | external)
    address = table.base + offset
    raw = int.from_bytes(state.paging.read(address, 8), "little")
    limit = raw & 0xFFFF | raw >> 32 & 0xF0000
    flags = raw >> 32
    if flags & GRANULARITY:
        limit = limit << 12 | 0xFFF
    base = raw >> 16 & 0xFF_FFFF | raw >> 32 & 0xFF00_0000
    return Descriptor(selector, base, limit, flags, address)


def mark_accessed(state: State, descriptor: Descriptor) -> Descriptor:
    """Set the accessed bit of a code or data descriptor in its table, as loading it does."""
    if descriptor.flags & ACCESSED:
        return descriptor
    flags = descriptor.flags | ACCESSED
    state.paging.write(descriptor.address + 5, bytes([flags >> 8 & 0xFF]))
    return Descriptor(descriptor.selector, descriptor.base, descriptor.limit, flags, descriptor.address)
