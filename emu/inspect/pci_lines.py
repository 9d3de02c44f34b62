"""The PCI bus and the configuration of a function, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emu.devices.pci.bus import PciBus, Plugged
from emu.devices.pci.configuration import BASE_ADDRESS, EXPANSION_ROM, HEADER, SIZE
from emu.devices.pci.function import Placement

HEADER_END, ROW = 0x40, 16


def tree(bus: PciBus) -> Iterator[str]:
    """Each function and where it answers."""
    for plugged in bus.functions():
        function = plugged.function
        vendor, device = function.configuration_word(0, 2), function.configuration_word(2, 2)
        kind = function.configuration_word(10, 2)
        yield f"00:{plugged.location}  {vendor:04x}:{device:04x}  class {kind:04x}  {function.name}"
        for placement in function.placements():
            if placement.base is not None:
                yield f"{'':>9}{_placed(placement)}"


def configuration(plugged: Plugged) -> Iterator[str]:
    """A function's registers by name, with the bits that are set; its own beyond the header as bytes."""
    function: Any = plugged.function
    yield f"00:{plugged.location}  {function.name}"
    offsets = sorted(HEADER.offsets)
    for offset, following in zip(offsets, [*offsets[1:], HEADER_END], strict=True):
        width = 3 if offset == 0x09 else min(following - offset, 4)
        width = 2 if offset in (0x2C, 0x2E) else width
        value = function.configuration_word(offset, width)
        if not value and BASE_ADDRESS <= offset <= EXPANSION_ROM:
            continue  # a base address that the function does not have, or nobody has set
        bits = HEADER.explain(offset, value, write=False)
        name = HEADER.name(offset, write=False)
        yield f"  {offset:02x}  {name:<24} {value:0{2 * width}x}" + (f"  {bits}" if bits else "")
    for placement in function.placements():
        yield f"  {_placed(placement)}"
    for at in range(HEADER_END, SIZE, ROW):
        row = bytes(function.state.configuration[at : at + ROW])
        if any(row):
            yield f"  {at:02x}  {row.hex(' ')}"


def _placed(placement: Placement) -> str:
    region: Any = placement.region
    name, size = getattr(region, "name", "expansion ROM"), region.size
    kind = "memory" if placement.memory else "ports"
    if placement.base is None:
        return f"{kind} nowhere, {size} bytes: {name}"
    return f"{kind} {placement.base:#x} to {placement.base + size - 1:#x}: {name}"
