"""Commands that steer the machine, and those about the session itself."""

from __future__ import annotations

from emu.debug.commands import Command, number, words
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError

ACT, SESSION = "Act", "Session"
OVERRIDE = "give `override port P read value V [once|N times]`, or `override off`"
FAILED = 5
MOST_TIMES = 1_000_000


def _override(debugger: Debugger, rest: str) -> None:
    match rest.split():
        case []:
            for each in debugger.overrides.all:
                debugger.say(str(each))
            return
        case ["off"]:
            debugger.steer()
            debugger.overrides.end(debugger.machine.clock.ticks)
            return
        case ["port", port, "read", "value", value]:
            times = None
        case ["port", port, "read", "value", value, "once"]:
            times = 1
        case ["port", port, "read", "value", value, count, "times"]:
            times = number(debugger, count, "count", 1, MOST_TIMES)
        case _:
            raise CommandError(f"{rest!r} is not understood: {OVERRIDE}")
    made = debugger.override(
        number(debugger, port, "port", 0, 0xFFFF),
        number(debugger, value, "value", 0, 0xFFFF_FFFF),
        times,
        None,
    )
    debugger.say(f"from here on {made}")


def _assert(debugger: Debugger, rest: str) -> None:
    if not rest:
        raise CommandError("what? give `assert EXPRESSION`")
    if not debugger.value(rest):
        debugger.say(f"assertion failed: {rest}")
        debugger.status = FAILED


def _quit(debugger: Debugger, rest: str) -> None:
    words(rest, 1, "give `quit [STATUS]`")
    debugger.status = number(debugger, rest, "status", 0, 255) if rest else 0


ACTS = (
    Command(
        "override",
        (),
        "port P read value V [once|N times] | off",
        "Let the guest read V there from here on; what was after this moment is forgotten.",
        _override,
        ACT,
    ),
    Command("assert", (), "EXPRESSION", "End the session with status 5 unless it holds.", _assert, SESSION),
    Command("quit", ("q", "exit"), "[STATUS]", "End the session.", _quit, SESSION),
)
