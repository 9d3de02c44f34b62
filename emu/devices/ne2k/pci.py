"""The RTL8029 as a PCI function: 10ec:8029, its ports behind base address register 0."""

from __future__ import annotations

from emu.core.memory import Image
from emu.devices.ne2k.rtl8029 import Rtl8029
from emu.devices.pci.configuration import ConfigurationSpace
from emu.devices.pci.function import Bar, FunctionState, PciFunction

VENDOR_ID, DEVICE_ID = 0x10EC, 0x8029
ETHERNET_CONTROLLER = 0x02_00_00


class Rtl8029Function(PciFunction[FunctionState]):
    """Configuration space of the card; the chip is a device of its own, reset and saved beside it."""

    def __init__(self, name: str, *, chip: Rtl8029, rom: Image | None = None) -> None:
        space = ConfigurationSpace.header(
            VENDOR_ID,
            DEVICE_ID,
            ETHERNET_CONTROLLER,
            status=0x0200,
            subsystem_vendor_id=VENDOR_ID,
            subsystem_id=DEVICE_ID,
            interrupt_pin=1,
        )
        super().__init__(name, FunctionState(), space, [Bar(0, chip.region)], rom)
