"""Commands that look at the machine and change nothing."""

from __future__ import annotations

from emu.debug import screen
from emu.debug.commands import Command, number, words
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.inspect.history import KEPT
from emu.inspect.processor_lines import registers
from emu.machine.nearest import suggestion

GROUP = "Look"
ROW, MOST_BYTES, MOST_INSTRUCTIONS = 16, 0x10000, 1000
LONGEST_VALUE = 200


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


def _history(debugger: Debugger, rest: str) -> None:
    words(rest, 1, "give `history [COUNT]`")
    accesses = debugger.history.last(number(debugger, rest, "count", 1, KEPT) if rest else 20)
    for access in accesses:
        debugger.say(f"{debugger.time(access.ticks):>16}  {access.text}")
    if not accesses:
        debugger.say("no port was accessed yet")


def _ports(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`ports` takes nothing")
    for base, region in debugger.machine.ports.regions:
        debugger.say(f"{base:#06x} to {base + region.size - 1:#06x}  {region.name}")


def _pci(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`pci` takes nothing")
    for plugged in debugger.machine.pci.functions():
        function = plugged.function
        vendor, device = function.configuration_word(0, 2), function.configuration_word(2, 2)
        kind = function.configuration_word(10, 2)
        debugger.say(f"{plugged.location:<9} {vendor:04x}:{device:04x}  class {kind:04x}  {function.name}")
        for placement in function.placements():
            if placement.base is not None:
                last = placement.base + placement.region.size - 1
                what = "memory" if placement.memory else "ports"
                debugger.say(f"          {what} {placement.base:#x} to {last:#x}")


def _store(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`store` takes nothing")
    for path, node in debugger.machine.store.walk():
        debugger.say(f"{path} = {node.value.decode(errors='backslashreplace')!r}")


def _show(debugger: Debugger, rest: str) -> None:
    devices = {device.name: device for device in debugger.machine.pc.devices}
    if not rest:
        debugger.say(", ".join(devices))
        return
    if rest not in devices:
        raise CommandError(f"there is no device {rest!r}: {suggestion(rest, devices)}")
    for name, value in vars(devices[rest].state).items():
        text = f"{value:#x}" if type(value) is int else str(value)
        debugger.say(f"  {name.replace('_', ' ')}: {text[:LONGEST_VALUE]}")


def _unplug(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`unplug` takes nothing")
    unplug = debugger.machine.pc.unplug
    debugger.say(f"protocol version {unplug.version}, host profile {unplug.profile.name}")
    for name, value in vars(unplug.state).items():
        debugger.say(f"  {name.replace('_', ' ')}: {value!r}")
    for override in debugger.overrides.all:
        debugger.say(f"  override: {override}")


LOOK = (
    Command("screen", ("sc",), "", "Show all about where the machine is.", _lines, GROUP),
    Command("registers", ("r",), "", "Show registers and flags; `*` marks what changed.", _registers, GROUP),
    Command(
        "print", ("p",), "EXPRESSION", "Show a value, such as eax, ss:esp or word[0x7dfe].", _print, GROUP
    ),
    Command("memory", ("m", "x"), "ADDRESS [BYTES]", "Show memory.", _memory, GROUP),
    Command("disassemble", ("u",), "[ADDRESS [COUNT]]", "Show instructions.", _disassemble, GROUP),
    Command("history", (), "[COUNT]", "Show the last accesses to ports.", _history, GROUP),
    Command("ports", (), "", "Show who answers at which ports.", _ports, GROUP),
    Command("pci", (), "", "Show the functions on the bus and where they answer.", _pci, GROUP),
    Command("show", (), "[DEVICE]", "Show the state of a device, or the devices' names.", _show, GROUP),
    Command("store", (), "", "Show the store.", _store, GROUP),
    Command("unplug", (), "", "Show the state of the unplug protocol.", _unplug, GROUP),
)
