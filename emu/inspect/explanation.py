"""`emu run --explain`: both checkers on one machine, and what they found as words and as data."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from emu.inspect.decoders import UnplugDecoder
from emu.inspect.device_checker import DeviceChecker, DeviceCheckerState
from emu.inspect.findings import Finding, Findings, FindingsState, broken
from emu.inspect.place import Locator
from emu.inspect.programs import load_symbols
from emu.inspect.protocol_checker import CheckerState, ProtocolChecker
from emu.inspect.protocol_rules import Verdict
from emu.inspect.symbols import SymbolFiles
from emu.machine.machine import Machine

if TYPE_CHECKING:
    pass

ExplainerState = tuple[FindingsState, CheckerState, DeviceCheckerState]


class Explainer:
    """Watches a machine from its making on."""

    def __init__(self, machine: Machine, files: SymbolFiles, complaints: Iterable[str] = ()) -> None:
        self.complaints = list(complaints)
        """What is wrong with symbols that were not asked for by name."""
        pc = machine.pc
        self.found = Findings(machine.clock, Locator(machine.processor.look, files).here)
        offered = pc.unplug.profile.offered
        self.protocol = ProtocolChecker(
            UnplugDecoder(pc.unplug, machine.ports),
            self.found,
            host_version=pc.unplug.version if offered else None,
        )
        self.devices = DeviceChecker(
            machine.ports, machine.pci, self.found, firmware=machine.config.kernel is None
        )
        machine.observers.attach(self.protocol)
        machine.observers.attach(self.devices)

    def findings(self) -> list[Finding]:
        """All there is to say so far, by time."""
        return self.protocol.findings()

    def save(self) -> ExplainerState:
        """What is known by now, for a debugger that may come back here."""
        return deepcopy((self.found.state, self.protocol.state, self.devices.state))

    def restore(self, saved: ExplainerState) -> None:
        """Know what was known then, and nothing of what came after."""
        self.found.state, self.protocol.state, self.devices.state = deepcopy(saved)


def explain(machine: Machine) -> Explainer:
    """An explainer with all symbols that there are. Raises ConfigError where those asked for are unusable."""
    files, complaints = load_symbols(machine.config)
    return Explainer(machine, files, complaints)


def as_plain(findings: Iterable[Finding]) -> dict[str, Any]:
    """The object `explanation` in `--json`."""
    found = list(findings)
    return {"sound": not broken(found), "findings": [finding.as_plain() for finding in found]}


def heading(findings: Iterable[Finding]) -> str:
    """How many of each verdict."""
    found = list(findings)
    counts = [(sum(each.verdict is verdict for each in found), verdict.value) for verdict in Verdict]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing was asked"


def sentence(finding: Finding) -> str:
    """What a person reads of one finding first."""
    times = f" ({finding.count} times)" if finding.count > 1 else ""
    return f"{finding.verdict.value:<8} {finding.words}{times}"


def details(finding: Finding) -> list[str]:
    """What follows it: when, where, and where it was not right the rule."""
    place = finding.moment.place
    when = f"{finding.moment.ns / 1e6:.6f} ms"
    found = [f"{when}  {place.address}  {place.instruction}" if place else when]
    if place and place.callers:
        found.append(place.callers)
    if place and place.source:
        found.append(f"    {place.source}")
    if finding.verdict is not Verdict.RIGHT:
        found.append(f"{finding.rule.id}: {finding.rule.demand} {finding.rule.reference}")
    return found
