"""PCI bus 0: configuration mechanism 1, regions that functions claim, INTx lines, hot removal.

[PCI] PCI Local Bus Specification 2.1, 3.7.4.1 (mechanism 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from emu.core.bus import ALL_ONES, MmioBus, PortBus, Region
from emu.core.device import Device
from emu.core.events import Observers
from emu.core.memory import Image
from emu.core.registers import Named, Register, bit, registers
from emu.core.registers import field as bits
from emu.core.state import Plain, from_plain
from emu.core.wires import IrqLine
from emu.devices.pci.function import PciFunction

CONFIG_ADDRESS_PORT, CONFIG_DATA_PORT = 0xCF8, 0xCFC
LINKS = 4

Function = PciFunction[Any]


class ConfigAddress(Register):
    """CONFIG_ADDRESS: which function, and which of its dwords, CONFIG_DATA means."""

    enable = bit(31)
    bus = bits(23, 16)
    device = bits(15, 11)
    function = bits(10, 8)
    register = bits(7, 2)


CONFIG_ADDRESS_NAMES = registers(
    {0: Named("CONFIG_ADDRESS", read_fields=ConfigAddress, write_fields=ConfigAddress)}
)
CONFIG_DATA_NAMES = registers({n: f"CONFIG_DATA+{n}" if n else "CONFIG_DATA" for n in range(4)})


@dataclass(frozen=True)
class Plugged:
    """A function and where it is plugged in, for listings."""

    device: int
    function_number: int
    function: Function

    @property
    def location(self) -> str:
        """As `lspci` writes it: `01.1`."""
        return f"{self.device:02x}.{self.function_number}"


@dataclass
class BusState:
    """The address register, functions that were removed (device * 8 + function), asserted INTx sources."""

    address: ConfigAddress = field(default_factory=ConfigAddress)
    removed: list[int] = field(default_factory=list)
    asserted: list[int] = field(default_factory=list)


def link_of(slot: int, pin: int) -> int:
    """The interrupt link (0 to 3, PIRQA# to PIRQD#) that `pin` (0 = INTA#) of a slot is wired to."""
    return (slot - 1 + pin) % LINKS


class PciBus(Device[BusState]):
    """Bus 0. Claim its ports before those of the reset control register 0xcf9, which lies inside them."""

    def __init__(
        self,
        name: str,
        *,
        ports: PortBus,
        memory: MmioBus,
        show: Callable[[Image, int | None], None] = lambda image, base: None,
        link: Callable[[int, bool], None] = lambda number, level: None,
        observers: Observers | None = None,
    ) -> None:
        """`show` is `Memory.show`, for expansion ROMs.

        `link(number, level)` is told when the level of interrupt link 0 to 3 changes.
        """
        super().__init__(name, BusState())
        self._port_bus = ports
        self._memory_bus = memory
        self._show = show
        self._link = link
        self._observers = observers or Observers()
        self._slots: dict[int, Function] = {}
        self._placed: dict[Region | Image, int] = {}
        self._lines: dict[int, IrqLine] = {}
        self._link_levels = [False] * LINKS

    def ports(self) -> tuple[Region, ...]:
        """CONFIG_ADDRESS and CONFIG_DATA."""
        return (
            Region(
                "pci address",
                CONFIG_ADDRESS_PORT,
                4,
                self._read_address,
                self._write_address,
                widest=4,
                registers=CONFIG_ADDRESS_NAMES,
            ),
            Region(
                "pci data",
                CONFIG_DATA_PORT,
                4,
                self._read_data,
                self._write_data,
                widest=4,
                registers=CONFIG_DATA_NAMES,
            ),
        )

    def plug(self, function: Function, device: int, function_number: int = 0) -> None:
        """Wire `function` to device 0 to 31; its regions follow its base addresses from now on."""
        slot = device * 8 + function_number
        if slot in self._slots:
            raise ValueError(f"PCI {device:02x}.{function_number} is occupied by {self._slots[slot].name}")
        self._slots[slot] = function
        function.moved = partial(self._place, slot)
        function.moved()

    def functions(self) -> tuple[Plugged, ...]:
        """What answers on the bus, in order."""
        return tuple(
            Plugged(slot >> 3, slot & 7, function)
            for slot, function in sorted(self._slots.items())
            if slot not in self.state.removed
        )

    def remove(self, function: Function) -> None:
        """Hot removal: it reads all ones, its regions answer nowhere, its INTx wire is cut. Idempotent."""
        slot = next(number for number, plugged in self._slots.items() if plugged is function)
        if slot in self.state.removed:
            return
        self.state.removed = sorted([*self.state.removed, slot])
        self._place(slot)
        self.drive_outputs()

    def intx(self, slot: int, pin: int, function_number: int = 0) -> IrqLine:
        """The wire that INTA# (`pin` 0) to INTD# of a function in device `slot` drives."""
        source = (slot * 8 + function_number) * 4 + pin
        if source not in self._lines:
            name = f"pci {slot:02x}.{function_number} INT{'ABCD'[pin]}"
            self._lines[source] = IrqLine(name, partial(self._intx_changed, source), self._observers)
        return self._lines[source]

    @property
    def lines(self) -> tuple[IrqLine, ...]:
        """Every INTx wire that was handed out."""
        return tuple(self._lines.values())

    def reset(self) -> None:
        """RST#: what was removed is back, and no interrupt is asserted."""
        for line in self._lines.values():
            line.set(False)
        super().reset()
        self._place_all()

    def restore(self, plain: Plain) -> None:
        """Take a saved state; INTx wires and links take their levels without edges. Functions come after."""
        self.state = from_plain(BusState, plain, self.name)
        for source, line in self._lines.items():
            line.restore(source in self.state.asserted)
        self._link_levels = self._levels()
        self._place_all()

    def drive_outputs(self) -> None:
        """Tell the levels of the links that have changed."""
        for number, level in enumerate(self._levels()):
            if level != self._link_levels[number]:
                self._link_levels[number] = level
                self._link(number, level)

    def _levels(self) -> list[bool]:
        levels = [False] * LINKS
        for source in self.state.asserted:
            if source >> 2 not in self.state.removed:
                levels[link_of(source >> 5, source & 3)] = True
        return levels

    def _intx_changed(self, source: int, level: bool) -> None:
        others = [each for each in self.state.asserted if each != source]
        self.state.asserted = sorted([*others, source]) if level else others
        self.drive_outputs()

    def _read_address(self, offset: int, width: int) -> int:
        return int(self.state.address) if width == 4 else ALL_ONES[width]

    def _write_address(self, offset: int, width: int, value: int) -> None:
        if width == 4:
            self.state.address = self.state.address.written(value)

    def _selected(self) -> Function | None:
        address = self.state.address
        slot = address.device * 8 + address.function
        if not address.enable or address.bus or slot in self.state.removed:
            return None
        return self._slots.get(slot)

    def _read_data(self, offset: int, width: int) -> int:
        function = self._selected()
        if function is None:
            return ALL_ONES[width]
        return function.read_configuration(self.state.address.register * 4 + offset, width)

    def _write_data(self, offset: int, width: int, value: int) -> None:
        function = self._selected()
        if function is not None:
            function.write_configuration(self.state.address.register * 4 + offset, width, value)

    def _place_all(self) -> None:
        for slot in self._slots:
            self._place(slot)

    def _place(self, slot: int) -> None:
        present = slot not in self.state.removed
        for placement in self._slots[slot].placements():
            base = placement.base if present else None
            if self._placed.get(placement.region) == base:
                continue
            if base is None:
                del self._placed[placement.region]
            else:
                self._placed[placement.region] = base
            if isinstance(placement.region, Image):
                self._show(placement.region, base)
            else:
                (self._memory_bus if placement.memory else self._port_bus).move(placement.region, base)
