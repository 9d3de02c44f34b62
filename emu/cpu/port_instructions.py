"""IN, OUT, INS and OUTS.

The engine calls once for each element. For a repeated INS or OUTS on a port that can move several
elements at once, the first call moves the others too: memory and registers are advanced so that the
engine's own element is the last one left to do, and each element is charged. Native code finds most such
runs by itself (`find_run` in native/ports.c) and leaves the rest to the code here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from emu.core.bus import PortBus
from emu.core.clock import ELAPSED, NEXT_TIMER, Clock
from emu.core.memory import Memory
from emu.cpu.blocks import Blocks
from emu.cpu.context import CS, DS, ES, FS, GS, HF_CS32, HF_CS64, RCX, RDI, RSI, SS
from emu.cpu.guard import guarded
from emu.cpu.handle import Handle
from emu.cpu.io_permission import IoPermission, PortHooks
from emu.cpu.paging import PageFault
from emu.cpu.state import State

INS, OUTS = (0x6C, 0x6D), (0x6E, 0x6F)
SEGMENT_PREFIXES = {0x26: ES, 0x2E: CS, 0x36: SS, 0x3E: DS, 0x64: FS, 0x65: GS}
LONGEST_INSTRUCTION = 15


@dataclass(frozen=True, slots=True)
class StringInstruction:
    """A string instruction's prefixes, decoded."""

    opcode: int
    repeat: int
    address_mask: int
    segment: int


class StringRun(NamedTuple):
    """Elements that may move at once: from which linear address, how many, and how wide addresses are."""

    linear: int
    elements: int
    address_mask: int


def decode_string(code: bytes, hidden: int) -> StringInstruction | None:
    """The string instruction at the start of `code` in the mode that `hidden` flags say, or None."""
    return _decode_string(code, bool(hidden & HF_CS64), bool(hidden & HF_CS32))


@lru_cache(maxsize=4096)
def _decode_string(code: bytes, bits64: bool, wide_address: bool) -> StringInstruction | None:
    repeat, segment, override = 0, DS, False
    for byte in code[:LONGEST_INSTRUCTION]:
        if byte in (0xF2, 0xF3):
            repeat = byte
        elif byte == 0x67:
            override = True
        elif byte in SEGMENT_PREFIXES:
            segment = SEGMENT_PREFIXES[byte]
        elif byte == 0x66 or (bits64 and 0x40 <= byte <= 0x4F):
            continue
        elif byte in (0x6C, 0x6D, 0x6E, 0x6F, *range(0xA4, 0xA8), *range(0xAA, 0xB0)):
            if bits64:
                mask = 0xFFFF_FFFF if override else 0xFFFF_FFFF_FFFF_FFFF
            else:
                mask = 0xFFFF_FFFF if wide_address != override else 0xFFFF
            return StringInstruction(byte, repeat, mask, segment)
        else:
            return None
    return None


def code_at(state: State, linear: int) -> bytes:
    """Instruction bytes at `linear` of a captured state, as many as can be read without a fault."""
    paging = state.load_paging()
    code = b""
    if linear & 0xFFF <= 0x1000 - LONGEST_INSTRUCTION:
        physical = paging.probe(linear)
        return code if physical is None else paging.memory.read(physical, LONGEST_INSTRUCTION)
    while len(code) < LONGEST_INSTRUCTION:
        at = linear + len(code)
        physical = paging.probe(at)
        if physical is None:
            break
        code += paging.memory.read(physical, min(LONGEST_INSTRUCTION - len(code), 0x1000 - (at & 0xFFF)))
    return code


