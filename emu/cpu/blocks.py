"""The open block, and what happens where a block begins.

The engine announces each block with its linear address and size just before it runs. An announcement
closes the block before it (its bytes are charged to the clock), is the one place where the engine is
stopped, and opens the announced block. The work is done by native code where it could be built; the
Python callback here does the same, slower, with the same result.

Both also keep a map of where code was translated from (a word for each page of RAM, a bit in it for each
line of 64 bytes), so that a device's write into it can be noticed. The engine tells of translated blocks
by its edge hook, but not of the first ones after a start or an exception; those are marked when they are
announced (`fresh`).
"""

from __future__ import annotations

import ctypes
from ctypes import c_int64, c_uint8, c_uint32, c_uint64, c_void_p
from enum import IntEnum
from typing import Any, Protocol

from emu.core.clock import DEADLINE, ELAPSED, Clock
from emu.core.memory import LOW_LIMIT, Memory
from emu.cpu import context
from emu.cpu.handle import Handle
from emu.cpu.library import HOOK_BLOCK, HOOK_EDGE, BlockCallback, EdgeCallback, x86
from emu.cpu.native_code import native_library
from emu.cpu.state import FLAG_IF, State

FRESH_BLOCKS = 2
PAGE_SHIFT, LINE_SHIFT = 12, 6


class Stop(IntEnum):
    """Why the block callback stopped the engine."""

    RUNNING = 0
    SPENT = 1
    ASKED = 2
    INTERRUPTIBLE = 3
    PROBED = 4


class Probe(IntEnum):
    """What the block callback does with an announcement instead of counting it."""

    COUNTING = 0
    STOPPING = 1
    RECORDING = 2


class Cells(ctypes.Structure):
    """`struct blocks` of native/native.h."""

    _fields_ = [
        ("clock", c_void_p),
        ("retired", c_int64),
        ("start", c_uint64),
        ("opened", c_int64),
        ("size", c_uint32),
        ("reserved_1", c_uint32),
        ("asked", c_uint8),
        ("wanted", c_uint8),
        ("probing", c_uint8),
        ("fresh", c_uint8),
        ("counting", c_uint8),
        ("no_flags", c_uint8 * 3),
        ("stopped", c_uint32),
        ("shadowed", c_uint32),
        ("register_flags", c_uint32),
        ("reserved_2", c_uint32),
        ("probed_start", c_uint64),
        ("probed_size", c_uint32),
        ("hflags_at", c_uint32),
        ("cr0_at", c_uint32),
        ("a20_at", c_uint32),
        ("context", c_void_p),
        ("memory", c_void_p),
        ("memory_size", c_uint64),
        ("code_lines", c_void_p),
        ("engine_stop", c_void_p),
        ("read_register", c_void_p),
        ("save_context", c_void_p),
        ("counts", c_void_p),
        ("notice", c_void_p),
    ]


class Counter(Protocol):
    """Counts what is executed."""

    def add(self, start: int, size: int) -> None:
        """`size` bytes at linear `start` were executed."""

    def notice(self, start: int, code: bytes) -> None:
        """This code, as far as it lies in plain RAM, was translated at linear `start`."""


