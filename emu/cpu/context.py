"""The engine's saved context as a register file that can be read and written whole.

The engine offers no calls for much of what delivery needs (segment caches, hidden flags, pending
exception). A saved context is the engine's raw processor state, though, so its layout is found once per
process by writing sentinels through the public interface and looking where they turn up. A layout that
cannot be found is another engine version, and is refused.
"""

from __future__ import annotations

import ctypes
import struct
from ctypes import byref, c_void_p
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from emu.core.errors import ConfigError
from emu.cpu.handle import Handle
from emu.cpu.library import WANTED_VERSION, DescriptorRegister, x86

ES, CS, SS, DS, FS, GS, LDTR, TR, GDTR, IDTR = range(10)
"""Order of the segment registers in the context."""
RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI = range(8)

HF_CPL = 3
HF_INHIBIT_IRQ = 1 << 3
HF_CS32 = 1 << 4
HF_SS32 = 1 << 5
HF_ADDSEG = 1 << 6
HF_PE = 1 << 7
HF_TF = 1 << 8
HF_TS = 1 << 11
HF_LMA = 1 << 14
HF_CS64 = 1 << 15
HF_GUEST = 1 << 21
HF_OSFXSR = 1 << 22
HF_IOBPT = 1 << 24
HF2_GIF, HF2_VINTR = 1 << 0, 1 << 3
"""Bits of the engine's hidden flags, which mirror what decides how code is translated."""

SENTINEL = 0x1122_3344_5566_0000
SENTINELS = {
    "gpr": x86.UC_X86_REG_RAX,
    "r15": x86.UC_X86_REG_R15,
    "fs": x86.UC_X86_REG_FS_BASE,
    "gs": x86.UC_X86_REG_GS_BASE,
    "cr2": x86.UC_X86_REG_CR2,
    "dr0": x86.UC_X86_REG_DR0,
    "rip": x86.UC_X86_REG_RIP,
}
MSR_SENTINELS = {
    "star": 0xC000_0081,
    "lstar": 0xC000_0082,
    "sysenter": 0x175,
    "kernel_gs": 0xC000_0102,
    "pat": 0x277,
}
NO_EXCEPTION = 0xFFFF_FFFF


class Segment(NamedTuple):
    """A segment register with its hidden part; `flags` are bits 8 to 23 of the descriptor's high dword."""

    selector: int
    base: int
    limit: int
    flags: int

    @property
    def dpl(self) -> int:
        """Descriptor privilege level."""
        return self.flags >> 13 & 3


@dataclass(frozen=True)
class Layout:
    """Byte offsets of fields in a saved context."""

    gpr: int
    rip: int
    segments: int
    stride: int
    cr0: int
    dr0: int
    star: int
    lstar: int
    sysenter: int
    sysenter_cs: int
    kernel_gs: int
    pat: int

    @property
    def eflags(self) -> int:
        """EFLAGS without its arithmetic flags, which the engine computes when asked."""
        return self.rip + 8

    @property
    def hflags(self) -> int:
        """Hidden flags; the second word of them follows."""
        return self.rip + 48

    @property
    def a20(self) -> int:
        """Mask on physical addresses."""
        return self.cr0 + 72

    @property
    def efer(self) -> int:
        """Extended feature enable register."""
        return self.a20 + 96

    @property
    def error_code(self) -> int:
        """Error code of the pending exception; whether it is an INT n follows."""
        return self.dr0 - 16

    @property
    def old_exception(self) -> int:
        """The exception whose delivery the engine believes to be under way."""
        return self.dr0 + 96

    @property
    def vmcb(self) -> int:
        """Physical address of the SVM control block; the intercepts are 16 bytes behind."""
        return self.old_exception + 8


def _find(handle: Handle, context: Context, register: int, value: int) -> int:
    handle.write(register, value)
    return _locate(context, value, f"register {register}")


def _locate(context: Context, value: int, what: str) -> int:
    context.capture()
    raw = bytes(context.raw)
    pattern = struct.pack("<Q", value)
    offset = raw.find(pattern)
    if offset < 0 or raw.find(pattern, offset + 1) >= 0:
        raise ConfigError(f"this Unicorn keeps {what} elsewhere: install unicorn {WANTED_VERSION}")
    return offset


