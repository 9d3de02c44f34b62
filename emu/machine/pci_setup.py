"""What firmware does to the PCI bus, for a kernel that is started without it.

Base addresses are assigned and decoded, interrupts routed, the power management's registers put in their
place, and RAM shows below 1 MiB.

[PCI] PCI Local Bus Specification 2.1, 6.2.5.
"""

from __future__ import annotations

from collections.abc import Iterable

from emu.devices.pci.bus import Function, Plugged, link_of
from emu.devices.pci.configuration import BASE_ADDRESS, COMMAND, INTERRUPT_LINE, INTERRUPT_PIN, Command
from emu.devices.pci.host_bridge import ATTRIBUTE_MAP
from emu.devices.pci.isa_bridge import ROUTE_CONTROL
from emu.devices.pci.power_management import REGISTERS_BASE, REGISTERS_ENABLE
from emu.devices.pic import PicPair
from emu.machine.board import IO_WINDOW, LINK_INTERRUPTS, MEMORY_WINDOW, POWER_MANAGEMENT_BASE

SHADOWED = 0x30
"""The host bridge's setting of the area from 0xF0000: RAM."""
SETTINGS: dict[tuple[int, int], list[tuple[int, int, int]]] = {
    (0, 0): [(ATTRIBUTE_MAP, 1, SHADOWED)],
    (1, 0): [(ROUTE_CONTROL + link, 1, irq) for link, irq in enumerate(LINK_INTERRUPTS)],
    (1, 1): [(COMMAND, 2, Command(0).replace(io_space=1, bus_master=1))],
    (1, 3): [(REGISTERS_BASE, 4, POWER_MANAGEMENT_BASE), (REGISTERS_ENABLE, 1, 1)],
}
"""By device and function: registers of configuration space, their widths, what is written to them."""
FIRST_SLOT = 2
"""Slot 1 is the ISA bridge's, whose functions have interrupts of their own."""
CLASS_DEVICE, VGA = 0x0A, 0x0300
BASE_ADDRESSES = 6
ALL_ONES = 0xFFFF_FFFF
IS_IO = 1


def set_up(functions: Iterable[Plugged], pics: PicPair) -> None:
    """Do it after a reset."""
    windows = {True: IO_WINDOW, False: MEMORY_WINDOW}
    for each in functions:
        _assign_addresses(each.function, windows)
        for register, width, value in SETTINGS.get((each.device, each.function_number), ()):
            each.function.write_configuration(register, width, value)
        pin = each.function.read_configuration(INTERRUPT_PIN, 1)
        if pin and each.device >= FIRST_SLOT:
            irq = LINK_INTERRUPTS[link_of(each.device, pin - 1)]
            each.function.write_configuration(INTERRUPT_LINE, 1, irq)
    pics.set_level_triggered(sum(1 << irq for irq in set(LINK_INTERRUPTS)))


def _assign_addresses(function: Function, windows: dict[bool, int]) -> None:
    """Give each base address register its place in `windows`, by kind, where space is free; decode them."""
    command = Command(function.read_configuration(COMMAND, 2))
    if function.read_configuration(CLASS_DEVICE, 2) == VGA:
        command = command.replace(io_space=1, memory_space=1)  # the old addresses have no register
    for register in range(BASE_ADDRESS, BASE_ADDRESS + 4 * BASE_ADDRESSES, 4):
        function.write_configuration(register, 4, ALL_ONES)
        mask = function.read_configuration(register, 4)
        is_io = bool(mask & IS_IO)
        size = -(mask & (~3 if is_io else ~0xF)) & ALL_ONES
        if not size:
            continue
        base = -(-windows[is_io] // size) * size
        windows[is_io] = base + size
        function.write_configuration(register, 4, base)
        command = command.replace(io_space=1) if is_io else command.replace(memory_space=1)
    function.write_configuration(COMMAND, 2, command)
