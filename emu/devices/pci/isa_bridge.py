"""Intel 82371SB (PIIX3) function 0: the ISA bridge, which routes PCI interrupts to the 8259As.

[PIIX3] Intel 82371FB/82371SB datasheet 290550: 2.2 (configuration), 2.2.10 (PIRQRC).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emu.core.registers import Register, bit
from emu.core.registers import field as bits
from emu.core.wires import IrqLine
from emu.devices.pci.configuration import MULTIFUNCTION, ConfigurationSpace
from emu.devices.pci.function import FunctionState, PciFunction

ROUTE_CONTROL = 0x60
LINKS = 4
ROUTABLE = frozenset({3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15})
"""Interrupts that a PIRQ can be routed to; other values are reserved. [PIIX3] 2.2.10."""


class RouteControl(Register):
    """PIRQRC: where one interrupt link goes."""

    disabled = bit(7)
    interrupt = bits(3, 0)


def configuration_space() -> ConfigurationSpace:
    """The bridge's registers as the data sheet resets them."""
    space = ConfigurationSpace.header(
        0x8086,
        0x7000,
        0x06_01_00,
        header_type=MULTIFUNCTION,
        command=0x0007,
        command_writable=0x0108,
        status=0x0200,
    )
    space = space.declare(0x4C, 1, reset=0x4D, writable=0xFF)  # IORT
    space = space.declare(0x4E, 2, reset=0x0003, writable=0x03FF)  # XBCS
    for link in range(LINKS):
        space = space.declare(ROUTE_CONTROL + link, 1, reset=0x80, writable=0x8F)
    space = space.declare(0x69, 1, reset=0x02, writable=0xFE)  # TOM
    space = space.declare(0x6A, 2, writable=0x80D0)  # MSTAT
    space = space.declare(0x70, 1, reset=0x80, writable=0xEF)  # MBIRQ
    space = space.declare(0x76, 1, reset=0x0C, writable=0x8F).declare(0x77, 1, reset=0x0C, writable=0x8F)
    space = space.declare(0x78, 2, reset=0x0002, writable=0xFFFF)  # PCSC
    space = space.declare(0x80, 1, writable=0x7F).declare(0x82, 1, writable=0x0F)  # APICBASE, DLC
    space = space.declare(0xA0, 1, reset=0x08, writable=0x1F)  # SMICNTL
    space = space.declare(0xA2, 2, writable=0x01FF).declare(0xA4, 4, writable=0xFFFF_FFFF)  # SMIEN, SEE
    space = space.declare(0xA8, 1, reset=0x0F, writable=0xFF)  # FTMR
    return space.declare(0xAC, 1, writable=0xFF).declare(0xAE, 1, writable=0xFF)  # CTLTMR, CTHTMR


@dataclass
class IsaBridgeState(FunctionState):
    """Configuration space, and the levels of the four interrupt links."""

    links: list[bool] = field(default_factory=lambda: [False] * LINKS)


class IsaBridge(PciFunction[IsaBridgeState]):
    """Device 1, function 0. Each interrupt line is the OR of the links that are routed to it."""

    def __init__(self, name: str, *, interrupts: Mapping[int, IrqLine]) -> None:
        """`interrupts` are the wires to the 8259As' inputs, by IRQ number; those not given go nowhere."""
        super().__init__(name, IsaBridgeState(), configuration_space())
        self._interrupts = {number: line for number, line in interrupts.items() if number in ROUTABLE}

    def route(self, link: int) -> int | None:
        """The IRQ that link 0 to 3 is routed to, or None."""
        control = RouteControl(self.state.configuration[ROUTE_CONTROL + link])
        return None if control.disabled or control.interrupt not in ROUTABLE else control.interrupt

    def set_link(self, link: int, level: bool) -> None:
        """The PCI bus drives interrupt link 0 to 3."""
        self.state.links[link] = level
        self.drive_outputs()

    def drive_outputs(self) -> None:
        """Drive each interrupt line with the OR of its links."""
        high = {self.route(link) for link in range(LINKS) if self.state.links[link]}
        for number, line in self._interrupts.items():
            line.set(number in high)
