"""Filling the engine's TLB by a walk of our own, while the guest has no no-execute bit.

The engine watches each store to a page that the guest could execute, in case it changes code: thirty times
what a plain store costs. Where no bit of a page table can say what is code (EFER.NXE is 0: real mode, no
paging, a kernel that unpacks itself), this walk says it: a page is executable from the first fetch on, and
until then its stores are plain ones. With EFER.NXE the engine's own walk is right and quicker.

A walk that ends in a fault is refused. The engine then repeats the instruction with its own walk, which
raises the fault (`Stepper.repeat_with_engines_walk`); steps are taken with its own walk throughout.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_int, c_int32, c_uint32, c_void_p
from typing import Any

from emu.core.memory import PAGE, Memory
from emu.cpu.blocks import Blocks
from emu.cpu.guard import Failed, guarded
from emu.cpu.handle import WRITE, Handle
from emu.cpu.library import HOOK_TLB_FILL, FillCallback, constants
from emu.cpu.paging import EFER_LMA, EFER_NXE, PageFault
from emu.cpu.state import State

READ_EXECUTE = constants.UC_PROT_READ | constants.UC_PROT_EXEC
MAY_WRITE, MAY_EXECUTE = constants.UC_PROT_WRITE, constants.UC_PROT_EXEC
UNKNOWN, STORED, EXECUTED = range(3)
"""What a page of RAM was used for since nothing was translated: stores may be plain, or are watched."""


class FillerCells(ctypes.Structure):
    """`struct filler` of native/translations.c."""

    _fields_ = [
        ("blocks", c_void_p),
        ("pages", c_void_p),
        ("control", c_void_p),
        ("flush", c_int32),
        ("identical", c_uint32),
        ("elsewhere", c_void_p),
    ]


class Translations:
    """Decides who walks the page tables of one engine, and is our walk."""

    def __init__(self, handle: Handle, memory: Memory, blocks: Blocks, failed: Failed) -> None:
        self._handle = handle
        self._memory = memory
        self._state = State(handle, memory)
        self._unknown = bytes(memory.plain_end // PAGE)
        self._pages = bytearray(self._unknown)
        self._ours = False
        self._cells = FillerCells()
        self.has_no_execute = False
        """EFER.NXE."""
        callback = FillCallback(guarded(self._on_fill, failed, False))
        if blocks.library is None:
            handle.hook(HOOK_TLB_FILL, callback)
        else:
            self._install_native(blocks.library, blocks, callback)

    def _install_native(self, library: Any, blocks: Blocks, callback: Any) -> None:
        self._callback = callback
        cells = self._cells
        cells.blocks = ctypes.addressof(blocks.cells)
        cells.pages = ctypes.addressof(ctypes.c_uint8.from_buffer(self._pages))
        cells.control = ctypes.cast(self._handle.library.uc_ctl, c_void_p).value
        cells.flush = c_int32(constants.UC_CTL_TLB_FLUSH | WRITE).value
        cells.elsewhere = ctypes.cast(callback, c_void_p).value
        self._handle.hook(HOOK_TLB_FILL, library.emu_on_fill, user=ctypes.addressof(cells))

    def walk_here(self) -> None:
        """Before full speed: fill by our walk, if the guest has no no-execute bit."""
        self._choose(not self.has_no_execute)

    def walk_in_engine(self) -> None:
        """Let the engine walk, whatever the guest has."""
        self._choose(False)

    def _choose(self, ours: bool) -> None:
        if ours != self._ours:
            self._ours = ours
            kind = constants.UC_TLB_VIRTUAL if ours else constants.UC_TLB_CPU
            self._handle.control(constants.UC_CTL_TLB_TYPE, c_int(kind))
            self._handle.flush_tlb()

    def follow(self, efer: int) -> bool:
        """Be told of EFER; whether code was translated that our walk must not know of and has to go."""
        before, self.has_no_execute = self.has_no_execute, bool(efer & EFER_NXE)
        if self.has_no_execute:
            self.walk_in_engine()
        return before and not self.has_no_execute

    @contextmanager
    def identical(self) -> Iterator[None]:
        """For changes to the memory map.

        The engine then looks for code that it has translated from there, and takes physical addresses for
        linear ones: with the guest's page tables, that might fault.
        """
        before = self._ours
        self._cells.identical = True
        self._choose(True)
        yield
        self._cells.identical = False
        self._choose(before)
        self._handle.flush_tlb()

    def forget_code(self) -> None:
        """Nothing is translated any more: pages may be stored to as if nothing had run there."""
        self._pages[:] = self._unknown
        self._handle.flush_tlb()

    def _on_fill(self, _engine: int, linear: int, access: int, entry: Any, _user: int) -> bool:
        if self._cells.identical:
            entry[0].physical, entry[0].permissions = linear, READ_EXECUTE | MAY_WRITE
            return True
        state = self._state
        state.glance()
        if state.efer & EFER_LMA and linear + (1 << 47) >> 48 not in (0, 1 << 16):
            return False
        try:
            found = state.load_paging().walk(
                linear, write=access == constants.UC_MEM_WRITE, user=state.cpl == 3
            )
        except PageFault:
            return False
        permissions = READ_EXECUTE | (MAY_WRITE if found.writable else 0)
        if self._memory.is_plain(found.physical):
            permissions &= self._note(found.physical // PAGE, access)
        entry[0].physical, entry[0].permissions = found.physical, permissions
        return True

    def _note(self, page: int, access: int) -> int:
        """Keep what `page` is used for; the permissions that it may have."""
        if access == constants.UC_MEM_FETCH:
            if self._pages[page] == STORED:
                self._handle.flush_tlb()
            self._pages[page] = EXECUTED
        elif self._pages[page] != EXECUTED:
            self._pages[page] = STORED
            return ~MAY_EXECUTE
        return ~0
