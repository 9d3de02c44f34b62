"""The VGA as a PCI function: 1234:1111, QEMU's standard VGA, for which SeaBIOS has firmware.

It has the addresses of a VGA and an expansion ROM, nothing else: neither a linear framebuffer nor the
registers of the Bochs display interface, without which that firmware takes it for a plain VGA.

[PCI] PCI Local Bus Specification 2.1, 6.2.2: the command register enables a VGA's fixed addresses too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from emu.core.memory import Image, Segment
from emu.devices.pci.configuration import ConfigurationSpace
from emu.devices.pci.function import FunctionState, PciFunction, Placement
from emu.devices.vga.chip import CLOSED, Vga

VENDOR_ID, DEVICE_ID = 0x1234, 0x1111
SUBSYSTEM_VENDOR_ID, SUBSYSTEM_ID = 0x1AF4, 0x1100
VGA_COMPATIBLE_CONTROLLER = 0x03_00_00
IO_MEMORY_AND_PALETTE_SNOOP = 0x0023


class VgaFunction(PciFunction[FunctionState]):
    """Configuration space of the card; the chip is a device of its own, reset and saved beside it."""

    def __init__(
        self, name: str, *, chip: Vga, window_changed: Callable[[], None], rom: Image | None = None
    ) -> None:
        """`window_changed` is told that `window` may have other segments now."""
        space = ConfigurationSpace.header(
            VENDOR_ID,
            DEVICE_ID,
            VGA_COMPATIBLE_CONTROLLER,
            revision_id=2,
            command_writable=IO_MEMORY_AND_PALETTE_SNOOP,
            subsystem_vendor_id=SUBSYSTEM_VENDOR_ID,
            subsystem_id=SUBSYSTEM_ID,
        )
        super().__init__(name, FunctionState(), space, rom=rom)
        self._chip = chip
        self._ports = chip.ports()
        self._window_changed = window_changed

    def window(self) -> tuple[Segment, ...]:
        """What answers at 0xA0000 to 0xBFFFF."""
        return self._chip.window() if self.command.memory_space else CLOSED

    def placements(self) -> Iterator[Placement]:
        """The fixed addresses, while they are enabled, and the expansion ROM."""
        command, memory = self.command, self._chip.memory_region
        for region in self._ports:
            yield Placement(region, False, region.base if command.io_space else None)
        yield Placement(memory, True, memory.base if command.memory_space else None)
        yield from super().placements()

    def drive_outputs(self) -> None:
        """The window comes and goes with the command register."""
        self._window_changed()
