"""Commands that move through the run, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable

from emu.debug.breakpoints import Breakpoint
from emu.debug.calls import out, out_back, over, over_back
from emu.debug.commands import Command, number, words
from emu.debug.debugger import Debugger
from emu.debug.detectors import AtAddress
from emu.debug.errors import CommandError
from emu.debug.places import Detector
from emu.debug.stops import KINDS, detector

GROUP = "Move"
MOST_STEPS = 1_000_000


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
    debugger.backwards_to_breakpoints()


def _until(debugger: Debugger, rest: str) -> None:
    if not rest:
        raise CommandError("until where? give `until ADDRESS`")
    debugger.forwards([Breakpoint(AtAddress(debugger.value(rest)))])


def _alone(name: str, act: Callable[[Debugger], None]) -> Callable[[Debugger, str], None]:
    def action(debugger: Debugger, rest: str) -> None:
        words(rest, 0, f"`{name}` takes nothing")
        act(debugger)

    return action


def _goto(debugger: Debugger, rest: str) -> None:
    if rest == "start":
        debugger.go_to_time(debugger.travel.start.ticks)
    elif rest:
        debugger.go_to_time(debugger.ticks(rest))
    else:
        raise CommandError("where to? give a time such as 29.18ms, or `start`")


def _last(debugger: Debugger, rest: str) -> None:
    match rest.split():
        case ["read" | "write" as direction, "port", ports]:
            wanted: Detector = detector(debugger, f"port {ports} {direction}")[0]
        case ["read" | "write" | "change" as direction, where] if where not in KINDS:
            wanted = detector(debugger, f"memory {where} {direction}")[0]
        case [kind, *_] if kind in KINDS:
            wanted = detector(debugger, rest)[0]
        case _:
            raise CommandError(
                "give `last read|write port RANGE`, `last read|write|change MEMORY`, or what `break` takes"
            )
    debugger.backwards([Breakpoint(wanted, tells=True)])


MOVE = (
    Command("step", ("s", "si"), "[N]", "Execute one instruction, or N.", _step, GROUP),
    Command("reverse-step", ("rs", "rsi"), "[N]", "Undo one instruction, or N.", _step_back, GROUP),
    Command(
        "next",
        ("n",),
        "",
        "Step, but pass a call, INT or repeated instruction as a whole.",
        _alone("next", over),
        GROUP,
    ),
    Command(
        "reverse-next",
        ("rn",),
        "",
        "Undo a step, or a call with all that it did.",
        _alone("reverse-next", over_back),
        GROUP,
    ),
    Command(
        "finish",
        ("f",),
        "",
        "Run on to where the function or interrupt handler returns to.",
        _alone("finish", out),
        GROUP,
    ),
    Command(
        "reverse-finish",
        ("rf",),
        "",
        "Run back to the call of the function, or to before the interrupt.",
        _alone("reverse-finish", out_back),
        GROUP,
    ),
    Command("continue", ("c",), "", "Run on to a breakpoint or the end.", _continue, GROUP),
    Command("reverse-continue", ("rc",), "", "Run back to a breakpoint or the start.", _continue_back, GROUP),
    Command("until", (), "ADDRESS", "Run on to an address or symbol.", _until, GROUP, ("symbols",)),
    Command(
        "goto",
        (),
        "TIME|start",
        "Go to a moment such as 29.18ms, before or after this one.",
        _goto,
        GROUP,
        ("moments",),
    ),
    Command(
        "last",
        (),
        "read|write port RANGE | read|write|change MEMORY | KIND ...",
        "Go back to the last such access, or to the last of what `break` takes.",
        _last,
        GROUP,
        ("accesses", "kinds", "symbols"),
    ),
)
