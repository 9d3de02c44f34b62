"""Commands that look at buses, chips, the store, the unplug protocol, and what has crossed the seams."""

from __future__ import annotations

from emu.debug.commands import Command, number, words
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.debug.stops import location
from emu.inspect.explanation import details, sentence
from emu.inspect.history import KEPT, KINDS
from emu.inspect.pci_lines import configuration, tree
from emu.inspect.plain_state import state_lines
from emu.inspect.protocol_checker import ProtocolChecker
from emu.inspect.protocol_rules import Step
from emu.machine.nearest import suggestion

GROUP = "Look at devices"
ALIASES = {"pic": "pics", "ne2k": "rtl8029 0", "keyboard": "i8042", "serial": "com1"}
NEXT = {
    Step.MAGIC: "reads the magic number: two bytes at port 0x10",
    Step.VERSION: "reads the protocol version: one byte at port 0x12",
    Step.PRODUCT: "names its product: two bytes to port 0x12",
    Step.BUILD: "names its build: four bytes to port 0x10",
    Step.MAGIC_AGAIN: "reads the magic number again, which is another one if the host refuses the driver",
    Step.MASK: "writes the mask of devices to unplug: two bytes to port 0x10",
}


def _history(debugger: Debugger, rest: str) -> None:
    usage = f"give `history [{'|'.join(KINDS)}|all] [COUNT]`"
    said = words(rest, 2, usage)
    kinds: tuple[str, ...] = ("ports",)
    if said and not said[0][0].isdigit():
        word = said.pop(0)
        if word not in (*KINDS, "all"):
            raise CommandError(f"{word!r} is no kind of event: {suggestion(word, (*KINDS, 'all'))}")
        kinds = KINDS if word == "all" else (word,)
    if len(said) > 1:
        raise CommandError(f"{said[1]!r} is too much: {usage}")
    for line in debugger.unknown():
        debugger.say(line)
    happened = debugger.history.last(number(debugger, said[0], "count", 1, KEPT) if said else 20, kinds)
    for each in happened:
        debugger.say(f"{debugger.time(each.ticks):>16}  {each.text}")
    if not happened:
        debugger.say("nothing of that kind has happened yet")


def _ports(debugger: Debugger, rest: str) -> None:
    wanted = number(debugger, rest, "port", 0, 0xFFFF) if rest else None
    shown = False
    for base, region in debugger.machine.ports.regions:
        if wanted is not None and not base <= wanted < base + region.size:
            continue
        shown = True
        debugger.say(f"{base:#06x} to {base + region.size - 1:#06x}  {region.name}")
        for offset in range(region.size if region.registers else 0):
            names = (region.registers.name(offset, write=write) for write in (False, True))  # type: ignore[union-attr]
            if name := " / ".join(dict.fromkeys(filter(None, names))):
                debugger.say(f"{'':10}{base + offset:#06x}  {name}")
    if not shown:
        debugger.say(f"nobody answers at port {wanted:#x}: reads float, writes vanish")


def _pci(debugger: Debugger, rest: str) -> None:
    bus = debugger.machine.pci
    if not rest:
        for line in tree(bus):
            debugger.say(line)
        return
    number_, device, function = location(rest)
    for plugged in bus.functions():
        if (number_, device, function) == (0, plugged.device, plugged.function_number):
            for line in configuration(plugged):
                debugger.say(line)
            return
    raise CommandError(f"no function is at {rest}: `pci` lists those that are there")


def _devices(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`show DEVICE` shows the state of one")
    for device in debugger.machine.pc.devices:
        about = (type(device).__doc__ or "").partition("\n")[0]
        debugger.say(f"{device.name:<18} {about}")


def _show(debugger: Debugger, rest: str) -> None:
    devices = {device.name: device for device in debugger.machine.pc.devices}
    if not rest:
        debugger.say(", ".join(devices))
        return
    chosen = rest if rest in devices else ALIASES.get(rest, rest)
    begun = [name for name in devices if name.startswith(chosen)]
    if chosen not in devices and len(begun) == 1:
        chosen = begun[0]
    if chosen not in devices:
        raise CommandError(f"there is no device {rest!r}: {suggestion(rest, devices)}")
    debugger.say(chosen)
    for line in state_lines(devices[chosen].state):
        debugger.say(line)
    for channel in debugger.machine.pc.ide.channels if chosen == "ide" else ():
        debugger.say(f"  {channel.name}:")
        for part, state in ((None, channel.state), *((each.name, each.state) for each in channel.positions)):
            if part is not None:
                debugger.say(f"    {part}:")
            for line in state_lines(state, 2 if part is None else 3):
                debugger.say(line)


def _store(debugger: Debugger, rest: str) -> None:
    words(rest, 1, "give `store [PATH]`")
    below = rest.rstrip("/")
    shown = False
    for path, node in debugger.machine.store.walk():
        if path == below or path.startswith(below + "/") or not below:
            shown = True
            debugger.say(f"{path} = {node.value.decode(errors='backslashreplace')!r}")
    if not shown:
        raise CommandError(f"there is no node {rest!r}: `store` lists all of them")


def _unplug(debugger: Debugger, rest: str) -> None:
    words(rest, 0, "`unplug` takes nothing")
    unplug, protocol = debugger.machine.pc.unplug, debugger.protocol
    debugger.say(f"protocol version {unplug.version}, host profile {unplug.profile.name}")
    for line in state_lines(unplug.state):
        debugger.say(line)
    for target, place in debugger.machine.departures:
        debugger.say(f"  {target} has left {place}")
    for override in debugger.overrides.all:
        debugger.say(f"  override: {override}")
    for line in debugger.unknown():
        debugger.say(line)
    findings = protocol.findings()
    debugger.say("the driver so far:" if findings else "the driver has done nothing of the protocol so far")
    for finding in findings:
        debugger.say(f"  {sentence(finding)}")
        debugger.say(f"    {details(finding)[0]}")
    debugger.say(_coming(protocol.checker))


def _coming(protocol: ProtocolChecker) -> str:
    """What the protocol asks for next."""
    talk = protocol.state.conversation
    if talk.is_absent:
        return "next: nothing; the driver knows that there is no protocol"
    if talk.is_refused:
        return "next: nothing; the driver knows that the host refuses it, and must not unplug"
    step = talk.next_step
    return "next: nothing; the mask has been written" if step is None else f"next: the driver {NEXT[step]}"


DEVICES = (
    Command(
        "history",
        ("hi",),
        f"[{'|'.join(KINDS)}|all] [COUNT]",
        "Show what happened last: accesses to ports, or other things.",
        _history,
        GROUP,
        ("events",),
    ),
    Command("ports", (), "[PORT]", "Show who answers at which ports, by registers.", _ports, GROUP),
    Command(
        "pci", (), "[B:D.F]", "Show the bus, or the configuration of a function.", _pci, GROUP, ("functions",)
    ),
    Command("devices", ("dev",), "", "List the devices.", _devices, GROUP),
    Command("show", (), "[DEVICE]", "Show the state of a device.", _show, GROUP, ("devices",)),
    Command("store", (), "[PATH]", "Show the store, or a part of it.", _store, GROUP, ("nodes",)),
    Command(
        "unplug",
        (),
        "",
        "Show the state of the unplug protocol, what the driver did, what comes next.",
        _unplug,
        GROUP,
    ),
)
