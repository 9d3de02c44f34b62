"""The machine as a debugging client sees it: linear memory, registers, breakpoints, and where a run stops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from emu.cpu.paging import PageFault
from emu.cpu.registers import Registers
from emu.debug.breakpoints import Breakpoint
from emu.debug.debugger import Debugger
from emu.debug.detectors import AtAddress, MemoryAccess
from emu.debug.errors import CommandError, GivenUpError
from emu.debug.places import Hit
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
    """Where and why the machine stands: by which breakpoint of the client's; `text` is for the user."""

    cause: Cause
    breakpoint: Breakpoint | None = None
    text: str = ""


class Target:
    """A machine that goes forwards and backwards."""

    def __init__(self, debugger: Debugger) -> None:
        self.debugger = debugger
        self.travel, self.machine = debugger.travel, debugger.machine
        self.ended: Stop | None = None
        """How the run ended, if the machine stands where it did."""

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
        self.ended = None
        return True

    def step(self) -> Standing:
        """Execute one instruction."""
        self.ended = None
        stop = self.travel.step()
        return self._ended(stop) if stop is not None else Standing(Cause.TRAP)

    def go_on(self, wanted: Iterable[Breakpoint] = (), *, heed: bool = True) -> Standing:
        """Run until one of these finds something, or the run ends; those of `monitor` are heeded or not."""
        self.ended = None
        with listening(self.debugger) as heard:
            clients = list(wanted)
            outcome = self.debugger.run(clients, heed=heed)
        if not isinstance(outcome, Hit):
            return self._ended(outcome, heard)
        standing = self._found(outcome, clients, self.debugger.breakpoints, heard)
        if standing.breakpoint is not None and isinstance(outcome.detector, MemoryAccess):
            # As the processor's own watchpoints do: clients compare the value before with that after.
            stop = self.travel.step()
            if stop is not None:
                return self._ended(stop, heard)
        return standing

    def step_back(self) -> Standing:
        """Undo one instruction."""
        self.ended = None
        try:
            with self.travel.interruptible():
                return Standing(Cause.TRAP if self.travel.step_back() else Cause.BEGINNING)
        except GivenUpError:
            return Standing(Cause.INTERRUPT)

    def go_back(self, wanted: Iterable[Breakpoint]) -> Standing:
        """Run backwards to where one of these, or one that was set by `monitor`, found something last.

        A client that interrupts finds the machine where it was.
        """
        self.ended = None
        try:
            with self.travel.interruptible():
                return self._go_back(wanted)
        except GivenUpError:
            return Standing(Cause.INTERRUPT)

    def _go_back(self, wanted: Iterable[Breakpoint]) -> Standing:
        clients, others = list(wanted), self.debugger.stopping
        hit = self.debugger.run_back([*clients, *others]) if clients or others else None
        if hit is None:
            self.travel.go_to(self.travel.start)
            return Standing(Cause.BEGINNING)
        return self._found(hit, clients, others, [])

    def moved(self) -> None:
        """Somebody else has moved the machine."""
        self.ended = None

    def _found(
        self, hit: Hit, clients: list[Breakpoint], others: Sequence[Breakpoint], heard: list[str]
    ) -> Standing:
        found = next((each for each in clients if each.detector is hit.detector), None)
        if found is None:
            heard = [*heard, self.debugger.met(hit, others)]
        return Standing(Cause.DETECTED, found, in_lines(heard))

    def _ended(self, stop: Stop, heard: Iterable[str] = ()) -> Standing:
        if stop is INTERRUPTED:
            return Standing(Cause.INTERRUPT, None, in_lines(heard))
        self.ended = stop
        words = f": {stop.detail}" if stop.detail else ""
        return Standing(Cause.END, None, in_lines([*heard, f"the run ends here: {stop.reason.value}{words}"]))


@contextmanager
def listening(debugger: Debugger) -> Iterator[list[str]]:
    """The lines that the debugger says meanwhile: they are for the client."""
    say, heard = debugger.say, list[str]()
    debugger.say = heard.append
    try:
        yield heard
    finally:
        debugger.say = say


def in_lines(heard: Iterable[str]) -> str:
    """Each line with its end."""
    return "".join(f"{line}\n" for line in heard)


def breakpoint_at(kind: int, address: int, size: int) -> Breakpoint:
    """What a packet Z asks for. Raises ValueError where it means nothing."""
    match kind:
        case 0 | 1:
            return Breakpoint(AtAddress(address))
        case 2 | 3 | 4:
            if not 0 < size <= PAGE:
                raise ValueError(f"{size} bytes cannot be watched")
            return Breakpoint(MemoryAccess(address, size, reads=kind != 2, writes=kind != 3))
    raise ValueError(f"there are no breakpoints of kind {kind}")