class Blocks:
    """The block hook of one engine, and the state that it shares with native code."""

    def __init__(
        self, handle: Handle, state: State, clock: Clock, memory: Memory, *, native: bool = True
    ) -> None:
        self._handle = handle
        self._state = state
        self._clock = clock.cells
        self.cells = Cells()
        self._no_code = bytes(memory.plain_end >> PAGE_SHIFT << 3)
        self._code = bytearray(self._no_code)
        self._lines = memoryview(self._code).cast("Q")
        self._memory = memory
        self.counter: Counter | None = None
        library = native_library() if native else None
        self.library = library
        """The native library, if this engine uses it."""
        if library is None:
            handle.hook(HOOK_BLOCK, BlockCallback(self._on_block))
            handle.hook(HOOK_EDGE, EdgeCallback(self._on_edge))
        else:
            self._share(memory)
            user = ctypes.addressof(self.cells)
            handle.hook(HOOK_BLOCK, library.emu_on_block, user=user)
            handle.hook(HOOK_EDGE, library.emu_on_edge, user=user)

    def _share(self, memory: Memory) -> None:
        cells, layout = self.cells, context.layout()
        self._scratch = context.Context(self._handle)
        cells.clock = self._clock.buffer_info()[0]
        cells.register_flags = x86.UC_X86_REG_EFLAGS
        cells.hflags_at, cells.cr0_at, cells.a20_at = layout.hflags, layout.cr0, layout.a20
        cells.context = self._scratch.pointer.value
        cells.memory = ctypes.addressof(ctypes.c_uint8.from_buffer(memory.buffer))
        cells.memory_size = min(memory.ram_bytes, LOW_LIMIT)
        cells.code_lines = ctypes.addressof(ctypes.c_uint8.from_buffer(self._code))
        for field, name in (
            ("engine_stop", "uc_emu_stop"),
            ("read_register", "uc_reg_read"),
            ("save_context", "uc_context_save"),
        ):
            setattr(cells, field, ctypes.cast(getattr(self._handle.library, name), c_void_p).value)

    @property
    def open(self) -> bool:
        """Whether a block has been announced and not been charged yet."""
        return bool(self.cells.size)

    def begin_run(self) -> None:
        """The engine is about to start."""
        self.cells.stopped = Stop.RUNNING
        self.cells.fresh = FRESH_BLOCKS

    def close(self, done: int) -> None:
        """The open block, if any, was left after `done` of its bytes: charge them."""
        cells = self.cells
        if cells.size:
            self.charge(cells.start, done)
            cells.size = 0

    def charge(self, start: int, size: int) -> None:
        """`size` bytes of code at linear `start` were retired."""
        self._clock[ELAPSED] += size
        self.cells.retired += size
        if self.counter is not None and size:
            self.counter.add(start, size)

    def close_at(self, address: int, *, completed: bool = False) -> None:
        """The open block was left at linear `address`: by what it did there, or (elsewhere) at its end."""
        inside = address - self.cells.start & 0xFFFF_FFFF_FFFF_FFFF
        self.close(inside if inside < self.cells.size and not completed else self.cells.size)

    def announce(self, address: int, size: int) -> Stop:
        """A block is about to run: charge the one before, decide, and open it unless something stops."""
        cells = self.cells
        if cells.size:
            inside = address - cells.start & 0xFFFF_FFFF_FFFF_FFFF
            # Part of the open block, but not its tail: the engine restarts a block that stored into itself.
            restarted = inside < cells.size and inside + size != cells.size
            self.close(inside if restarted else cells.size)
        stop = self._decision()
        if not stop:
            cells.start = address
            cells.opened = self._clock[ELAPSED]
            cells.size = size
        return stop

    def _decision(self) -> Stop:
        cells = self.cells
        if self._clock[ELAPSED] >= self._clock[DEADLINE]:
            return Stop.SPENT
        if cells.asked:
            return Stop.ASKED
        if cells.wanted:
            if cells.shadowed:
                cells.shadowed = 0
            elif self._handle.read(x86.UC_X86_REG_EFLAGS) & FLAG_IF:
                return Stop.INTERRUPTIBLE
        return Stop.RUNNING

    def _on_block(self, _engine: int, address: int, size: int, _user: int) -> None:
        cells = self.cells
        if cells.probing:
            # A step over MOV SS traps one instruction late: stop where that begins.
            second = cells.probed_size and address != cells.probed_start
            if not second:
                cells.probed_start, cells.probed_size = address, size
                self._mark_code(address, size)
            if cells.probing == Probe.STOPPING or second:
                cells.stopped = Stop.PROBED
                self._handle.stop()
            return
        cells.stopped = self.announce(address, size)
        if cells.stopped:
            self._handle.stop()
        elif cells.fresh:
            cells.fresh -= 1
            self._mark_code(address, size)

    def _on_edge(self, _engine: int, to: Any, _from: Any, _user: int) -> None:
        self._mark_code(to[0].pc, to[0].size)

    def _mark_code(self, address: int, size: int) -> None:
        self._state.glance()
        paging = self._state.load_paging()
        begin, end, code = address, address + max(size, 1), b""
        while address < end:
            following = min((address | 0xFFF) + 1, end)
            physical = paging.probe(address)
            if physical is not None and physical >> PAGE_SHIFT < len(self._lines):
                self._lines[physical >> PAGE_SHIFT] |= _lines_of(physical, following - address)
                if (
                    self.counter is not None
                    and len(code) == address - begin
                    and self._memory.is_plain(physical)
                ):
                    code += self._memory.peek(physical, following - address)
            address = following
        if self.counter is not None:
            self.counter.notice(begin, code)

    def has_code(self, address: int, length: int) -> bool:
        """Whether code was translated from these physical addresses; beyond 3 GiB nobody knows: perhaps."""
        end = address + length
        while address < end:
            page = address >> PAGE_SHIFT
            following = min((address | 0xFFF) + 1, end)
            if page >= len(self._lines) or self._lines[page] & _lines_of(address, following - address):
                return True
            address = following
        return False

    def forget_code(self) -> None:
        """Nothing is translated any more."""
        self._code[:] = self._no_code


def _lines_of(address: int, length: int) -> int:
    """The bits of the lines that `length` bytes at `address`, within one page, lie in."""
    first, last = address >> LINE_SHIFT & 63, address + length - 1 >> LINE_SHIFT & 63
    return (2 << last) - (1 << first)
