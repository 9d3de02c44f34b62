"""Delivery of exceptions, INT n and external interrupts [SDM] volume 3, chapter 6.

Works on a captured state: on return the state is that of the handler's first instruction. A fault met
on the way is delivered instead, or becomes a double fault, or shuts the processor down.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

from emu.cpu import tasks
from emu.cpu.context import CS, DS, ES, FS, GS, HF_INHIBIT_IRQ, HF_TF, IDTR, SS, TR, Segment
from emu.cpu.descriptors import (
    BP,
    DB,
    DF,
    GP,
    INTERRUPT_GATE_16,
    INTERRUPT_GATE_32,
    NP,
    OF,
    PF,
    SS_FAULT,
    TASK_GATE,
    TRAP_GATE_16,
    TRAP_GATE_32,
    TS,
    VECTORS_WITH_ERROR_CODE,
    Descriptor,
    Fault,
    fetch,
    mark_accessed,
)
from emu.cpu.paging import PageFault
from emu.cpu.state import FLAG_AC, FLAG_IF, FLAG_NT, FLAG_RF, FLAG_TF, FLAG_VM, SEGMENT_32BIT, State

CONTRIBUTORY = frozenset((0, TS, NP, SS_FAULT, GP))
LONG_TYPES = (INTERRUPT_GATE_32, TRAP_GATE_32)
PROTECTED_TYPES = (TASK_GATE, INTERRUPT_GATE_16, TRAP_GATE_16, INTERRUPT_GATE_32, TRAP_GATE_32)


class Kind(Enum):
    """Where an event comes from; it decides privilege checks and what a nested fault becomes."""

    EXCEPTION = "exception"
    SOFTWARE = "software interrupt"
    EXTERNAL = "external interrupt"


@dataclass(frozen=True, slots=True)
class Event:
    """Something to deliver."""

    vector: int
    kind: Kind
    error_code: int | None = None
    resume: bool = False
    """Whether the pushed EFLAGS carry RF: the event is a fault, and its instruction will run again."""

    @property
    def external(self) -> int:
        """The EXT bit for error codes of faults met during delivery."""
        return 0 if self.kind is Kind.SOFTWARE else 1

    @property
    def group(self) -> int:
        """0 benign, 1 contributory, 2 page fault [SDM] volume 3, table 6-4."""
        if self.kind is not Kind.EXCEPTION:
            return 0
        return 2 if self.vector == PF else 1 if self.vector in CONTRIBUTORY else 0


class ShutdownError(Exception):
    """A fault while delivering a double fault: the processor stops until RESET."""


def exception(vector: int, error_code: int | None = None, *, resume: bool = True) -> Event:
    """A fault, or with `resume` False a trap."""
    return Event(vector, Kind.EXCEPTION, error_code, resume)


def deliver(state: State, event: Event) -> Event:
    """Deliver `event` or what it leads to; the event that was delivered in the end.

    Raises ShutdownError on a triple fault.
    """
    before = bytes(state.raw)
    state.load_paging()
    while True:
        try:
            _deliver(state, event)
        except (Fault, PageFault) as fault:
            state.raw[:] = before
            if event.kind is Kind.SOFTWARE:
                state.rip -= _instruction_length(state, event.vector)
            event = _nested(state, event, fault)
            before = bytes(state.raw)
            continue
        state.forget_exception()
        return event


def _nested(state: State, first: Event, fault: Fault | PageFault) -> Event:
    if isinstance(fault, PageFault):
        second = exception(PF, fault.error_code)
        state.set_control(2, fault.linear)
    else:
        second = exception(fault.vector, fault.error_code)
    if first.vector == DF and first.kind is Kind.EXCEPTION:
        raise ShutdownError
    if (first.group == 1 and second.group == 1) or (first.group == 2 and second.group):
        return exception(DF, 0)
    return second


def _deliver(state: State, event: Event) -> None:
    if not state.protected:
        _through_vector_table(state, event)
    elif state.long_mode:
        _through_long_gate(state, event)
    else:
        _through_gate(state, event)


def _through_vector_table(state: State, event: Event) -> None:
    """Real mode: the IVT, a word each for flags, CS and IP."""
    table = state.segment(IDTR)
    if event.vector * 4 + 3 > table.limit:
        raise Fault(GP, 0)
    entry = state.paging.read(table.base + event.vector * 4, 4)
    ip, selector = struct.unpack("<HH", entry)
    stack = state.segment(SS)
    frame = struct.pack("<HHH", state.rip & 0xFFFF, state.segment(CS).selector, state.flags & 0xFFFF)
    top = state.rsp & 0xFFFF
    pointer = top - len(frame) & 0xFFFF
    if pointer + len(frame) <= 0x1_0000:
        state.paging.write(stack.base + pointer, frame)
    else:  # the frame wraps around the segment
        for offset, byte in enumerate(frame):
            state.paging.write(stack.base + (pointer + offset & 0xFFFF), bytes((byte,)))
    state.rsp = state.rsp & ~0xFFFF | pointer
    state.set_segment(CS, Segment(selector, selector << 4, 0xFFFF, 0x9B00))
    state.rip = ip
    state.clear_flags(FLAG_IF | FLAG_TF | FLAG_RF | FLAG_AC)
    state.hidden &= ~(HF_INHIBIT_IRQ | HF_TF)


def _flags_image(state: State, event: Event) -> int:
    return (
        state.flags | FLAG_RF
        if event.resume
        else state.flags & ~FLAG_RF
        if event.vector == DB
        else state.flags
    )


def _gate_error(event: Event) -> int:
    return event.vector * 8 + 2 + event.external


def _handler_code(state: State, selector: int, event: Event, cpl: int) -> Descriptor:
    if not selector & 0xFFFC:
        raise Fault(GP, event.external)
    code = fetch(state, selector, GP, event.external)
    error = selector & 0xFFFC | event.external
    if not code.is_code or code.dpl > cpl:
        raise Fault(GP, error)
    if state.vm86 and (code.conforming or code.dpl):
        raise Fault(GP, error)
    if not code.present:
        raise Fault(NP, error)
    return mark_accessed(state, code)


def _through_gate(state: State, event: Event) -> None:
    """Protected mode: task, interrupt and trap gates of 16 and 32 bits."""
    table = state.segment(IDTR)
    if event.vector * 8 + 7 > table.limit:
        raise Fault(GP, _gate_error(event))
    gate = int.from_bytes(state.paging.read(table.base + event.vector * 8, 8), "little")
    kind = gate >> 40 & 0x1F
    if kind not in PROTECTED_TYPES or (event.kind is Kind.SOFTWARE and gate >> 45 & 3 < state.cpl):
        raise Fault(GP, _gate_error(event))
    if not gate >> 47 & 1:
        raise Fault(NP, _gate_error(event))
    if kind == TASK_GATE:
        tasks.enter_by_gate(
            state, gate >> 16 & 0xFFFF, event.error_code, event.external, _flags_image(state, event)
        )
        return
    wide = kind >= INTERRUPT_GATE_32
    cpl = state.cpl
    code = _handler_code(state, gate >> 16 & 0xFFFF, event, cpl)
    new_cpl = cpl if code.conforming else code.dpl
    pushed = [_flags_image(state, event), state.segment(CS).selector, state.rip]
    if event.error_code is not None:
        pushed.append(event.error_code)
    if new_cpl < cpl:
        stack, pointer = _inner_stack(state, new_cpl, event)
        outer = [state.segment(SS).selector, state.rsp]
        if state.vm86:
            outer = [state.segment(number).selector for number in (GS, FS, DS, ES)] + outer
        pushed = outer + pushed
    else:
        stack, pointer = state.segment(SS), state.rsp
    pointer = _push(state, stack, pointer, pushed, 4 if wide else 2, new_cpl, event)
    _enter(state, code, stack, pointer, new_cpl, gate & 0xFFFF | (gate >> 32 & 0xFFFF_0000 if wide else 0))
    if not kind & 1:
        state.clear_flags(FLAG_IF)


def _inner_stack(state: State, level: int, event: Event) -> tuple[Segment, int]:
    """SS and (E)SP of privilege `level` from the current TSS."""
    task = state.segment(TR)
    wide = task.flags >> 8 & 8
    at, size = (4 + 8 * level, 6) if wide else (2 + 4 * level, 4)
    if at + size - 1 > task.limit:
        raise Fault(TS, task.selector & 0xFFFC | event.external)
    pointer, selector = struct.unpack("<IH" if wide else "<HH", state.paging.read(task.base + at, size))
    error = selector & 0xFFFC | event.external
    if not selector & 0xFFFC:
        raise Fault(TS, event.external)
    stack = fetch(state, selector, TS, event.external)
    if selector & 3 != level or stack.dpl != level or not stack.is_writable_data:
        raise Fault(TS, error)
    if not stack.present:
        raise Fault(SS_FAULT, error)
    return mark_accessed(state, stack).loaded(selector), pointer


def _push(
    state: State, stack: Segment, pointer: int, values: list[int], width: int, level: int, event: Event
) -> int:
    """Push `values` of `width` bytes on `stack`; the new stack pointer."""
    mask = 0xFFFF_FFFF if stack.flags & SEGMENT_32BIT else 0xFFFF
    limit = stack.limit
    for value in values:
        top = pointer - width & mask
        expand_down = stack.flags >> 8 & 4
        inside = limit < top if expand_down else top + width - 1 <= limit
        if not inside:
            switched = level != state.cpl
            raise Fault(SS_FAULT, (stack.selector & 0xFFFC if switched else 0) | event.external)
        data = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        state.paging.write(stack.base + top & 0xFFFF_FFFF, data, user=level == 3)
        pointer = pointer & ~mask | top
    return pointer & 0xFFFF_FFFF


def _enter(state: State, code: Descriptor, stack: Segment, pointer: int, level: int, offset: int) -> None:
    if state.vm86:
        for number in (ES, DS, FS, GS):
            state.set_segment(number, Segment(0, 0, 0, 0))
    state.set_segment(SS, stack)
    state.rsp = pointer
    state.set_segment(CS, code.loaded(code.selector & ~3 | level))
    state.rip = offset
    state.clear_flags(FLAG_TF | FLAG_VM | FLAG_RF | FLAG_NT)
    state.hidden &= ~HF_INHIBIT_IRQ
    state.sync_hidden(level)


def _through_long_gate(state: State, event: Event) -> None:
    """Long mode: 16-byte gates, IST, a stack frame of quadwords."""
    table = state.segment(IDTR)
    if event.vector * 16 + 15 > table.limit:
        raise Fault(GP, _gate_error(event))
    low, high = struct.unpack("<QQ", state.paging.read(table.base + event.vector * 16, 16))
    kind = low >> 40 & 0x1F
    if kind not in LONG_TYPES or (event.kind is Kind.SOFTWARE and low >> 45 & 3 < state.cpl):
        raise Fault(GP, _gate_error(event))
    if not low >> 47 & 1:
        raise Fault(NP, _gate_error(event))
    cpl = state.cpl
    code = _handler_code(state, low >> 16 & 0xFFFF, event, cpl)
    if code.flags >> 21 & 3 != 1:
        raise Fault(GP, code.selector & 0xFFFC | event.external)
    new_cpl = cpl if code.conforming else code.dpl
    offset = low & 0xFFFF | low >> 32 & 0xFFFF_0000 | (high & 0xFFFF_FFFF) << 32
    if not _canonical(offset):
        raise Fault(GP, event.external)
    pointer = _long_stack(state, low >> 32 & 7, cpl, new_cpl, event) & ~15
    frame = [
        state.rip,
        state.segment(CS).selector,
        _flags_image(state, event),
        state.rsp,
        state.segment(SS).selector,
    ]
    if event.error_code is not None:
        frame.insert(0, event.error_code)
    pointer = pointer - 8 * len(frame) & 0xFFFF_FFFF_FFFF_FFFF
    if not (_canonical(pointer) and _canonical(pointer + 8 * len(frame) - 1)):
        raise Fault(SS_FAULT, event.external)
    state.paging.write(pointer, struct.pack(f"<{len(frame)}Q", *frame), user=new_cpl == 3)
    stack = state.segment(SS) if new_cpl == cpl else Segment(new_cpl, 0, 0, new_cpl << 13)
    _enter(state, code, stack, pointer, new_cpl, offset)
    if not kind & 1:
        state.clear_flags(FLAG_IF)


def _long_stack(state: State, ist: int, cpl: int, new_cpl: int, event: Event) -> int:
    if not ist and new_cpl == cpl:
        return state.rsp
    task = state.segment(TR)
    at = 28 + 8 * ist if ist else 4 + 8 * new_cpl
    if at + 7 > task.limit:
        raise Fault(TS, task.selector & 0xFFFC | event.external)
    pointer: int = struct.unpack("<Q", state.paging.read(task.base + at, 8))[0]
    if not _canonical(pointer):
        raise Fault(SS_FAULT, event.external)
    return pointer


def _canonical(address: int) -> bool:
    return address >> 47 in (0, 0x1FFFF)


def _instruction_length(state: State, vector: int) -> int:
    """Bytes of the INT n, INT3 or INTO that the state is just behind: a fault on its way points at it."""
    physical = state.paging.probe(state.linear_ip - 1)
    last = b"" if physical is None else state.paging.memory.read(physical, 1)
    return 1 if (vector == BP and last == b"\xcc") or (vector == OF and last == b"\xce") else 2


def fault_event(vector: int, error_code: int) -> Event:
    """The event for an exception that the engine announced."""
    return exception(vector, error_code if vector in VECTORS_WITH_ERROR_CODE else None)
