"""Commands that set, list and delete breakpoints."""

from __future__ import annotations

from collections.abc import Callable

from emu.debug.breakpoints import AtAddress, Interrupted, MmioAccess, PortAccess, StoreAccess, Unplugging
from emu.debug.commands import Command, number, numbers, words
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.debug.expressions import evaluate
from emu.debug.places import Detector
from emu.machine.nearest import nearest, suggestion

GROUP = "Stop at"


def _direction(said: list[str]) -> tuple[bool, bool]:
    """Whether reads and writes are meant; takes the word."""
    if said and said[0] in ("read", "write"):
        return ((word := said.pop(0)) == "read"), word == "write"
    return True, True


def _port(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which port? give `break port RANGE [read|write] [width N] [value V]`")
    access = PortAccess(numbers(debugger, said.pop(0), "port", 0xFFFF), words=debugger.words)
    access.reads, access.writes = _direction(said)
    while said:
        match said:
            case ["width", width, *rest]:
                access.width = number(debugger, width, "width", 1, 4)
            case ["value", value, *rest]:
                access.value = number(debugger, value, "value", 0, 0xFFFF_FFFF)
            case [word, *_]:
                known = ("read", "write", "width N", "value V", "if CONDITION")
                raise CommandError(f"{word!r} is not understood: {suggestion(word, known)}")
        said[:] = rest
    return access


def _mmio(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which addresses? give `break mmio RANGE [read|write]`")
    access = MmioAccess(numbers(debugger, said.pop(0), "address", (1 << 40) - 1))
    access.reads, access.writes = _direction(said)
    return access


def _vector(kind: str) -> Callable[[Debugger, list[str]], Detector]:
    def made(debugger: Debugger, said: list[str]) -> Detector:
        return Interrupted(kind, number(debugger, said.pop(0), "vector", 0, 255) if said else None)

    return made


def _store(debugger: Debugger, said: list[str]) -> Detector:
    if not said:
        raise CommandError("which node? give `break store PATH`")
    return StoreAccess(said.pop(0))


KINDS: dict[str, Callable[[Debugger, list[str]], Detector]] = {
    "port": _port,
    "mmio": _mmio,
    "interrupt": _vector("interrupt"),
    "exception": _vector("exception"),
    "int": _vector("int"),
    "store": _store,
    "unplug": lambda debugger, said: Unplugging(),
}


def _address(debugger: Debugger, what: str) -> Detector:
    try:
        return AtAddress(debugger.value(what))
    except CommandError as error:
        if close := nearest(what.split()[0], KINDS, 1):
            raise CommandError(
                f"{what.split()[0]!r} is nothing to stop at: did you mean {close[0]!r}?"
            ) from None
        raise error from None


def _break(debugger: Debugger, rest: str) -> None:
    what, _, condition = f"{rest} ".partition(" if ")
    said = what.split()
    if not said:
        _list(debugger, "")
        return
    if said[0] in KINDS:
        detector = KINDS[said.pop(0)](debugger, said)
        if said:
            raise CommandError(f"{said[0]!r} is too much: `help break` shows what can be given")
    else:
        detector = _address(debugger, what)
    if condition.strip():
        evaluate(condition, debugger.names())  # refused now, not when it is met
    made = debugger.set_breakpoint(rest, detector, condition.strip() or None)
    debugger.say(f"break {made.number}: {made.text}")


def _list(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`breakpoints` takes nothing")
    for each in debugger.breakpoints:
        debugger.say(f"break {each.number}: {each.text} (met {each.hits} times)")
    if not debugger.breakpoints:
        debugger.say("no breakpoints")


def _delete(debugger: Debugger, rest: str) -> None:
    said = words(rest, 1, "give one number, or `all`")
    if said == ["all"]:
        debugger.breakpoints.clear()
        return
    wanted = number(debugger, rest, "breakpoint", 0, 1 << 31) if said else 0
    kept = [each for each in debugger.breakpoints if each.number != wanted]
    if len(kept) == len(debugger.breakpoints):
        raise CommandError(
            f"there is no breakpoint {rest}: `breakpoints` lists them, `delete all` deletes them"
        )
    debugger.breakpoints = kept


BREAK = (
    Command(
        "break",
        ("b",),
        "ADDRESS | KIND ...  [if CONDITION]",
        "An address or symbol; port RANGE [read|write] [width N] [value V]; mmio RANGE [read|write]; "
        "interrupt, exception or int [VECTOR]; store PATH; unplug.",
        _break,
        GROUP,
    ),
    Command("breakpoints", ("bl",), "", "List the breakpoints.", _list, GROUP),
    Command("delete", ("d",), "NUMBER|all", "Delete a breakpoint.", _delete, GROUP),
)
