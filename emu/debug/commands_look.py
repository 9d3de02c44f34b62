"""Commands that look at the machine and change nothing."""

from __future__ import annotations

from emu.debug import screen
from emu.debug.commands import Command, number, words
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.inspect.processor_lines import registers
from emu.inspect.unwinding import frames

GROUP = "Look"
ROW, MOST_BYTES, MOST_INSTRUCTIONS = 16, 0x10000, 1000
AROUND = 5
"""Source lines shown before and behind the one that is asked for."""


def _lines(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`screen` takes nothing")
    screen.show_screen(debugger)


def _registers(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`print NAME` shows a single one")
    for line in registers(debugger.view, debugger.previous):
        debugger.say(line)


def _memory(debugger: Debugger, rest: str) -> None:
    said = rest.rsplit(maxsplit=1) if len(rest.split()) > 1 else [rest]
    if not rest:
        raise CommandError("where? give `memory ADDRESS [BYTES]`")
    start = debugger.value(said[0])
    length = number(debugger, said[1], "length", 1, MOST_BYTES) if len(said) > 1 else 4 * ROW
    held = debugger.view.read(start, length)
    if not held:
        raise CommandError(f"no memory can be read at {start:#x}: nothing is mapped there, or a device is")
    for at in range(0, len(held), ROW):
        row = held[at : at + ROW]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        debugger.say(f"{start + at:08x}  {row.hex(' '):<{3 * ROW - 1}}  {text}")
    if len(held) < length:
        debugger.say(f"{start + len(held):08x}  no memory can be read from here on")


def _disassemble(debugger: Debugger, rest: str) -> None:
    said = rest.rsplit(maxsplit=1) if len(rest.split()) > 1 else [rest]
    start = debugger.value(said[0]) if rest else debugger.view.here
    count = number(debugger, said[1], "count", 1, MOST_INSTRUCTIONS) if len(said) > 1 else 8
    found = debugger.view.disassemble(start, count)
    if not found:
        raise CommandError(f"no memory can be read at {start:#x}: nothing is mapped there, or a device is")
    for each in found:
        mark = "=>" if each.address == debugger.view.here else "  "
        debugger.say(f"{mark} {each.address:08x}  {each.code.hex():<20}  {each.text}")


def _print(debugger: Debugger, rest: str) -> None:
    if not rest:
        raise CommandError("what? give `print EXPRESSION`")
    value = debugger.value(rest)
    debugger.say(f"{rest} = {value:#x} ({value})")


def _where(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`where` takes nothing")
    guest, symbols = debugger.machine.processor.look(), debugger.symbols
    found = frames(symbols, guest)
    for number_, frame in enumerate(found):
        source = symbols.source(frame.line) if frame.line else None
        place = f" at {frame.line.file}:{frame.line.number}" if frame.line else ""
        kind = " (inlined)" if frame.inlined else ""
        debugger.say(f"#{number_:<3}{frame.address:08x}  {frame.function}{kind}{place}")
        if source:
            debugger.say(f"{'':14}{source}")
    if not found:
        name = symbols.describe(guest.linear_ip, guest.read)
        debugger.say(
            f"#0  {guest.linear_ip:08x}  {name or 'no symbols are known here: load some by --symbols'}"
        )


def _list(debugger: Debugger, rest: str) -> None:
    guest = debugger.machine.processor.look()
    address = debugger.value(rest) if rest else guest.linear_ip
    file = debugger.symbols.at(address, guest.read)
    line = None if file is None else file.line(address)
    if line is None:
        raise CommandError(f"no source line is known at {address:#x}: `disassemble` shows instructions")
    text = debugger.symbols.sources.lines(line.file)
    if not text:
        raise CommandError(f"{line.file}, line {line.number}, is not here: run emu where its sources are")
    debugger.say(line.file)
    first, last = max(line.number - AROUND, 1), min(line.number + AROUND, len(text))
    for number_ in range(first, last + 1):
        mark = "->" if number_ == line.number else "  "
        debugger.say(f"{mark} {number_:>5}  {text[number_ - 1]}".rstrip())


LOOK = (
    Command("screen", ("sc",), "", "Show all about where the machine is.", _lines, GROUP),
    Command("registers", ("r",), "", "Show registers and flags; `*` marks what changed.", _registers, GROUP),
    Command(
        "print",
        ("p",),
        "EXPRESSION",
        "Show a value, such as eax, ss:esp or word[0x7dfe].",
        _print,
        GROUP,
        ("registers", "symbols"),
    ),
    Command(
        "memory", ("m", "x"), "ADDRESS [BYTES]", "Show memory.", _memory, GROUP, ("registers", "symbols")
    ),
    Command(
        "disassemble", ("u",), "[ADDRESS [COUNT]]", "Show instructions.", _disassemble, GROUP, ("symbols",)
    ),
    Command("where", ("bt",), "", "Show who called whom, with source lines.", _where, GROUP),
    Command("list", ("l",), "[ADDRESS]", "Show source lines.", _list, GROUP, ("symbols",)),
)
