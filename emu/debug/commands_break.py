"""Commands that set, list and change breakpoints."""

from __future__ import annotations

import re
from collections.abc import Callable

from emu.debug.breakpoints import VALUES, Breakpoint
from emu.debug.commands import Command, number, words
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.debug.expressions import evaluate
from emu.debug.stops import detector

GROUP = "Stop at"
CLAUSE = re.compile(r"\s+(if|after|every|once|log)(?=\s|$)")
MOST_HITS = 1 << 31
USAGE = "ADDRESS | KIND ...  [if CONDITION] [after N] [every N] [once] [log [EXPRESSION, ...]]"


def _clauses(text: str) -> tuple[str, dict[str, str]]:
    """What to stop at, and the clauses behind it by their words. Raises CommandError."""
    what, *parts = CLAUSE.split(text)
    clauses: dict[str, str] = {}
    for word, rest in zip(parts[::2], parts[1::2], strict=True):
        if word in clauses:
            raise CommandError(f"{word!r} stands there twice: give it once")
        clauses[word] = rest.strip()
    return what.strip(), clauses


def _break(debugger: Debugger, rest: str) -> None:
    if not rest:
        raise CommandError("break at what? `help break` shows what can be given")
    what, clauses = _clauses(rest)
    found, has_values = detector(debugger, what)
    made = Breakpoint(found, rest)
    names = debugger.names(**(dict.fromkeys(VALUES, 0) if has_values else {}))
    if "if" in clauses:
        made.condition = clauses["if"]
        evaluate(made.condition, names)  # refused now, not when it is met
    if "after" in clauses:
        made.after = number(debugger, clauses["after"], "count", 0, MOST_HITS)
    if "every" in clauses:
        made.every = number(debugger, clauses["every"], "count", 1, MOST_HITS)
    if clauses.get("once"):
        raise CommandError(f"{clauses['once']!r} is too much: nothing stands behind `once`")
    made.once = "once" in clauses
    if "log" in clauses:
        made.log = [each.strip() for each in clauses["log"].split(",") if each.strip()]
        for each in made.log:
            evaluate(each, names)
    debugger.set_breakpoint(made)
    debugger.say(f"break {made.number}: {made.text}")


def _list(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`breakpoints` takes nothing")
    for each in debugger.breakpoints:
        debugger.say(str(each))
    if not debugger.breakpoints:
        debugger.say("no breakpoints")


def _chosen(debugger: Debugger, rest: str) -> list[Breakpoint]:
    """The breakpoints that a line means. Raises CommandError."""
    said = words(rest, 1, "give one number, or `all`")
    if said == ["all"]:
        return list(debugger.breakpoints)
    wanted = number(debugger, rest, "breakpoint", 0, MOST_HITS) if said else 0
    found = [each for each in debugger.breakpoints if each.number == wanted]
    if not found:
        raise CommandError(f"there is no breakpoint {rest}".rstrip() + ": `breakpoints` lists them")
    return found


def _delete(debugger: Debugger, rest: str) -> None:
    chosen = _chosen(debugger, rest)
    debugger.breakpoints = [each for each in debugger.breakpoints if each not in chosen]


def _enable(enabled: bool) -> Callable[[Debugger, str], None]:
    def act(debugger: Debugger, rest: str) -> None:
        for each in _chosen(debugger, rest):
            each.enabled = enabled

    return act


BREAK = (
    Command(
        "break",
        ("b",),
        USAGE,
        "An address or symbol; port RANGE [read|write] [width N] [value V]; pci B:D.F [config OFFSET] "
        "[read|write]; mmio RANGE [read|write]; memory RANGE [read|write|change]; irq LINE; interrupt, "
        "exception or int [VECTOR]; store PATH; unplug [disks|nics]; mode.",
        _break,
        GROUP,
        ("kinds", "symbols"),
    ),
    Command("breakpoints", ("bl",), "", "List the breakpoints.", _list, GROUP),
    Command("delete", ("d",), "NUMBER|all", "Delete a breakpoint.", _delete, GROUP, ("breakpoints",)),
    Command(
        "disable",
        (),
        "NUMBER|all",
        "Leave a breakpoint aside.",
        _enable(False),
        GROUP,
        ("breakpoints",),
    ),
    Command("enable", (), "NUMBER|all", "Heed a breakpoint again.", _enable(True), GROUP, ("breakpoints",)),
)
