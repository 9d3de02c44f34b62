"""The DP8390's state, and the CRC arithmetic that its two halves share."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import crc32

from emu.devices.ne2k.registers import (
    Command,
    DataConfiguration,
    InterruptMask,
    InterruptStatus,
    ReceiveConfiguration,
    ReceiveStatus,
    TransmitConfiguration,
    TransmitStatus,
)

CRC_SIZE = 4
FIFO_SIZE = 8


@dataclass
class Dp8390State:
    """The registers, by the sheet's names."""

    command: Command = field(default_factory=lambda: Command(0x21))
    interrupt_status: InterruptStatus = field(default_factory=lambda: InterruptStatus(0x80))
    interrupt_mask: InterruptMask = field(default_factory=InterruptMask)
    data_configuration: DataConfiguration = field(default_factory=lambda: DataConfiguration(0x04))
    # transmitter
    transmit_configuration: TransmitConfiguration = field(default_factory=TransmitConfiguration)
    transmit_status: TransmitStatus = field(default_factory=TransmitStatus)
    transmit_page: int = 0
    transmit_count: int = 0
    # receiver
    receive_configuration: ReceiveConfiguration = field(default_factory=ReceiveConfiguration)
    receive_status: ReceiveStatus = field(default_factory=ReceiveStatus)
    physical_address: bytearray = field(default_factory=lambda: bytearray(6))
    multicast: bytearray = field(default_factory=lambda: bytearray(8))
    page_start: int = 0
    page_stop: int = 0
    boundary: int = 0
    current_page: int = 0
    alignment_errors: int = 0
    crc_errors: int = 0
    missed_packets: int = 0
    # DMA
    local_address: int = 0
    remote_address: int = 0
    remote_count: int = 0
    fifo: bytearray = field(default_factory=lambda: bytearray(FIFO_SIZE))
    fifo_position: int = 0


def frame_check(data: bytes) -> bytes:
    """The four CRC bytes that follow `data` on the wire."""
    return crc32(data).to_bytes(CRC_SIZE, "little")


def multicast_index(address: bytes) -> int:
    """Which of the 64 bits of MAR speaks for an address: the six highest bits of its CRC."""
    low_bits = ~crc32(address) & 0x3F
    return int(f"{low_bits:06b}"[::-1], 2)
