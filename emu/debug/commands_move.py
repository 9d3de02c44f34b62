"""Commands that move through the run, forwards and backwards."""

from __future__ import annotations

from emu.debug.breakpoints import AtAddress, Breakpoint, PortAccess
from emu.debug.commands import Command, number, numbers, words
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.debug.places import Place

GROUP = "Move"
MOST_STEPS = 1_000_000
PASSED = ("call", "int ", "rep", "loop", "lcall", "syscall")
"""Instructions that `next` takes as a whole."""


def _count(debugger: Debugger, rest: str) -> int:
    return number(debugger, rest, "count", 1, MOST_STEPS) if rest else 1


def _step(debugger: Debugger, rest: str) -> None:
    debugger.step(_count(debugger, rest))


def _step_back(debugger: Debugger, rest: str) -> None:
    debugger.step_back(_count(debugger, rest))


def _continue(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`continue` takes nothing")
    debugger.forwards()


def _continue_back(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`reverse-continue` takes nothing")
    debugger.backwards()


def _until(debugger: Debugger, rest: str) -> None:
    if not rest:
        raise CommandError("until where? give `until ADDRESS`")
    debugger.forwards([AtAddress(debugger.value(rest))])


def _next(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`next` takes nothing")
    view = debugger.view
    code = view.disassemble(view.here, 1)
    if not code or not code[0].text.startswith(PASSED):
        debugger.step(1)
        return
    # Inside a deeper call of the same function the stack is lower.
    behind = AtAddress(code[0].address + len(code[0].code))
    debugger.forwards([behind], passed=Breakpoint(0, "", behind, f"rsp >= {view.registers()['rsp']}"))


def _goto(debugger: Debugger, rest: str) -> None:
    if rest == "start":
        debugger.go_to(debugger.travel.start)
    elif rest:
        debugger.go_to(Place(debugger.ticks(rest)))
    else:
        raise CommandError("where to? give a time such as 29.18ms, or `start`")


def _last(debugger: Debugger, rest: str) -> None:
    said = words(rest, 3, "give `last read|write port RANGE`")
    if len(said) != 3 or said[0] not in ("read", "write") or said[1] != "port":
        raise CommandError("give `last read port RANGE` or `last write port RANGE`")
    ports = numbers(debugger, said[2], "port", 0xFFFF)
    reads = said[0] == "read"
    access = PortAccess(ports, reads=reads, writes=not reads, words=debugger.words)
    debugger.backwards([access], only=True)


MOVE = (
    Command("step", ("s", "si"), "[N]", "Execute one instruction, or N.", _step, GROUP),
    Command("reverse-step", ("rs", "rsi"), "[N]", "Undo one instruction, or N.", _step_back, GROUP),
    Command("continue", ("c",), "", "Run on to a breakpoint or the end.", _continue, GROUP),
    Command("reverse-continue", ("rc",), "", "Run back to a breakpoint or the start.", _continue_back, GROUP),
    Command("next", ("n",), "", "Step, but pass a call or a repeated instruction as a whole.", _next, GROUP),
    Command("until", (), "ADDRESS", "Run on to an address or symbol.", _until, GROUP),
    Command(
        "goto", (), "TIME|start", "Go to a moment such as 29.18ms, before or after this one.", _goto, GROUP
    ),
    Command("last", (), "read|write port RANGE", "Go back to the last such access.", _last, GROUP),
)
