"""PIIX3 function 1: the IDE interface, two channels at the ports that PCs have always had.

[PIIX3] Intel 82371FB/82371SB datasheet 290550: 2.3 (configuration), 2.7 (bus master registers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from emu.core.bus import Region
from emu.core.registers import Register, bit
from emu.core.registers import field as bits
from emu.core.state import Plain, StateError, items
from emu.devices.ide.ata import AtaDisk
from emu.devices.ide.bus_master import BusMaster, BusMasterState
from emu.devices.ide.channel import Channel
from emu.devices.ide.drive import Drive
from emu.devices.ide.registers import BUS_MASTER
from emu.devices.pci.configuration import ConfigurationSpace
from emu.devices.pci.function import Bar, FunctionState, PciFunction, Placement

TIMING = 0x40
BUS_MASTER_PORTS, CHANNEL_PORTS = 16, 8


class Timing(Register):
    """IDETIM: one channel's timing, and whether its ports are decoded. [PIIX3] 2.3.9."""

    drive_0 = bits(3, 0)
    drive_1 = bits(7, 4)
    recovery_time = bits(9, 8)
    sample_point = bits(13, 12)
    slave_timing = bit(14)
    decode = bit(15)


def configuration_space() -> ConfigurationSpace:
    """The function's registers.

    The sheet resets IDETIM to 0 and firmware sets the decode bit. It is set from the start here, because
    Linux drops a channel whose bit is clear and a kernel may be started without firmware.
    """
    space = ConfigurationSpace.header(0x8086, 0x7010, 0x01_01_80, command_writable=0x0005)
    for channel in range(2):
        decoding = Timing(0).replace(decode=1)
        space = space.declare(TIMING + 2 * channel, 2, reset=decoding, writable=0xF3FF)
    return space.declare(0x44, 1, writable=0xFF)  # SIDETIM


@dataclass
class IdeState(FunctionState):
    """Configuration space and both bus masters; channels and drives save their own."""

    bus_masters: list[BusMasterState] = field(default_factory=lambda: [BusMasterState(), BusMasterState()])


@dataclass(frozen=True)
class HardDisk:
    """A disk that the unplug protocol can remove; position 0 to 3, as drives are counted."""

    name: str
    position: int
    channel: Channel

    @property
    def location(self) -> str:
        """Where the disk is, in words."""
        return f"{self.channel.name} {'slave' if self.position & 1 else 'master'}"

    @property
    def present(self) -> bool:
        """Whether the disk is still plugged in."""
        return self.channel.positions[self.position & 1].present

    def unplug(self) -> None:
        """Flush and close the image, leave the position empty, reset the channel."""
        self.channel.unplug(self.position & 1)


class IdeController(PciFunction[IdeState]):
    """Device 1, function 1. Its channels answer while I/O space is enabled and their ports are decoded."""

    def __init__(
        self,
        name: str,
        *,
        primary: Channel,
        secondary: Channel,
        read_memory: Callable[[int, int], bytes],
        write_memory: Callable[[int, bytes], None],
    ) -> None:
        """The callables are `Memory.read` and `Memory.write`, for the bus master."""
        ports = Region(
            f"{name} bus master",
            0,
            BUS_MASTER_PORTS,
            self._read_master,
            self._write_master,
            widest=4,
            registers=BUS_MASTER,
        )
        state = IdeState()
        super().__init__(name, state, configuration_space(), [Bar(4, ports)])
        self.channels = (primary, secondary)
        self._masters = tuple(
            BusMaster(channel, each, read_memory, write_memory, lambda: bool(self.command.bus_master))
            for channel, each in zip(self.channels, state.bus_masters, strict=True)
        )

    @property
    def hard_disks(self) -> tuple[HardDisk, ...]:
        """The disks that were wired to the four positions, plugged in or not; CD drives are none."""
        return tuple(
            HardDisk(place.name, 2 * number + slave, channel)
            for number, channel in enumerate(self.channels)
            for slave, place in enumerate(channel.positions)
            if isinstance(place, AtaDisk)
        )

    def placements(self) -> Iterator[Placement]:
        """The bus master by BAR 4, and each channel at its fixed ports while it is decoded."""
        yield from super().placements()
        for number, channel in enumerate(self.channels):
            decoded = Timing(self.configuration_word(TIMING + 2 * number, 2)).decode
            enabled = self.command.io_space and decoded
            for region in channel.ports():
                yield Placement(region, False, region.base if enabled else None)

    def reset(self) -> None:
        """Power on, with all drives."""
        super().reset()
        self._adopt_state()
        for channel in self.channels:
            channel.reset()

    def save(self) -> Plain:
        """The function, its channels and their drives."""
        return {"function": super().save(), "channels": [channel.save() for channel in self.channels]}

    def restore(self, plain: Plain) -> None:
        """Take a saved state."""
        if not isinstance(plain, dict) or set(plain) != {"function", "channels"}:
            raise StateError(f"{self.name}: no function and channels")
        super().restore(plain["function"])
        self._adopt_state()
        for channel, saved in zip(self.channels, items(plain["channels"], 2, self.name), strict=True):
            channel.restore(saved)

    def close_images(self) -> None:
        """The orderly end of a run: images of drives that are still plugged in are flushed and closed."""
        for channel in self.channels:
            for place in channel.positions:
                if isinstance(place, Drive) and place.present:
                    place.close()

    def _adopt_state(self) -> None:
        for master, state in zip(self._masters, self.state.bus_masters, strict=True):
            master.state = state

    def _read_master(self, offset: int, width: int) -> int:
        return self._masters[offset // CHANNEL_PORTS].read(offset % CHANNEL_PORTS, width)

    def _write_master(self, offset: int, width: int, value: int) -> None:
        self._masters[offset // CHANNEL_PORTS].write(offset % CHANNEL_PORTS, width, value)
