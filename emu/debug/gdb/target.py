"""The machine as a debugging client sees it: linear memory, registers, breakpoints, and where a run stops."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from emu.cpu.paging import PageFault
from emu.cpu.registers import Registers
from emu.debug.debugger import Debugger
from emu.debug.detectors import AtAddress, MemoryAccess
from emu.debug.errors import CommandError
from emu.debug.places import Detector, Hit, Place
from emu.machine.run_loop import Reason, Stop

PAGE = 0x1000
INTERRUPTED = Stop(Reason.ASKED, detail="the debugger interrupts")
"""What the server stops a running machine with."""


class Cause(Enum):
    """Why the machine stands where it stands."""

    TRAP = "a step, or nothing in particular"
    INTERRUPT = "the client asked"
    DETECTED = "a breakpoint or a watchpoint"
    BEGINNING = "there is nothing before this"
    END = "the run ended"


@dataclass(frozen=True)
class Standing:
    """Where and why the machine stands; `text` is for the user."""

    cause: Cause
    detector: Detector | None = None
    text: str = ""


class Target:
    """A machine that goes forwards and backwards."""

    def __init__(self, debugger: Debugger) -> None:
        self.debugger = debugger
        self.travel, self.machine = debugger.travel, debugger.machine
        self.ended: Stop | None = None
        """How the run ended, if it has been to its end."""
        self._end: Place | None = None

    @property
    def at_end(self) -> bool:
        """Whether the machine stands where its run ended: it goes no further."""
        return self._end is not None and self.travel.place >= self._end

    def registers(self) -> Registers:
        """All registers by name."""
        return self.machine.processor.save()

    def set_registers(self, change: Callable[[Registers], bool]) -> bool:
        """Let `change` put new values among the registers; whether it could."""
        processor = self.machine.processor
        before, values = processor.save(), processor.save()
        if not change(values):
            return False
        changed = {name: value for name, value in values.items() if value != before[name]}
        return not changed or self._change(lambda: processor.restore({**processor.save(), **changed}))

    def read_memory(self, address: int, length: int) -> bytes:
        """What is readable of `length` bytes at a linear address; device memory is left alone."""
        parts = []
        for physical, count in self._pieces(address, length):
            part = self.machine.memory.peek(physical, count)
            parts.append(part)
            if len(part) < count:
                break
        return b"".join(parts)

    def write_memory(self, address: int, data: bytes) -> bool:
        """Change RAM at a linear address, wholly or not at all; whether that could be done."""
        memory = self.machine.memory
        pieces = list(self._pieces(address, len(data)))
        if sum(count for _, count in pieces) < len(data):
            return False
        if any(memory.find(physical).writes_to is None for physical, _ in pieces):
            return False

        def write() -> None:
            at = 0
            for physical, count in pieces:
                memory.write(physical, data[at : at + count])
                at += count

        return self._change(write)

    def _pieces(self, address: int, length: int) -> Iterable[tuple[int, int]]:
        """Physical addresses and lengths, page by page, up to where nothing is mapped."""
        state = self.machine.processor.state
        state.capture()
        paging = state.load_paging()
        while length > 0:
            count = min(length, PAGE - address % PAGE)
            try:
                physical = paging.translate(address, touch=False)
            except PageFault:
                return
            yield physical, count
            address, length = address + count & 0xFFFF_FFFF_FFFF_FFFF, length - count

    def _change(self, act: Callable[[], None]) -> bool:
        try:
            self.debugger.change(act)
        except CommandError:
            return False
        self.ended = self._end = None
        return True

    def step(self) -> Standing:
        """Execute one instruction."""
        stop = self.travel.step()
        return self._ended(stop) if stop is not None else Standing(Cause.TRAP)

    def go_on(self, detectors: Iterable[Detector]) -> Standing:
        """Run until a detector finds something or the run ends."""
        outcome = self.travel.run(detectors, self.debugger.limit)
        if not isinstance(outcome, Hit):
            return self._ended(outcome)
        if isinstance(outcome.detector, MemoryAccess):
            # As the processor's own watchpoints do: clients compare the value before with that after.
            stop = self.travel.step()
            if stop is not None:
                return self._ended(stop)
        return Standing(Cause.DETECTED, outcome.detector, outcome.text)

    def step_back(self) -> Standing:
        """Undo one instruction."""
        return Standing(Cause.TRAP if self.travel.step_back() else Cause.BEGINNING)

    def go_back(self, detectors: Iterable[Detector]) -> Standing:
        """Run backwards to where a detector found something last."""
        wanted = list(detectors)
        hit = self.travel.run_back(wanted) if wanted else None
        if hit is None:
            self.travel.go_to(self.travel.start)
            return Standing(Cause.BEGINNING)
        return Standing(Cause.DETECTED, hit.detector, hit.text)

    def _ended(self, stop: Stop) -> Standing:
        if stop is INTERRUPTED:
            return Standing(Cause.INTERRUPT)
        self.ended, self._end = stop, self.travel.place
        words = f": {stop.detail}" if stop.detail else ""
        return Standing(Cause.END, None, f"the run ends here: {stop.reason.value}{words}\n")


def breakpoint_at(kind: int, address: int, size: int) -> Detector:
    """The detector for a packet Z. Raises ValueError where it means nothing."""
    match kind:
        case 0 | 1:
            return AtAddress(address)
        case 2 | 3 | 4:
            if not 0 < size <= PAGE:
                raise ValueError(f"{size} bytes cannot be watched")
            return MemoryAccess(address, size, reads=kind != 2, writes=kind != 3)
    raise ValueError(f"there are no breakpoints of kind {kind}")
