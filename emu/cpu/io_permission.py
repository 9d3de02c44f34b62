"""Who may use which port: IOPL, and the I/O permission bitmap of the TSS [SDM] volume 1, 19.5.

The engine lets everybody do I/O. So IN and OUT are checked in their hook, and refused by a detour: the
hook cannot leave an instruction, but an I/O breakpoint that matches it does so just behind it. The one
hit is taken for the refusal, the state from before the instruction is put back, and #GP(0) delivered.
Every translated I/O instruction looks for breakpoints because a hidden flag says that there are some.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_uint32, c_void_p
from typing import Any

from emu.cpu.blocks import native_library
from emu.cpu.context import HF_IOBPT, TR
from emu.cpu.handle import Handle
from emu.cpu.library import HOOK_INSTRUCTION, InCallback, OutCallback, x86
from emu.cpu.paging import PageFault
from emu.cpu.state import CR0_PE, FLAG_VM, State

BITMAP_POINTER = 102
TSS_32 = 8
DR7_PORT_BREAKPOINT = 0x400 | 2 << 16 | 2
"""Breakpoint 0 enabled, on I/O, one byte wide."""

In = Callable[[int, int, int, int | None], int]
Out = Callable[[int, int, int, int, int | None], None]


class PortCells(ctypes.Structure):
    """`struct ports` of native.c."""

    _fields_ = [
        ("port_in", c_void_p),
        ("port_out", c_void_p),
        ("read_register", c_void_p),
        ("register_cr0", c_uint32),
        ("register_cs", c_uint32),
        ("register_flags", c_uint32),
        ("reserved", c_uint32),
    ]


class IoPermission:
    """Installs the IN and OUT hooks, and refuses what the guest may not do."""

    def __init__(self, handle: Handle, state: State, port_in: In, port_out: Out, *, native: bool) -> None:
        """The callables are the hooks, which are told by their last argument whether I/O is restricted."""
        self._handle = handle
        self._state = state
        self._in, self._out = port_in, port_out
        self._refused: bytes | None = None
        library = native_library() if native else None
        if library is None:
            handle.hook(HOOK_INSTRUCTION, InCallback(self._check_in), x86.UC_X86_INS_IN)
            handle.hook(HOOK_INSTRUCTION, OutCallback(self._check_out), x86.UC_X86_INS_OUT)
        else:
            self._install_native(library)

    def _install_native(self, library: Any) -> None:
        self._callbacks = (InCallback(self._in), OutCallback(self._out))
        read_register = ctypes.cast(self._handle.library.uc_reg_read, c_void_p).value
        cells = self._cells = PortCells(
            *(ctypes.cast(callback, c_void_p).value for callback in self._callbacks),
            read_register,
            x86.UC_X86_REG_CR0,
            x86.UC_X86_REG_CS,
            x86.UC_X86_REG_EFLAGS,
        )
        user = ctypes.addressof(cells)
        self._handle.hook(HOOK_INSTRUCTION, library.emu_on_in, x86.UC_X86_INS_IN, user)
        self._handle.hook(HOOK_INSTRUCTION, library.emu_on_out, x86.UC_X86_INS_OUT, user)

    def _check_in(self, engine: int, port: int, width: int, _user: int) -> int:
        return self._in(engine, port, width, self._restricted())

    def _check_out(self, engine: int, port: int, width: int, value: int, _user: int) -> None:
        self._out(engine, port, width, value, self._restricted())

    def _restricted(self) -> int:
        handle = self._handle
        if not handle.read(x86.UC_X86_REG_CR0) & CR0_PE:
            return 0
        flags = handle.read(x86.UC_X86_REG_EFLAGS)
        return int(flags & FLAG_VM != 0 or handle.read(x86.UC_X86_REG_CS) & 3 > flags >> 12 & 3)

    def refuses(self, port: int, width: int) -> bool:
        """Whether the TSS forbids a restricted access, which is then under way to its #GP."""
        state = self._state
        state.capture()
        if self._allowed_by_bitmap(port, width):
            return False
        self._refused = bytes(state.raw)
        state.set_debug(0, port)
        state.set_debug(7, DR7_PORT_BREAKPOINT)
        state.restore()
        return True

    def _allowed_by_bitmap(self, port: int, width: int) -> bool:
        state = self._state
        task = state.segment(TR)
        if not task.flags >> 8 & TSS_32 or task.limit < BITMAP_POINTER + 1:
            return False
        paging = state.load_paging()
        try:
            start = int.from_bytes(paging.read(task.base + BITMAP_POINTER, 2), "little") + port // 8
            if start + 1 > task.limit:
                return False
            bits = int.from_bytes(paging.read(task.base + start, 2), "little")
        except PageFault:
            return False
        return not bits >> port % 8 & (1 << width) - 1

    def take_refusal(self) -> bool:
        """Whether the breakpoint that was just hit is a refusal; the captured state is then from before."""
        if self._refused is None:
            return False
        self._state.raw[:] = self._refused
        self._refused = None
        self._state.hidden |= HF_IOBPT
        return True
