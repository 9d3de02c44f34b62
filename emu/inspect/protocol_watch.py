"""The checker of the unplug protocol as a debugger has it: it goes back with the machine, and costs little.

What a driver logs is left to `--explain`: of many thousands of bytes only the first says something here.
"""

from __future__ import annotations

from copy import deepcopy

from emu.core.events import Observer
from emu.inspect.decoders import UnplugDecoder
from emu.inspect.findings import Finding, Findings, FindingsState, in_order
from emu.inspect.place import Locator
from emu.inspect.protocol_checker import CheckerState, ProtocolChecker
from emu.inspect.protocol_rules import Step
from emu.inspect.symbols import SymbolFiles
from emu.machine.machine import Machine
from emu.xen.profiles import FIRST_PORT, PORT_COUNT

END = FIRST_PORT + PORT_COUNT
LOG_PORT = FIRST_PORT + 2


class ProtocolWatch(Observer):
    """What the driver has done by the protocol so far, and what comes next."""

    def __init__(self, machine: Machine, files: SymbolFiles) -> None:
        unplug = machine.pc.unplug
        self._found = Findings(machine.clock, Locator(machine.processor.look, files).here)
        self.checker = ProtocolChecker(
            UnplugDecoder(unplug, machine.ports),
            self._found,
            host_version=unplug.version if unplug.profile.offered else None,
        )
        self._has_logged = False
        """Since the last reset."""
        machine.observers.attach(self)

    def findings(self) -> list[Finding]:
        """What can be said by now, by time."""
        return in_order(self._found.state.found.values())

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        if FIRST_PORT <= port < END:
            self.checker.port_read(port, width, value)

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        if FIRST_PORT <= port < END:
            if port == LOG_PORT and width == 1:
                if self._has_logged:
                    return
                self._has_logged = True
            self.checker.port_write(port, width, value)

    def reset_requested(self, cause: str) -> None:
        """Everything begins anew."""
        self.checker.reset_requested(cause)
        self._has_logged = False

    def save(self) -> tuple[FindingsState, CheckerState]:
        """What is known by now."""
        return deepcopy((self._found.state, self.checker.state))

    def restore(self, saved: tuple[FindingsState, CheckerState]) -> None:
        """Know what was known then."""
        self._found.state, self.checker.state = deepcopy(saved)
        self._has_logged = Step.LOG in self.checker.state.conversation.done