class PortInstructions:
    """The IN and OUT hooks of one engine."""

    def __init__(
        self,
        *,
        handle: Handle,
        state: State,
        ports: PortBus,
        clock: Clock,
        memory: Memory,
        failed: Callable[[BaseException], None],
        blocks: Blocks,
    ) -> None:
        self._state = state
        self._ports = ports
        self._clock = clock
        self._memory = memory
        self._failed = failed
        self._cost = clock.costs.port_access_ns * clock.ticks_per_ns
        move_in, move_out = guarded(self._move_in, failed, 1 << 32), guarded(self._move_out, failed, 1)
        hooks = PortHooks(self._on_in, self._on_out, move_in, move_out)
        self.permission = IoPermission(handle, state, hooks, ports, clock, blocks)

    def _on_in(self, _engine: int, port: int, width: int, restricted: int | None) -> int:
        try:
            if restricted and self.permission.refuses(port, width):
                return 0
            self._clock.cells[ELAPSED] += self._cost
            if self._ports.moves_strings(port):
                return self._in_string(port, width)
            return self._ports.read(port, width)
        except BaseException as failure:  # must not unwind through the engine's frames
            self._failed(failure)
            return 0

    def _on_out(self, _engine: int, port: int, width: int, value: int, restricted: int | None) -> None:
        try:
            if restricted and self.permission.refuses(port, width):
                return
            self._clock.cells[ELAPSED] += self._cost
            if self._ports.moves_strings(port):
                self._out_string(port, width, value)
            else:
                self._ports.write(port, width, value)
        except BaseException as failure:  # must not unwind through the engine's frames
            self._failed(failure)

    def _move_in(self, port: int, width: int, elements: int, physical: int) -> int:
        """Move a run to memory but for its first element: elements moved << 32 | the first of them."""
        data = self._ports.read_string(port, width, elements)
        self._memory.write(physical + width, data[width:])
        return len(data) // width << 32 | int.from_bytes(data[:width], "little")

    def _move_out(self, port: int, width: int, elements: int, physical: int) -> int:
        """Move a run from memory: elements moved."""
        data = self._memory.read(physical, elements * width)
        return self._ports.write_string(port, width, data) // width

    def _in_string(self, port: int, width: int) -> int:
        run = self._repeated(INS, RDI, width)
        physical = None if run is None else self._plain_memory(run.linear, write=True)
        if run is None or physical is None:
            return self._ports.read(port, width)
        moved = self._move_in(port, width, run.elements, physical)
        self._advance(run, RDI, moved >> 32, width)
        return moved & 0xFFFF_FFFF

    def _out_string(self, port: int, width: int, value: int) -> None:
        run = self._repeated(OUTS, RSI, width)
        physical = None if run is None else self._plain_memory(run.linear, write=False)
        if run is None or physical is None:
            self._ports.write(port, width, value)
            return
        self._advance(run, RSI, self._move_out(port, width, run.elements, physical), width)

    def _repeated(self, opcodes: tuple[int, int], index: int, width: int) -> StringRun | None:
        """The repeated instruction under way, if more than one element may move at once.

        As many as lie in the page, as the count register says, and as pass before the next timer is due.
        """
        state = self._state
        state.glance()
        if state.backwards:
            return None
        hidden = state.hidden
        instruction = decode_string(code_at(state, state.linear_ip), hidden)
        if instruction is None or not instruction.repeat or instruction.opcode not in opcodes:
            return None
        mask = instruction.address_mask
        linear = offset = state.gpr(index) & mask
        if hidden & HF_CS64:
            if opcodes is OUTS and instruction.segment in (FS, GS):
                return None
        else:
            base = state.segment_base(ES if opcodes is INS else instruction.segment)
            linear = base + offset & 0xFFFF_FFFF
        count = min(state.gpr(RCX) & mask, (0x1000 - (linear & 0xFFF)) // width)
        if mask == 0xFFFF:
            count = min(count, (0x10000 - offset) // width)
        cells = self._clock.cells
        count = min(count, (cells[NEXT_TIMER] - cells[ELAPSED]) // self._cost)
        return StringRun(linear, count, mask) if count > 1 else None

    def _plain_memory(self, linear: int, *, write: bool) -> int | None:
        """The physical address of an element that lies in plain memory, or None."""
        state = self._state
        try:
            physical = state.paging.translate(linear, write=write, user=state.cpl == 3)
        except PageFault:
            return None
        return physical if self._memory.is_plain(physical) else None

    def _advance(self, run: StringRun, index: int, moved: int, width: int) -> None:
        """Account for all elements but the engine's own."""
        others = moved - 1
        if not others:
            return
        state, mask = self._state, run.address_mask
        self._clock.cells[ELAPSED] += others * self._cost
        for register, change in ((index, others * width), (RCX, -others)):
            held = state.gpr(register)
            state.set_gpr(register, held & ~mask | held + change & mask)
        state.restore()
