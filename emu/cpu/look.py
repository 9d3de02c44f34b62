"""A look at the guest from outside: where it is, in which mode, and memory as its page tables show it.

Looking changes nothing: no accessed or dirty bits, no engine state, no device. It is allowed at any moment,
in the callbacks of a running engine too, because it has a captured context of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.core.memory import Memory
from emu.cpu.context import CS, HF_CS32, HF_CS64, HF_LMA, HF_PE, RSP, SS
from emu.cpu.handle import Handle
from emu.cpu.paging import Paging
from emu.cpu.state import State

PAGE_SIZE = 0x1000


class QuietPaging(Paging):
    """A walk that does not even read tables where a device answers: what lies there is not present."""

    __slots__ = ()

    def _entry(self, where: int, size: int) -> int:
        return int.from_bytes(self.memory.peek(where, size), "little")


@dataclass(frozen=True)
class Look:
    """The guest at one moment. Memory is read as it is when asked for, through the tables of that moment."""

    cs: int
    ip: int
    """RIP; in the callbacks for device memory that of the block."""
    bits: int
    """16, 32 or 64: how code is decoded."""
    code_base: int
    """What turns RIP into a linear address; 0 in 64-bit mode."""
    stack_base: int
    general: tuple[int, ...]
    """The general registers by their encoding, RAX first."""
    paging: Paging

    @property
    def linear_ip(self) -> int:
        """The linear address that RIP stands for."""
        return self.linear(self.ip)

    @property
    def stack_pointer(self) -> int:
        """The linear address that RSP stands for."""
        return self._narrow(self.stack_base + self.general[RSP])

    def linear(self, ip: int) -> int:
        """The linear address of `ip` in the code segment."""
        return self._narrow(self.code_base + ip)

    def physical(self, linear: int) -> int | None:
        """The physical address behind `linear`, or None where no page is."""
        return self.paging.probe(linear)

    def read(self, linear: int, length: int) -> bytes:
        """Up to `length` bytes from `linear` on: as many as are there before a missing page or a device."""
        parts = []
        while length:
            count = min(length, PAGE_SIZE - (linear & PAGE_SIZE - 1))
            physical = self.physical(linear)
            part = b"" if physical is None else self.paging.memory.peek(physical, count)
            parts.append(part)
            if len(part) < count:
                break
            linear, length = linear + count, length - count
        return b"".join(parts)

    def _narrow(self, linear: int) -> int:
        return linear & (0xFFFF_FFFF_FFFF_FFFF if self.bits == 64 else 0xFFFF_FFFF)


class Looker:
    """Looks at one engine."""

    def __init__(self, handle: Handle, memory: Memory) -> None:
        self._state = State(handle, memory)
        self._memory = memory

    def mode(self) -> str:
        """The mode that the processor is in, in words."""
        state = self._state
        state.glance()
        hidden = state.hidden
        if not hidden & HF_PE:
            return "real mode"
        if hidden & HF_CS64:
            return "long mode"
        if state.vm86:
            return "virtual-8086 mode"
        kind = "compatibility" if hidden & HF_LMA else "protected"
        return f"{kind} mode, {32 if hidden & HF_CS32 else 16} bits"

    def look(self) -> Look:
        """The guest as it is now."""
        state = self._state
        state.glance()
        walked = state.load_paging()
        wide = bool(state.hidden & HF_CS64)
        return Look(
            cs=state.segment(CS).selector,
            ip=state.rip,
            bits=64 if wide else 32 if state.hidden & HF_CS32 else 16,
            code_base=0 if wide else state.segment_base(CS),
            stack_base=0 if wide else state.segment_base(SS),
            general=tuple(state.gpr(number) for number in range(16)),
            paging=QuietPaging(
                self._memory, walked.cr0, walked.cr3, walked.cr4, walked.efer, walked.a20_mask
            ),
        )