@cache
def layout() -> Layout:
    """The layout of the installed engine, found with a throw-away instance."""
    handle = Handle()
    context = Context(handle)
    registers = {
        name: _find(handle, context, number, SENTINEL + number) for name, number in SENTINELS.items()
    }
    msrs = {name: _find_msr(handle, context, number) for name, number in MSR_SENTINELS.items()}
    stride = registers["gs"] - registers["fs"]
    found = Layout(
        gpr=registers["gpr"],
        rip=registers["rip"],
        segments=registers["fs"] - 8 - FS * stride,
        stride=stride,
        cr0=registers["cr2"] - 16,
        dr0=registers["dr0"],
        sysenter_cs=_find_sysenter_cs(handle, context, msrs["sysenter"]),
        **msrs,
    )
    plausible = registers["r15"] == found.gpr + 15 * 8 and _is_plausible(handle, context, found)
    handle.close()
    if not plausible:
        raise ConfigError(f"this Unicorn lays its state out in another way: install unicorn {WANTED_VERSION}")
    return found


def _find_msr(handle: Handle, context: Context, number: int) -> int:
    value = SENTINEL | number & 0xFFFF
    handle.write_msr(number, value)
    return _locate(context, value, f"MSR {number:#x}")


def _find_sysenter_cs(handle: Handle, context: Context, sysenter: int) -> int:
    """The engine keeps 16 bits of it, in the quadword before the next two."""
    handle.write_msr(0x174, 0x5A5A)
    context.capture()
    return bytes(context.raw).find(struct.pack("<I", 0x5A5A), sysenter - 8, sysenter)


def _is_plausible(handle: Handle, context: Context, found: Layout) -> bool:
    """Whether what was not searched for lies where it does in the engine that we know."""
    handle.write_descriptor(x86.UC_X86_REG_TR, DescriptorRegister(0x1234, SENTINEL + 999, 0xABCDEF, 0x8B00))
    tr = _locate(context, SENTINEL + 999, "TR") - 8
    context.capture()
    return (
        tr == found.segments + TR * found.stride
        and found.segments == found.hflags + 8
        and context.dword(tr + 16) == 0xABCDEF
        and context.dword(found.a20) == 0xFFFF_FFFF
        and context.qword(found.efer) & 0x500 == 0x500
        and found.gpr % 8 == 0
        and found.sysenter_cs > 0
    )


class Context:
    """One saved context: `capture` the engine's state, look and change, `restore` it."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.pointer = c_void_p()
        if handle.library.uc_context_alloc(handle.pointer, byref(self.pointer)):
            raise MemoryError("no room for an engine context")
        size = handle.library.uc_context_size(handle.pointer)
        self.raw = memoryview((ctypes.c_uint8 * size).from_address(self.pointer.value or 0)).cast("B")
        self._words = self.raw[: size // 8 * 8].cast("Q")
        self._halves = self.raw[: size // 4 * 4].cast("I")
        self._save = handle.library.uc_context_save
        self._restore = handle.library.uc_context_restore

    def capture(self) -> None:
        """Take the engine's state."""
        self._save(self._handle.pointer, self.pointer)

    def restore(self) -> None:
        """Give the engine this state."""
        self._restore(self._handle.pointer, self.pointer)

    def qword(self, offset: int) -> int:
        """Eight bytes at an aligned offset."""
        return self._words[offset >> 3]

    def set_qword(self, offset: int, value: int) -> None:
        """Store eight bytes at an aligned offset."""
        self._words[offset >> 3] = value & 0xFFFF_FFFF_FFFF_FFFF

    def dword(self, offset: int) -> int:
        """Four bytes at an aligned offset."""
        return self._halves[offset >> 2]

    def set_dword(self, offset: int, value: int) -> None:
        """Store four bytes at an aligned offset."""
        self._halves[offset >> 2] = value & 0xFFFF_FFFF
