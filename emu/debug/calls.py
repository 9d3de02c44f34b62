"""Moving over and out of calls, forwards and backwards.

Where a function would return to is known by DWARF's call frame information. Without it the function's own
instructions are stepped, calls passed as a whole, until one returns above where the stack is now: that finds
the end of interrupt handlers too. Backwards, a call is where the address to return to was written.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.debug.breakpoints import Breakpoint
from emu.debug.debugger import Debugger
from emu.debug.detectors import AtAddress, Interrupted, MemoryAccess
from emu.debug.errors import CommandError, GivenUpError
from emu.debug.places import Place
from emu.inspect.disassembly import Instruction
from emu.inspect.unwinding import return_slot
from emu.machine.run_loop import Reason, Stop

PASSED = ("call", "lcall", "int", "loop", "syscall", "sysenter", "vmmcall", "vmcall")
RETURNS = ("ret", "retf", "retfq", "iret", "iretd", "iretq", "sysret", "sysretq", "sysexit", "sysexitq")
BY_DELIVERY = ("iret", "iretd", "iretq")
MOST_STEPS, MOST_DELIVERIES = 20_000, 1000
ADDRESS_BYTES = 2
"""The least that a return address takes."""
MOST_ERROR_CODE = 8
"""Bytes that an exception may push below the address to return to."""
KINDS = ("interrupt", "exception", "int")


def instruction(debugger: Debugger) -> Instruction | None:
    """What is executed next, if that is an instruction."""
    found = debugger.view.disassemble(debugger.view.here, 1)
    return found[0] if found and found[0].valid else None


def mnemonic(code: Instruction | None) -> str:
    """The instruction's name; for a repeated one `rep`."""
    word = code.text.split()[0] if code else ""
    return "rep" if word.startswith("rep") else word


def is_whole(code: Instruction | None) -> bool:
    """Whether `next` takes it as a whole."""
    word = mnemonic(code)
    return word in ("rep", "into", "int3") or word.startswith(PASSED)


def over(debugger: Debugger) -> None:
    """`next`: one step, or to behind a call and all that it does."""
    code = instruction(debugger)
    if code is None or not is_whole(code):
        debugger.step(1)
    else:
        debugger.forwards([_behind(debugger, code)])


def out(debugger: Debugger) -> None:
    """`finish`: to where the function under way returns to. Raises CommandError."""
    guest = debugger.machine.processor.look()
    slot = return_slot(debugger.symbols, guest)
    back = None if slot is None else debugger.view.number(slot.address, 8 if guest.bits == 64 else 4)
    if back is not None:
        reached = f"rsp > {debugger.view.registers()['rsp']}"
        debugger.forwards([Breakpoint(AtAddress(guest.code_base + back), condition=reached)])
        return
    leaving = None
    with debugger.on_the_way():
        leaving = _leaving(debugger)
    if leaving is not None:
        debugger.forwards(place=leaving.place)


def out_back(debugger: Debugger) -> None:
    """`reverse-finish`: back to the call of the function under way, or to before its interrupt."""
    slot = return_slot(debugger.symbols, debugger.machine.processor.look())
    with debugger.on_the_way():
        if slot is not None:
            _to_call(debugger, slot.address, delivered=slot.delivered)
        else:
            leaving = _leaving(debugger)
            _to_call(debugger, leaving.slot, delivered=leaving.delivered)


def over_back(debugger: Debugger) -> None:
    """`reverse-next`: back by a step, or to before the call that returned to here."""
    with debugger.on_the_way():
        _over_back(debugger)


def _over_back(debugger: Debugger) -> None:
    here = debugger.travel.place
    if not debugger.travel.step_back():
        debugger.stopped("at the start: nothing is before")
        return
    code = instruction(debugger)
    word = mnemonic(code)
    if word in RETURNS:
        _to_call(debugger, debugger.view.stack, delivered=word in BY_DELIVERY)
        return
    if word == "rep":
        _to_first(debugger, here)
    debugger.stopped("")


@dataclass(frozen=True)
class Leaving:
    """How a function is left: where the machine is then, and where the address to return to lay."""

    place: Place
    slot: int
    delivered: bool
    """Whether it is the handler of an interrupt or exception."""


def _behind(debugger: Debugger, code: Instruction) -> Breakpoint:
    """Behind an instruction, with the stack no lower: inside a deeper call of the same function it is."""
    return Breakpoint(AtAddress(code.end), condition=f"rsp >= {debugger.view.registers()['rsp']}")


def _leaving(debugger: Debugger) -> Leaving:
    """Find out by going there, and come back. Raises CommandError."""
    travel, view = debugger.travel, debugger.view
    here, level = travel.place, view.stack
    travel.overrunning()
    found = None
    for _ in range(MOST_STEPS):
        code = instruction(debugger)
        word, before = mnemonic(code), view.stack
        if code is not None and is_whole(code):
            inner = _behind(debugger, code)
            stop = debugger.run([inner], heed=False)
            ended = _heeded(stop if isinstance(stop, Stop) else None)
        else:
            ended = _heeded(travel.step())
        if ended:
            break
        if word in RETURNS and before >= level:
            found = Leaving(travel.place, before, word in BY_DELIVERY)
            break
    travel.go_to(here)
    if found is None:
        raise CommandError(
            f"no return was found within {MOST_STEPS} instructions: give `until ADDRESS`, or load symbols"
        )
    return found


def _heeded(stop: Stop | None) -> bool:
    """Whether the run ended. Raises GivenUpError where somebody asked."""
    if stop is not None and stop.reason is Reason.ASKED:
        raise GivenUpError
    return stop is not None


def _to_call(debugger: Debugger, slot: int, *, delivered: bool) -> None:
    """Back to the instruction that wrote the address to return to, or to the delivery that did."""
    if not delivered:
        debugger.backwards([Breakpoint(MemoryAccess(slot, ADDRESS_BYTES, reads=False))])
        return
    here = debugger.travel.place
    deliveries = [Interrupted(kind) for kind in KINDS]
    for _ in range(MOST_DELIVERIES):
        hit = debugger.travel.run_back(deliveries)
        if hit is None:
            break
        debugger.travel.overrunning()
        _heeded(debugger.travel.step())
        is_it = debugger.view.stack in range(slot - MOST_ERROR_CODE, slot + 1)
        debugger.travel.go_to(hit.place)
        if is_it:
            debugger.stopped(hit.text)
            return
    debugger.travel.go_to(here)
    raise CommandError("what led here was not found: `last interrupt` goes back to the last interrupt")


def _to_first(debugger: Debugger, here: Place) -> None:
    """From an iteration of a repeated instruction to the first of those in a row that led to `here`."""
    travel, view = debugger.travel, debugger.view
    address, block = view.here, travel.place.ticks
    first = travel.place
    travel.go_to(Place(block))
    before = -1
    while travel.place < here and travel.place.ticks == block:
        if view.here == address and before != address:
            first = travel.place
        before = view.here
        if _heeded(travel.step()):
            break
    travel.go_to(first)
