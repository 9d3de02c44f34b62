"""Watches what a guest does to devices around their unplugging: found too early, used when gone.

Firmware finds every device before any driver runs; so nothing counts before the guest's own programs run,
which is when a disk is read for the first time, at INT 19h, or from the start where a kernel was entered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.core.bus import PortBus
from emu.core.events import Observer
from emu.devices.ide.registers import COMMAND, DEVICE, Command, DeviceSelect
from emu.devices.pci.bus import CONFIG_DATA_PORT, PciBus
from emu.devices.pci.configuration import CLASS_CODE
from emu.inspect.findings import Findings
from emu.inspect.protocol_rules import Verdict
from emu.xen.platform import ETHERNET_SUBCLASS, NETWORK_CLASS

ETHERNET = NETWORK_CLASS << 8 | ETHERNET_SUBCLASS

BOOTSTRAP = 0x19
"""The interrupt by which firmware starts what it has found to start."""
CHANNELS = {0x1F0: "primary", 0x170: "secondary"}
DRIVES = ("master", "slave")
PROBING = frozenset(
    {
        Command.IDENTIFY_DEVICE,
        Command.IDENTIFY_PACKET_DEVICE,
        Command.DEVICE_RESET,
        Command.EXECUTE_DEVICE_DIAGNOSTIC,
        Command.NOP,
    }
)
"""Commands by which a driver finds out whether a drive is there: nothing is wrong with those."""
NS_PER_MS = 1_000_000


@dataclass
class DeviceCheckerState:
    """All that the checker remembers besides its findings."""

    booted: bool = False
    found_nics: dict[str, int] = field(default_factory=dict)
    """When each NIC's configuration was first read, in nanoseconds, by location."""
    gone_ports: dict[int, str] = field(default_factory=dict)
    gone_drives: dict[str, str] = field(default_factory=dict)
    """By location."""
    selected: dict[str, int] = field(default_factory=dict)
    """Which drive of a channel."""


class DeviceChecker(Observer):
    """Attach it before the run."""

    def __init__(self, ports: PortBus, pci: PciBus, findings: Findings, *, firmware: bool = True) -> None:
        """`firmware` False: what runs is the guest's own from the start."""
        self.state = DeviceCheckerState(booted=not firmware)
        self.found = findings
        self._ports = ports
        self._pci = pci
        self._firmware = firmware
        self._functions = {each.location: each.function for each in pci.functions()}
        self._nics = {
            (each.device, each.function_number): each.location
            for each in pci.functions()
            if each.function.configuration_word(CLASS_CODE + 1, 2) == ETHERNET
        }

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        if port in self.state.gone_ports:
            self._touch_port(port, f"read port {port:#06x}")
        elif CONFIG_DATA_PORT <= port < CONFIG_DATA_PORT + 4 and self.state.booted:
            self._configuration_read()

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        if port in self.state.gone_ports:
            self._touch_port(port, f"wrote port {port:#06x}")
        elif port & ~7 in CHANNELS:
            self._write_drive(port & ~7, port & 7, value)

    def disk_read(self, drive: str, offset: int, data: bytes) -> None:
        """A drive read its image."""
        self.state.booted = True

    def software_interrupt(self, vector: int, address: int) -> None:
        """INT n."""
        if vector == BOOTSTRAP:
            self.state.booted = True

    def reset_requested(self, cause: str) -> None:
        """Everything is plugged in again."""
        self.state = DeviceCheckerState(booted=not self._firmware)

    def unplugged(self, target: str, location: str) -> None:
        """A drive or a NIC left its bus."""
        if location[:1].isdigit():
            self._nic_left(target, location)
        else:
            self.state.gone_drives[location] = target

    def _configuration_read(self) -> None:
        address = self._pci.state.address
        location = self._nics.get((address.device, address.function))
        if location is not None and address.enable and not address.bus:
            self.state.found_nics.setdefault(location, self.found.now_ns)

    def _nic_left(self, target: str, location: str) -> None:
        found_ns = self.state.found_nics.get(location)
        if found_ns is not None:
            earlier_ms = (self.found.now_ns - found_ns) / NS_PER_MS
            self.found.break_rule("nics-before-enumeration", device=target, earlier_ms=earlier_ms)
        elif self.state.booted:
            self.found.add("nics-before-enumeration", Verdict.RIGHT, device=target)
        function = self._functions.get(location)
        for placement in function.placements() if function else ():
            if placement.base is not None and not placement.memory:
                ports = range(placement.base, placement.base + placement.region.size)
                self.state.gone_ports.update(dict.fromkeys(ports, target))

    def _touch_port(self, port: int, access: str) -> None:
        if self._ports.owner(port) is not None:
            return  # it has been given to somebody else
        device = self.state.gone_ports[port]
        self.found.break_rule(
            "gone-left-alone", access=access, device=device, consequence="nobody answers there"
        )

    def _write_drive(self, base: int, register: int, value: int) -> None:
        channel = CHANNELS[base]
        if register == DEVICE:
            self.state.selected[channel] = DeviceSelect(value).device
        elif register == COMMAND and value not in PROBING:
            location = f"{channel} {DRIVES[self.state.selected.get(channel, 0)]}"
            if location in self.state.gone_drives:
                self.found.break_rule(
                    "gone-left-alone",
                    access=f"gave command {value:#04x} to the {location}",
                    device=self.state.gone_drives[location],
                    consequence="nobody answers there",
                )
