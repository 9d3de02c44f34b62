"""A PCI function: configuration space, and base address registers whose regions move.

[PCI] PCI Local Bus Specification 2.1, 6.2.5 (base addresses: all ones written reads back the size), 6.2.5.2
(expansion ROM).
A device is a subclass whose state extends `FunctionState`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from emu.core.bus import Region
from emu.core.device import Device
from emu.core.memory import Image
from emu.core.state import Plain
from emu.devices.pci.configuration import (
    BASE_ADDRESS,
    COMMAND,
    EXPANSION_ROM,
    SIZE,
    Command,
    ConfigurationSpace,
)

PORT_SPACE = 0x1_0000
MEMORY_SPACE = 0x1_0000_0000
ROM_ENABLE = 1


@dataclass
class FunctionState:
    """What every function holds."""

    configuration: bytearray = field(default_factory=lambda: bytearray(SIZE))


F = TypeVar("F", bound=FunctionState)


@dataclass(frozen=True)
class Bar:
    """Base address register `index` (0 to 5), which places `region` in port or memory space."""

    index: int
    region: Region
    memory: bool = False
    prefetchable: bool = False

    @property
    def offset(self) -> int:
        """Where the register lies in configuration space."""
        return BASE_ADDRESS + 4 * self.index

    def declared(self, space: ConfigurationSpace) -> ConfigurationSpace:
        """`space` with this register in it."""
        kind = (8 if self.prefetchable else 0) if self.memory else 1
        return space.declare(self.offset, 4, reset=kind, writable=size_mask(self.region.size))


@dataclass(frozen=True)
class ExpansionRom:
    """The register at 0x30, which shows `image` in memory while its bit 0 and memory space are enabled."""

    image: Image

    def declared(self, space: ConfigurationSpace) -> ConfigurationSpace:
        """`space` with this register in it; bits 10 to 1 are reserved."""
        return space.declare(EXPANSION_ROM, 4, writable=size_mask(self.image.size) | ROM_ENABLE)


@dataclass(frozen=True)
class Placement:
    """Where a region of a function, or its expansion ROM, answers now; None is nowhere."""

    region: Region | Image
    memory: bool
    base: int | None


def size_mask(size: int) -> int:
    """The bits of a base address register that a guest can set, for a region of `size` bytes."""
    if size < 4 or size & (size - 1):
        raise ValueError(f"a base address register cannot describe {size} bytes")
    return MEMORY_SPACE - size


class PciFunction(Device[F]):
    """One function of a PCI device.

    `drive_outputs` remains the subclass's; regions are placed apart from it, after writes to configuration
    space, reset and restore, through `moved`, which the bus sets when the function is plugged in.
    """

    def __init__(
        self,
        name: str,
        state: F,
        space: ConfigurationSpace,
        bars: Sequence[Bar] = (),
        rom: Image | None = None,
    ) -> None:
        """`rom` is the expansion ROM, whose size is a power of two."""
        super().__init__(name, state)
        self.bars = tuple(bars)
        self.expansion_rom = ExpansionRom(rom) if rom else None
        for bar in self.bars:
            space = bar.declared(space)
        self.space = self.expansion_rom.declared(space) if self.expansion_rom else space
        self.moved: Callable[[], None] = lambda: None
        state.configuration = bytearray(self.space.reset)

    @property
    def command(self) -> Command:
        """The command register."""
        return Command(self.configuration_word(COMMAND, 2))

    def configuration_word(self, offset: int, width: int) -> int:
        """The register of `width` bytes at `offset`, without the effects of a read by the guest."""
        return int.from_bytes(self.state.configuration[offset : offset + width], "little")

    def read_configuration(self, offset: int, width: int) -> int:
        """A configuration read of 1, 2 or 4 bytes by the guest."""
        return self.configuration_word(offset, width)

    def write_configuration(self, offset: int, width: int, value: int) -> None:
        """A configuration write of 1, 2 or 4 bytes by the guest."""
        held = self.state.configuration
        before = bytes(held[offset : offset + width])
        for n in range(width):
            held[offset + n] = self.space.written(offset + n, held[offset + n], value >> (8 * n) & 0xFF)
        self.configuration_written(offset, before)
        self.moved()
        self.drive_outputs()

    def configuration_written(self, offset: int, before: bytes) -> None:
        """The guest has written over `before` at `offset`: for registers with a life of their own."""

    def placements(self) -> Iterator[Placement]:
        """Where each region answers, by base address and command register.

        Base 0 counts as unassigned, as firmware and systems take it; a region that would reach beyond the
        end of its space answers nowhere.
        """
        command = self.command
        for bar in self.bars:
            end = MEMORY_SPACE if bar.memory else PORT_SPACE
            enabled = command.memory_space if bar.memory else command.io_space
            base = self.configuration_word(bar.offset, 4) & size_mask(bar.region.size)
            fits = enabled and 0 < base <= end - bar.region.size
            yield Placement(bar.region, bar.memory, base if fits else None)
        if self.expansion_rom is not None:
            register = self.configuration_word(EXPANSION_ROM, 4)
            base = register & size_mask(self.expansion_rom.image.size)
            fits = command.memory_space and register & ROM_ENABLE and base > 0
            yield Placement(self.expansion_rom.image, True, base if fits else None)

    def reset(self) -> None:
        """RST#: configuration space and state take their reset values."""
        self.state = type(self.state)()
        self.state.configuration = bytearray(self.space.reset)
        self.moved()
        self.drive_outputs()

    def restore(self, plain: Plain) -> None:
        """Take a saved state; regions go where it has them."""
        super().restore(plain)
        self.moved()
