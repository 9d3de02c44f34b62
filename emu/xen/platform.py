"""The Xen platform device as a PCI function, and the unplugging of the NICs that share its bus.

5853:0001 as in qemu-traditional's and today's hw/xen_platform.c. Its BAR0 ports belong to the unplug protocol
(`unplug.py`); BAR1 is room in the address space for guests to put grant frames and other shared pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emu.core.backends import NetBackend
from emu.core.bus import Region
from emu.core.events import Observers
from emu.devices.pci.bus import PciBus
from emu.devices.pci.configuration import CLASS_CODE, ConfigurationSpace
from emu.devices.pci.function import Bar, FunctionState, PciFunction
from emu.xen.unplug import UnplugPorts

VENDOR_ID, DEVICE_ID = 0x5853, 0x0001
OTHER_SYSTEM_DEVICE = 0xFF_80_00
REVISION = 1
IO_AND_MEMORY = 0x0003
BAR1_SIZE = 0x100_0000
NETWORK_CLASS, ETHERNET_SUBCLASS = 0x02, 0x00


class XenPlatform(PciFunction[FunctionState]):
    """The function; flags, log, product and verdict are the state of the unplug ports."""

    def __init__(
        self, name: str = "xen-platform", *, unplug: UnplugPorts, device_id: int = DEVICE_ID
    ) -> None:
        """`device_id` is 2 on some hosts of XenServer."""
        self.bar0 = unplug.bar0
        self.bar1 = Region(
            f"{name}-memory", 0, BAR1_SIZE, lambda offset, width: 0, lambda offset, width, value: None, 8
        )
        space = ConfigurationSpace.header(
            VENDOR_ID,
            device_id,
            OTHER_SYSTEM_DEVICE,
            revision_id=REVISION,
            command=IO_AND_MEMORY,
            status=0,
            subsystem_vendor_id=VENDOR_ID,
            subsystem_id=device_id,
            interrupt_pin=1,
        )
        bars = [Bar(0, self.bar0), Bar(1, self.bar1, memory=True, prefetchable=True)]
        super().__init__(name, FunctionState(), space, bars)


class EmulatedNics:
    """A target of the unplug mask: every function of class 0200 leaves the bus, then all links are closed."""

    def __init__(
        self,
        bus: PciBus,
        links: Sequence[NetBackend] = (),
        *,
        host_log: Callable[[str], None] = lambda text: None,
        observers: Observers | None = None,
    ) -> None:
        """`links` are the NICs' handles on their networks; `host_log` takes the mail's lines on regions."""
        self._bus = bus
        self._links = links
        self._host_log = host_log
        self._observers = observers or Observers()

    def unplug(self) -> None:
        """The mail's `pci_unplug_netifs()` and `net_tap_shutdown_all()`."""
        for plugged in self._bus.functions():
            function = plugged.function
            subclass = function.configuration_word(CLASS_CODE + 1, 1)
            if (
                subclass == ETHERNET_SUBCLASS
                and function.configuration_word(CLASS_CODE + 2, 1) == NETWORK_CLASS
            ):
                self._tell_regions(function)
                self._bus.remove(function)
                for seen in self._observers.unplugged:
                    seen(function.name, plugged.location)
        for link in self._links:
            link.close()

    def _tell_regions(self, function: PciFunction[FunctionState]) -> None:
        for placement in function.placements():
            if placement.base is None:
                continue
            end = placement.base + placement.region.size
            kind = 0 if placement.memory else 1
            self._host_log(f"region type {kind} at [{placement.base:x},{end:x}).")
            if placement.memory:
                self._host_log(f"squash iomem [{placement.base:x}, {end:x}).")
