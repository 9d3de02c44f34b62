"""Model-specific registers, by table. What is not in it is #GP, as on a processor without it.

FS_BASE, GS_BASE and KERNEL_GS_BASE are the engine's own, because guests write them at each task switch.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_int64, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass

from emu.core.clock import Clock
from emu.cpu import context
from emu.cpu.descriptors import GP, Fault
from emu.cpu.paging import CR0_PG
from emu.cpu.state import State

TSC, PLATFORM_ID, MICROCODE_REVISION = 0x10, 0x17, 0x8B
SYSENTER_CS, SYSENTER_ESP, SYSENTER_EIP = 0x174, 0x175, 0x176
MISC_ENABLE, PAT = 0x1A0, 0x277
EFER, STAR, LSTAR, CSTAR, FMASK = 0xC000_0080, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084
FS_BASE, GS_BASE, KERNEL_GS_BASE, TSC_AUX = 0xC000_0100, 0xC000_0101, 0xC000_0102, 0xC000_0103
PASSED_THROUGH = (FS_BASE, GS_BASE, KERNEL_GS_BASE)

EFER_SCE, EFER_LME, EFER_LMA, EFER_NXE = 1 << 0, 1 << 8, 1 << 10, 1 << 11
PAT_TYPES = (0, 1, 4, 5, 6, 7)


class TimestampCells(ctypes.Structure):
    """`struct timestamp` of native/timestamp.c."""

    _fields_ = [
        ("blocks", c_void_p),
        ("write_register", c_void_p),
        ("register_rax", c_uint32),
        ("register_rcx", c_uint32),
        ("register_rdx", c_uint32),
        ("register_cr4", c_uint32),
        ("cost", c_int64),
        ("ticks_per_ns", c_int64),
        ("offset", c_uint64),
        ("aux", c_uint32),
    ]


@dataclass(frozen=True)
class Msr:
    """How one MSR is read and written; `write` raises Fault for values that it refuses."""

    read: Callable[[], int]
    write: Callable[[int], None]


def _refuse(_value: int) -> None:
    raise Fault(GP)


def _ignore(_value: int) -> None:
    return


class Msrs:
    """The table, working on a captured state. Others may add entries to `table`."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self.cells = TimestampCells()
        at = context.layout()
        self.table: dict[int, Msr] = {
            TSC: Msr(self.timestamp, self._set_timestamp),
            PLATFORM_ID: Msr(lambda: 0, _refuse),
            MICROCODE_REVISION: Msr(lambda: 0, _ignore),
            SYSENTER_CS: self._field(at.sysenter_cs, 4),
            SYSENTER_ESP: self._address(at.sysenter),
            SYSENTER_EIP: self._address(at.sysenter + 8),
            MISC_ENABLE: Msr(lambda: 1, _ignore),
            PAT: Msr(lambda: state.qword(at.pat), self._set_pat),
            EFER: Msr(lambda: state.efer, self._set_efer),
            STAR: self._field(at.star, 8),
            LSTAR: self._address(at.lstar),
            CSTAR: self._address(at.lstar + 8),
            FMASK: self._field(at.lstar + 16, 4),
            TSC_AUX: Msr(lambda: self.tsc_aux, self._set_tsc_aux),
        }

    @property
    def tsc_offset(self) -> int:
        """What the time-stamp counter is ahead of virtual time, in nanoseconds, modulo 2^64."""
        return int(self.cells.offset)

    @tsc_offset.setter
    def tsc_offset(self, value: int) -> None:
        self.cells.offset = value & 0xFFFF_FFFF_FFFF_FFFF

    @property
    def tsc_aux(self) -> int:
        """IA32_TSC_AUX."""
        return int(self.cells.aux)

    @tsc_aux.setter
    def tsc_aux(self, value: int) -> None:
        self.cells.aux = value

    def read(self, number: int) -> int:
        """RDMSR. Raises Fault."""
        if number not in self.table:
            raise Fault(GP)
        return self.table[number].read()

    def write(self, number: int, value: int) -> None:
        """WRMSR. Raises Fault."""
        if number not in self.table:
            raise Fault(GP)
        self.table[number].write(value)

    def timestamp(self) -> int:
        """The time-stamp counter: virtual nanoseconds, so 1 GHz, plus what the guest has set."""
        return self._clock.now + self.tsc_offset & 0xFFFF_FFFF_FFFF_FFFF

    def reset(self) -> None:
        """RESET: the counter starts at 0."""
        self.tsc_offset = -self._clock.now
        self.tsc_aux = 0

    def _set_timestamp(self, value: int) -> None:
        self.tsc_offset = value - self._clock.now

    def _set_tsc_aux(self, value: int) -> None:
        if value >> 32:
            raise Fault(GP)
        self.tsc_aux = value

    def _field(self, offset: int, width: int) -> Msr:
        if width == 8:
            return Msr(lambda: self._state.qword(offset), lambda value: self._state.set_qword(offset, value))
        return Msr(lambda: self._state.dword(offset), lambda value: self._state.set_dword(offset, value))

    def _address(self, offset: int) -> Msr:
        def write(value: int) -> None:
            if value >> 47 not in (0, 0x1FFFF):
                raise Fault(GP)
            self._state.set_qword(offset, value)

        return Msr(lambda: self._state.qword(offset), write)

    def _set_pat(self, value: int) -> None:
        if any(value >> 8 * n & 0xFF not in PAT_TYPES for n in range(8)):
            raise Fault(GP)
        self._state.set_qword(context.layout().pat, value)

    def _set_efer(self, value: int) -> None:
        state = self._state
        if value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE):
            raise Fault(GP)
        if (value ^ state.efer) & EFER_LME and state.control(0) & CR0_PG:
            raise Fault(GP)
        state.efer = value & ~EFER_LMA | state.efer & EFER_LMA
        state.tlb_is_stale = True
