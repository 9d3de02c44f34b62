"""Commands that steer the machine, and those about the session itself."""

from __future__ import annotations

from pathlib import Path

from emu.core.errors import ConfigError
from emu.debug import changes
from emu.debug.commands import Command, number, words
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.debug.places import Place
from emu.debug.stops import memory
from emu.machine.nearest import suggestion
from emu.machine.snapshot_file import write_snapshot

ACT, SESSION = "Act", "Session"
OVERRIDE = "give `override port P read value V [width N] [once|N times]`, or `override off`"
FAILED = 5
MOST_TIMES = 1_000_000
WIDTHS = {"b": 1, "w": 2, "d": 4, "1": 1, "2": 2, "4": 4, "byte": 1, "word": 2, "dword": 4}
LEVELS = {"pulse": [False, True, False], "high": [True], "low": [False]}
MOST_BYTES = 0x10000


def _override(debugger: Debugger, rest: str) -> None:
    match rest.split():
        case []:
            for each in debugger.overrides.all:
                debugger.say(str(each))
            if not debugger.overrides.all:
                debugger.say("no overrides")
            return
        case ["off"]:
            debugger.steer()
            debugger.overrides.end(debugger.machine.clock.ticks)
            return
        case ["port", port, "read", "value", value, *more]:
            width = times = None
            if more[:1] == ["width"] and len(more) > 1:
                width = _width(more[1])
                del more[:2]
            if more == ["once"]:
                times = 1
            elif len(more) == 2 and more[1] == "times":
                times = number(debugger, more[0], "count", 1, MOST_TIMES)
            elif more:
                raise CommandError(f"{' '.join(more)!r} is not understood: {OVERRIDE}")
        case _:
            raise CommandError(f"{rest!r} is not understood: {OVERRIDE}")
    made = debugger.override(
        number(debugger, port, "port", 0, 0xFFFF),
        number(debugger, value, "value", 0, 0xFFFF_FFFF),
        times,
        width,
    )
    debugger.say(f"from here on {made}")


def _width(word: str) -> int:
    if word.lower() not in WIDTHS:
        raise CommandError(f"{word!r} is no width: give b, w or d")
    return WIDTHS[word.lower()]


def _in(debugger: Debugger, rest: str) -> None:
    said = words(rest, 2, "give `in PORT [b|w|d]`")
    if not said:
        raise CommandError("which port? give `in PORT [b|w|d]`")
    port, width = number(debugger, said[0], "port", 0, 0xFFFF), _width(said[1] if len(said) > 1 else "b")
    value = changes.read_port(debugger, port, width)
    debugger.say(debugger.words(port, width, value, False))


def _out(debugger: Debugger, rest: str) -> None:
    said = rest.split(maxsplit=2)
    if len(said) < 3:
        raise CommandError("give `out PORT b|w|d VALUE`")
    port, width = number(debugger, said[0], "port", 0, 0xFFFF), _width(said[1])
    value = number(debugger, said[2], "value", 0, (1 << 8 * width) - 1)
    told = debugger.words(port, width, value, True)
    changes.write_port(debugger, port, width, value)
    debugger.say(told)


def _write(debugger: Debugger, rest: str) -> None:
    match rest.split(maxsplit=2):
        case ["register", name, value]:
            changes.write_register(debugger, name.lower(), debugger.value(value))
        case ["memory", where, content]:
            linear, data = _memory(debugger, where, content)
            changes.write_memory(debugger, linear, data)
        case _:
            raise CommandError(
                "give `write register NAME VALUE`, `write memory ADDRESS BYTE...` or "
                "`write memory word[A] VALUE`"
            )


def _memory(debugger: Debugger, where: str, content: str) -> tuple[int, bytes]:
    """Where to write what: bytes as hexadecimal digits, or one value of the size that the place says."""
    if "[" in where:
        linear, size = memory(debugger, where)
        value = number(debugger, content, "value", 0, (1 << 8 * size) - 1)
        return linear, value.to_bytes(size, "little")
    try:
        data = bytes.fromhex(content)
    except ValueError:
        raise CommandError(
            f"{content!r} are no bytes: give two hexadecimal digits for each, such as `90 90`"
        ) from None
    if len(data) > MOST_BYTES:
        raise CommandError(f"this is too much: give {MOST_BYTES} bytes at most")
    return debugger.value(where), data


def _raise(debugger: Debugger, rest: str) -> None:
    match rest.split():
        case ["irq", line]:
            level = "pulse"
        case ["irq", line, ("pulse" | "high" | "low") as level]:
            pass
        case _:
            raise CommandError("give `raise irq LINE [pulse|high|low]`")
    changes.drive_line(debugger, number(debugger, line, "line", 0, 15), LEVELS[level])


def _snapshot(debugger: Debugger, rest: str) -> None:
    said = words(rest, 1, "give `snapshot [NAME]`")
    name = debugger.keep(said[0] if said else None)
    debugger.say(f"snapshot {name} at {debugger.time(debugger.machine.clock.ticks)}")


def _snapshots(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`snapshots` takes nothing")
    for name, kept in debugger.kept.items():
        debugger.say(f"{name}: {debugger.time(kept.machine.snapshot.ticks)}")
    if not debugger.kept:
        debugger.say("no snapshots: `snapshot [NAME]` takes one")


def _save(debugger: Debugger, rest: str) -> None:
    if not rest:
        raise CommandError("where? give `save FILE`")
    place = debugger.travel.place
    if place.inside:
        debugger.travel.go_to(Place(place.ticks))  # a machine is saved where it decides
    try:
        write_snapshot(Path(rest), debugger.machine)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    finally:
        debugger.travel.go_to(place)
    debugger.say(f"saved the machine as it was at {debugger.time(place.ticks)}")


def _restore(debugger: Debugger, rest: str) -> None:
    if rest not in debugger.kept:
        raise CommandError(f"there is no snapshot {rest!r}: {suggestion(rest, debugger.kept)}")
    debugger.bring_back(rest)


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
    Command("in", (), "PORT [b|w|d]", "Read a port as the guest would.", _in, ACT, ("ports",)),
    Command("out", (), "PORT b|w|d VALUE", "Write a port as the guest would.", _out, ACT, ("ports",)),
    Command(
        "write",
        ("w",),
        "register NAME VALUE | memory ADDRESS BYTE... | memory word[A] VALUE",
        "Change a register or memory.",
        _write,
        ACT,
        ("writable", "registers", "symbols"),
    ),
    Command(
        "raise",
        (),
        "irq LINE [pulse|high|low]",
        "Drive an interrupt line as a device would.",
        _raise,
        ACT,
        ("irq",),
    ),
    Command(
        "override",
        (),
        "port P read value V [width N] [once|N times] | off",
        "Let the guest read V there from here on; what was after this moment is forgotten.",
        _override,
        ACT,
        ("override",),
    ),
    Command("snapshot", ("ss",), "[NAME]", "Keep the machine as it is here.", _snapshot, ACT),
    Command("snapshots", (), "", "List what was kept.", _snapshots, ACT),
    Command("save", (), "FILE", "Save the whole machine for `emu run --from FILE`.", _save, ACT),
    Command("restore", (), "NAME", "Go back to what was kept.", _restore, ACT, ("snapshots",)),
    Command("assert", (), "EXPRESSION", "End the session with status 5 unless it holds.", _assert, SESSION),
    Command("quit", ("q", "exit"), "[STATUS]", "End the session.", _quit, SESSION),
)
