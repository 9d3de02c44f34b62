"""Who may use which port: IOPL, and the I/O permission bitmap of the TSS [SDM] volume 1, 19.5.

The engine lets everybody do I/O. So IN and OUT are checked in their hook, and refused by a detour: the
hook cannot leave an instruction, but an I/O breakpoint that matches it does so just behind it. The one
hit is taken for the refusal, the state from before the instruction is put back, and #GP(0) delivered.
Every translated I/O instruction looks for breakpoints because a hidden flag says that there are some.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_int64, c_uint32, c_void_p
from typing import Any, NamedTuple

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.cpu import context
from emu.cpu.blocks import Blocks
from emu.cpu.context import HF_IOBPT, TR
from emu.cpu.handle import Handle
from emu.cpu.library import HOOK_INSTRUCTION, InCallback, MoveCallback, OutCallback, x86
from emu.cpu.paging import PageFault
from emu.cpu.state import CR0_PE, FLAG_VM, State

BITMAP_POINTER = 102
TSS_32 = 8
DR7_PORT_BREAKPOINT = 0x400 | 2 << 16 | 2
"""Breakpoint 0 enabled, on I/O, one byte wide."""


class PortHooks(NamedTuple):
    """What IN and OUT call: for an access, told by the last argument whether I/O is restricted; and for a
    run of elements (port, width, elements, physical address)."""

    port_in: Callable[[int, int, int, int | None], int]
    port_out: Callable[[int, int, int, int, int | None], None]
    move_in: Callable[[int, int, int, int], int]
    move_out: Callable[[int, int, int, int], int]


class PortCells(ctypes.Structure):
    """`struct ports` of native/ports.c."""

    _fields_ = [
        ("port_in", c_void_p),
        ("port_out", c_void_p),
        ("read_register", c_void_p),
        ("register_cr0", c_uint32),
        ("register_cs", c_uint32),
        ("register_flags", c_uint32),
        ("register_rcx", c_uint32),
        ("register_rsi", c_uint32),
        ("register_rdi", c_uint32),
        ("rip_at", c_uint32),
        ("gpr_at", c_uint32),
        ("segments_at", c_uint32),
        ("segment_stride", c_uint32),
        ("move_in", c_void_p),
        ("move_out", c_void_p),
        ("write_register", c_void_p),
        ("string_ports", c_void_p),
        ("cost", c_int64),
        ("blocks", c_void_p),
    ]


class IoPermission:
    """Installs the IN and OUT hooks, and refuses what the guest may not do."""

    def __init__(
        self, handle: Handle, state: State, hooks: PortHooks, ports: PortBus, clock: Clock, blocks: Blocks
    ) -> None:
        self._handle = handle
        self._state = state
        self._hooks = hooks
        self._refused: bytes | None = None
        library = blocks.library
        if library is None:
            handle.hook(HOOK_INSTRUCTION, InCallback(self._check_in), x86.UC_X86_INS_IN)
            handle.hook(HOOK_INSTRUCTION, OutCallback(self._check_out), x86.UC_X86_INS_OUT)
        else:
            self._install_native(library, ports, clock, blocks)

    def _install_native(self, library: Any, ports: PortBus, clock: Clock, blocks: Blocks) -> None:
        at = context.layout()
        hooks = self._hooks
        self._callbacks = (
            InCallback(hooks.port_in),
            OutCallback(hooks.port_out),
            MoveCallback(hooks.move_in),
            MoveCallback(hooks.move_out),
        )
        port_in, port_out, move_in, move_out = (_address(callback) for callback in self._callbacks)
        self._string_ports = (ctypes.c_uint8 * len(ports.string_ports)).from_buffer(ports.string_ports)
        cells = self._cells = PortCells(
            port_in=port_in,
            port_out=port_out,
            move_in=move_in,
            move_out=move_out,
            read_register=_address(self._handle.library.uc_reg_read),
            write_register=_address(self._handle.library.uc_reg_write),
            register_cr0=x86.UC_X86_REG_CR0,
            register_cs=x86.UC_X86_REG_CS,
            register_flags=x86.UC_X86_REG_EFLAGS,
            register_rcx=x86.UC_X86_REG_RCX,
            register_rsi=x86.UC_X86_REG_RSI,
            register_rdi=x86.UC_X86_REG_RDI,
            rip_at=at.rip,
            gpr_at=at.gpr,
            segments_at=at.segments,
            segment_stride=at.stride,
            string_ports=ctypes.addressof(self._string_ports),
            cost=clock.costs.port_access_ns * clock.ticks_per_ns,
            blocks=ctypes.addressof(blocks.cells),
        )
        user = ctypes.addressof(cells)
        self._handle.hook(HOOK_INSTRUCTION, library.emu_on_in, x86.UC_X86_INS_IN, user)
        self._handle.hook(HOOK_INSTRUCTION, library.emu_on_out, x86.UC_X86_INS_OUT, user)

    def _check_in(self, engine: int, port: int, width: int, _user: int) -> int:
        return self._hooks.port_in(engine, port, width, self._restricted())

    def _check_out(self, engine: int, port: int, width: int, value: int, _user: int) -> None:
        self._hooks.port_out(engine, port, width, value, self._restricted())

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


def _address(function: Any) -> int | None:
    return ctypes.cast(function, c_void_p).value
