"""What every position of a channel has, and what every drive in one can do with data.

[ATA6] ATA/ATAPI-6 (T13 1410D). A position latches the command block whether or not it holds a drive; a
drive adds the protocols by which data moves: blocks announced by DRQ, and DMA. Commands complete at once,
so BSY is never seen; what takes time on a real drive happens in `execute` and where a block ends.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from emu.core.backends import BlockBackend
from emu.core.device import Device
from emu.core.errors import HostError
from emu.devices.ide.registers import (
    COUNT,
    DATA_READY,
    DEVICE,
    DEVICE_FIXED,
    DIAGNOSTICS_PASSED,
    ERROR,
    FEATURES,
    LBA_HIGH,
    LBA_LOW,
    LBA_MID,
    READY,
    DeviceSelect,
    Error,
    Status,
)


class Phase(Enum):
    """Which way data moves, if it does."""

    IDLE = "no data to move"
    DATA_IN = "the host is to read a block at the data port"
    DATA_OUT = "the host is to write a block at the data port"
    DMA_IN = "the drive asks the bus master to take data"
    DMA_OUT = "the drive asks the bus master for data"


DATA_IN, DATA_OUT, DMA_IN, DMA_OUT = Phase.DATA_IN, Phase.DATA_OUT, Phase.DMA_IN, Phase.DMA_OUT
"""To look a member up in its class takes longer than what most accesses do."""


@dataclass
class PositionState:
    """The command block. Registers that LBA48 writes twice hold the previous byte above the last one."""

    features: int = 0
    count: int = 0
    lba_low: int = 0
    lba_mid: int = 0
    lba_high: int = 0
    device: DeviceSelect = field(default_factory=DeviceSelect)
    status: Status = READY
    error: int = 0
    interrupt: bool = False


@dataclass
class DriveState(PositionState):
    """A drive besides its command block.

    The block that the host is to read is `data_in` from `position` to `block_end`; what lies behind was read
    ahead. The one that it is to write grows in `data_out` to the `expected` length.
    """

    unplugged: bool = False
    phase: Phase = Phase.IDLE
    data_in: bytes = b""
    position: int = 0
    block_end: int = 0
    data_out: bytearray = field(default_factory=bytearray)
    expected: int = 0


P = TypeVar("P", bound=PositionState)
D = TypeVar("D", bound=DriveState)

NAMES = {
    FEATURES: "features",
    COUNT: "count",
    LBA_LOW: "lba_low",
    LBA_MID: "lba_mid",
    LBA_HIGH: "lba_high",
}


class Position(Device[P]):
    """One of the two places on a channel; as it stands, an empty one."""

    signature = (0xFF, 0xFF)
    """LBA mid and high after a reset. [ATA6] 9.12."""
    idle_status = READY

    def __init__(self, name: str, state: P) -> None:
        super().__init__(name, state)
        self.settle()

    @property
    def present(self) -> bool:
        """Whether a drive is here."""
        return False

    @property
    def wants_dma(self) -> bool:
        """Whether a drive here asks for DMA."""
        return False

    def reset(self) -> None:
        """Power on."""
        super().reset()
        self.settle()

    def software_reset(self) -> None:
        """SRST: what was under way is forgotten; the signature shows."""
        self.settle()

    def settle(self) -> None:
        """The state after a reset or diagnostics: idle, passed, with the signature."""
        self.state.device = DeviceSelect(0)
        self.state.status = self.idle_status
        self.state.error = DIAGNOSTICS_PASSED
        self.state.interrupt = False
        self.show_signature()

    def show_signature(self) -> None:
        """Put the signature that tells kinds of drives apart into the registers."""
        self.state.count = self.state.lba_low = 1
        self.state.lba_mid, self.state.lba_high = self.signature

    def read(self, offset: int, *, high: bool) -> int:
        """A register, or what it held before (`high`, the HOB bit)."""
        if offset == ERROR:
            return self.state.error
        if offset == DEVICE:
            return self.state.device | DEVICE_FIXED
        value: int = getattr(self.state, NAMES[offset])
        return value >> 8 if high else value & 0xFF

    def write(self, offset: int, value: int) -> None:
        """Latch a register."""
        if offset == DEVICE:
            self.state.device = self.state.device.written(value)
        else:
            name = NAMES[offset]
            setattr(self.state, name, (getattr(self.state, name) << 8 | value) & 0xFFFF)

    def execute(self, command: int) -> None:
        """The command register was written while the position was selected."""

    def read_data(self, width: int) -> int:
        """A read of the data port: 1, 2 or 4 bytes wide."""
        return 0

    def write_data(self, width: int, value: int) -> None:
        """A write of the data port."""

    def read_string(self, width: int, count: int) -> bytes:
        """At most `count` reads of the data port in one go."""
        return self.read_data(width).to_bytes(width, "little")

    def write_string(self, width: int, data: bytes) -> int:
        """Writes of the data port in one go; how many bytes were taken."""
        self.write_data(width, int.from_bytes(data[:width], "little"))
        return width

    def dma_read(self, limit: int) -> bytes:
        """Data for the bus master, at most `limit` bytes; empty where there is none."""
        return b""

    def dma_room(self) -> int:
        """How many bytes the drive takes from the bus master now."""
        return 0

    def dma_write(self, data: bytes) -> None:
        """Data from the bus master, at most `dma_room` bytes."""


class EmptyPosition(Position[PositionState]):
    """A position that never held a drive."""

    def __init__(self, name: str) -> None:
        super().__init__(name, PositionState())


class Drive(Position[D], ABC):
    """A drive on a back end: the data protocols that disks and packet devices share."""

    def __init__(self, name: str, state: D, image: BlockBackend | None) -> None:
        self.image = image
        super().__init__(name, state)

    @property
    def present(self) -> bool:
        """Whether the drive is still plugged in."""
        return not self.state.unplugged

    @property
    def wants_dma(self) -> bool:
        """Whether the drive asks for DMA."""
        phase = self.state.phase
        return phase is DMA_IN or phase is DMA_OUT

    def unplug(self) -> None:
        """Leave the channel for good; the image is flushed and closed. Idempotent."""
        if self.state.unplugged:
            return
        self.state.unplugged = True
        self.settle()
        if self.image is not None:
            # There is no register left to tell the guest by; the seam around the back end reports it.
            with suppress(HostError):
                self.image.close()

    def close(self) -> None:
        """The orderly end of a run: the image is flushed and closed. Raises HostError."""
        if self.image is not None:
            self.image.close()

    def settle(self) -> None:
        """The state after a reset or diagnostics; a transfer is forgotten."""
        self.stop_transfer()
        super().settle()
        if self.state.unplugged:
            self.state.lba_mid, self.state.lba_high = Position.signature
            self.state.status = Position.idle_status

    def stop_transfer(self) -> None:
        """No data is to be moved any more."""
        self.state.phase = Phase.IDLE
        self.state.data_in, self.state.position, self.state.block_end = b"", 0, 0
        self.state.data_out, self.state.expected = bytearray(), 0

    # The block protocol

    def offer(self, data: bytes, block: int | None = None) -> None:
        """Announce a block that the host is to read: the first `block` bytes of `data`, or all of it."""
        self.state.phase = DATA_IN
        self.state.data_in, self.state.position = data, 0
        self.state.block_end = len(data) if block is None else block
        self.state.status = DATA_READY

    def accept(self, length: int) -> None:
        """Announce that the host is to write a block of `length` bytes."""
        self.state.phase = DATA_OUT
        self.state.data_out, self.state.expected = bytearray(), length
        self.state.status = DATA_READY

    def complete(self, *, interrupt: bool = True) -> None:
        """The command has succeeded."""
        self.stop_transfer()
        self.state.status = READY
        self.state.interrupt = self.state.interrupt or interrupt

    def fail(self, error: Error, *, fault: bool = False) -> None:
        """The command has failed; `fault` says that the device itself did."""
        self.stop_transfer()
        self.state.status = READY.replace(error=1, device_fault=fault)
        self.state.error = error
        self.state.interrupt = True

    @abstractmethod
    def block_read(self) -> None:
        """The host has read the whole block."""

    @abstractmethod
    def block_written(self, data: bytes) -> None:
        """The host has written the whole block."""

    def read_data(self, width: int) -> int:
        """A read of the data port; one byte wide it consumes a word all the same, four wide two."""
        if width == 4:
            return self._read_word() | self._read_word() << 16
        return self._read_word() & (0xFF if width == 1 else 0xFFFF)

    def write_data(self, width: int, value: int) -> None:
        """A write of the data port; see `read_data`."""
        self._write_word(value & 0xFFFF)
        if width == 4:
            self._write_word(value >> 16)

    def read_string(self, width: int, count: int) -> bytes:
        """As many reads of the data port as the block still allows."""
        state = self.state
        start = state.position
        length = min(count, (state.block_end - start) // width) * width
        if width == 1 or length <= 0 or state.phase is not DATA_IN:
            return super().read_string(width, count)
        state.position = end = start + length
        data = state.data_in[start:end]
        if end == state.block_end:
            self.block_read()
        return data

    def write_string(self, width: int, data: bytes) -> int:
        """As many writes of the data port as the block still allows."""
        state = self.state
        length = min(len(data), state.expected - len(state.data_out)) // width * width
        if width == 1 or state.phase is not DATA_OUT or not length:
            return super().write_string(width, data)
        state.data_out += memoryview(data)[:length]
        self._check_written()
        return length

    def _read_word(self) -> int:
        if self.state.phase is not DATA_IN:
            return 0
        start, end = self.state.position, self.state.block_end
        word = int.from_bytes(self.state.data_in[start : min(start + 2, end)], "little")
        self.state.position = min(start + 2, end)
        if self.state.position == end:
            self.block_read()
        return word

    def _write_word(self, value: int) -> None:
        if self.state.phase is DATA_OUT:
            self.state.data_out += value.to_bytes(2, "little")
            self._check_written()

    def _check_written(self) -> None:
        if len(self.state.data_out) >= self.state.expected:
            self.block_written(bytes(self.state.data_out))
