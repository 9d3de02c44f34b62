"""What an access to a port means beyond its register: PCI configuration, the unplug protocol."""

from __future__ import annotations

from emu.core.bus import PortBus
from emu.devices.pci.bus import CONFIG_ADDRESS_PORT, CONFIG_DATA_PORT, ConfigAddress, PciBus
from emu.devices.pci.configuration import HEADER
from emu.observe.kinds import Decoded
from emu.xen.profiles import FIRST_PORT, PORT_COUNT, Direction, Does, Rule
from emu.xen.unplug import UnplugPorts

HEADER_END = 0x40


def pci_register_name(offset: int) -> tuple[int, str]:
    """Where the configuration register at `offset` begins, and its name in the header, if it is there."""
    if offset >= HEADER_END:
        return offset, ""
    start = max(known for known in HEADER.offsets if known <= offset)
    return start, HEADER.name(start, write=False) + (f"+{offset - start}" if offset > start else "")


class PciDecoder:
    """CONFIG_ADDRESS and CONFIG_DATA as accesses to a function's configuration space."""

    def __init__(self, bus: PciBus) -> None:
        self._bus = bus

    def __call__(self, port: int, width: int, value: int, write: bool) -> Decoded | None:
        """What the access means, if it belongs to PCI."""
        return self.at(self.address, port, width, value, write)

    @property
    def address(self) -> ConfigAddress:
        """What CONFIG_DATA means now."""
        return self._bus.state.address

    def at(self, selected: ConfigAddress, port: int, width: int, value: int, write: bool) -> Decoded | None:
        """The same for an access while `selected` was what CONFIG_DATA means."""
        if port == CONFIG_ADDRESS_PORT and width == 4:
            address = ConfigAddress(value)
            return Decoded("pci", f"select {self._place(address)}" if address.enable else "select nothing")
        if not CONFIG_DATA_PORT <= port < CONFIG_DATA_PORT + 4:
            return None
        address = selected
        if not address.enable:
            return Decoded("pci", "no function is selected")
        lane = port - CONFIG_DATA_PORT
        start, name = pci_register_name(address.register * 4 + lane)
        fields = HEADER.explain(start, value, write=write) if start == address.register * 4 + lane else ""
        text = f"{self._place(address, lane)} {name}".rstrip()
        return Decoded("pci", f"{text}: {fields}" if fields else text)

    def _place(self, address: ConfigAddress, lane: int = 0) -> str:
        place = f"{address.bus:02x}:{address.device:02x}.{address.function}"
        return f"{place} {address.register * 4 + lane:#04x}"


class UnplugDecoder:
    """The fixed ports and the platform function's ports, as rows of the host profile's table."""

    def __init__(self, unplug: UnplugPorts, ports: PortBus) -> None:
        self._unplug = unplug
        self._ports = ports

    def rule(self, port: int, width: int, write: bool) -> Rule | None:
        """The row that an access falls under, if it belongs to the protocol."""
        direction = Direction.WRITE if write else Direction.READ
        if FIRST_PORT <= port < FIRST_PORT + PORT_COUNT:
            return self._unplug.profile.port_rule(port, width, direction, self._unplug.version)
        owner = self._ports.owner(port)
        if owner is not None and owner[0] is self._unplug.bar0:
            return self._unplug.profile.bar0_rule(owner[1], direction)
        return None

    def __call__(self, port: int, width: int, value: int, write: bool) -> Decoded | None:
        """What the access means, if it belongs to the protocol."""
        rule = self.rule(port, width, write)
        return None if rule is None else Decoded("unplug", meaning(rule, value))


def meaning(rule: Rule, value: int) -> str:
    """A row of the table, and what the value says under it."""
    explained = rule.explain(value)
    if not explained and rule.does in (Does.PRODUCT, Does.BUILD):
        explained = str(value)
    return f"{rule.meaning}: {explained}" if explained else rule.meaning
