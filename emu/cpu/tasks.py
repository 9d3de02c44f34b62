"""Task switches through task gates [SDM] volume 3, 7.2 and 7.3.

The engine switches tasks itself for CALL, JMP and IRET; only the IDT's task gates are ours.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from emu.cpu.context import CS, DS, ES, FS, GS, HF_INHIBIT_IRQ, HF_TS, LDTR, SS, TR, Segment
from emu.cpu.descriptors import (
    GP,
    LDT,
    NP,
    SS_FAULT,
    TS,
    TSS_16_AVAILABLE,
    TSS_32_AVAILABLE,
    Descriptor,
    Fault,
    fetch,
    mark_accessed,
)
from emu.cpu.paging import CR0_PG
from emu.cpu.state import CR0_TS, FLAG_NT, FLAG_VM, SEGMENT_32BIT, State

BUSY = 1 << 9
REGISTER_ORDER = (0, 1, 2, 3, 4, 5, 6, 7)
EVENT_FLAGS = 0x003F_7FD7
"""EFLAGS bits that a task switch loads."""


@dataclass(frozen=True)
class Shape:
    """How a TSS of one size is laid out."""

    width: int
    ip: int
    segments: tuple[int, ...]
    ldt: int
    smallest_limit: int

    @property
    def format(self) -> str:
        """One stored register."""
        return "<I" if self.width == 4 else "<H"


SHAPE_16 = Shape(2, 0x0E, (ES, CS, SS, DS), 0x2A, 0x2B)
SHAPE_32 = Shape(4, 0x20, (ES, CS, SS, DS, FS, GS), 0x60, 0x67)


def enter_by_gate(state: State, selector: int, error_code: int | None, external: int, flags: int) -> None:
    """Switch to the task of `selector` as a nested one; the old task keeps `flags`. Raises Fault."""
    error = selector & 0xFFFC | external
    if selector & 4 or not selector & 0xFFFC:
        raise Fault(GP, error)
    descriptor = fetch(state, selector, GP, external)
    if descriptor.type not in (TSS_16_AVAILABLE, TSS_32_AVAILABLE):
        raise Fault(GP, error)
    if not descriptor.present:
        raise Fault(NP, error)
    shape = SHAPE_32 if descriptor.type == TSS_32_AVAILABLE else SHAPE_16
    if descriptor.limit < shape.smallest_limit:
        raise Fault(TS, error)
    _store_old(state, flags)
    old = state.segment(TR).selector
    state.paging.write(descriptor.base, old.to_bytes(2, "little"))
    busy = Descriptor(
        selector, descriptor.base, descriptor.limit, descriptor.flags | BUSY, descriptor.address
    )
    state.paging.write(descriptor.address + 5, bytes([busy.flags >> 8 & 0xFF]))
    _load_new(state, busy, shape, external)
    if error_code is not None:
        _push_error_code(state, error_code, shape.width, external)


def _store_old(state: State, flags: int) -> None:
    task = state.segment(TR)
    shape = SHAPE_32 if task.flags >> 8 & 8 else SHAPE_16
    values = [state.rip, flags, *(state.gpr(number) for number in REGISTER_ORDER)]
    values += [state.segment(number).selector for number in shape.segments]
    mask = (1 << 8 * shape.width) - 1
    data = b"".join(struct.pack(shape.format, value & mask) for value in values)
    state.paging.write(task.base + shape.ip, data)


def _load_new(state: State, task: Descriptor, shape: Shape, external: int) -> None:
    count = 10 + len(shape.segments) + 1
    raw = state.paging.read(task.base + shape.ip, count * shape.width)
    values = [value for (value,) in struct.iter_unpack(shape.format, raw)]
    ip, flags, registers, selectors, ldt = values[0], values[1], values[2:10], values[10:-1], values[-1]
    state.set_segment(TR, task.loaded(task.selector))
    state.set_control(0, state.control(0) | CR0_TS)
    state.hidden = (state.hidden | HF_TS) & ~HF_INHIBIT_IRQ
    if shape is SHAPE_32 and state.control(0) & CR0_PG:
        (cr3,) = struct.unpack("<I", state.paging.read(task.base + 0x1C, 4))
        state.set_control(3, cr3)
        state.load_paging()
        state.tlb_is_stale = True
    state.rip = ip
    if shape is SHAPE_16:
        registers = [value | 0xFFFF_0000 for value in registers]
    for number, value in zip(REGISTER_ORDER, registers, strict=True):
        state.set_gpr(number, value)
    state.set_all_flags(flags & EVENT_FLAGS | FLAG_NT | 2)
    _load_ldt(state, ldt & 0xFFFF, external)
    _load_segments(state, dict(zip(shape.segments, selectors, strict=True)), flags, external)


def _load_ldt(state: State, selector: int, external: int) -> None:
    if not selector & 0xFFFC:
        state.set_segment(LDTR, Segment(selector, 0, 0, 0))
        return
    error = selector & 0xFFFC | external
    if selector & 4:
        raise Fault(TS, error)
    table = fetch(state, selector, TS, external)
    if table.type != LDT or not table.present:
        raise Fault(TS, error)
    state.set_segment(LDTR, table.loaded(selector))


def _load_segments(state: State, selectors: dict[int, int], flags: int, external: int) -> None:
    if flags & FLAG_VM:
        for number, selector in selectors.items():
            state.set_segment(number, Segment(selector & 0xFFFF, (selector & 0xFFFF) << 4, 0xFFFF, 0xF300))
        state.sync_hidden(3)
        return
    for number in (ES, DS, FS, GS):
        state.set_segment(number, Segment(0, 0, 0, 0))
    level = selectors[CS] & 3
    code = _load(state, selectors[CS] & 0xFFFF, external, NP)
    if not code.is_code or (code.dpl > level if code.conforming else code.dpl != level):
        raise Fault(TS, code.selector & 0xFFFC | external)
    state.set_segment(CS, code.loaded(code.selector))
    stack = _load(state, selectors[SS] & 0xFFFF, external, SS_FAULT)
    if not stack.is_writable_data or stack.dpl != level or stack.selector & 3 != level:
        raise Fault(TS, stack.selector & 0xFFFC | external)
    state.set_segment(SS, stack.loaded(stack.selector))
    for number in selectors.keys() - {CS, SS}:
        selector = selectors[number] & 0xFFFF
        if selector & 0xFFFC:
            data = _load(state, selector, external, NP)
            if not data.is_readable or (not data.conforming and data.dpl < max(level, selector & 3)):
                raise Fault(TS, selector & 0xFFFC | external)
            state.set_segment(number, data.loaded(selector))
    state.sync_hidden(level)


def _load(state: State, selector: int, external: int, absent: int) -> Descriptor:
    if not selector & 0xFFFC:
        raise Fault(TS, external)
    descriptor = fetch(state, selector, TS, external)
    if not descriptor.present:
        raise Fault(absent, selector & 0xFFFC | external)
    return mark_accessed(state, descriptor)


def _push_error_code(state: State, error_code: int, width: int, external: int) -> None:
    stack = state.segment(SS)
    mask = 0xFFFF_FFFF if stack.flags & SEGMENT_32BIT else 0xFFFF
    top = state.rsp - width & mask
    if top + width - 1 > stack.limit:
        raise Fault(SS_FAULT, external)
    data = (error_code & (1 << 8 * width) - 1).to_bytes(width, "little")
    state.paging.write(stack.base + top & 0xFFFF_FFFF, data, user=state.cpl == 3)
    state.rsp = state.rsp & ~mask | top
