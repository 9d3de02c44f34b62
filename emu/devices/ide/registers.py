"""The registers of an ATA channel.

[ATA6] ATA/ATAPI-6 (T13 1410D), chapter 7. [PIIX3] Intel 82371SB datasheet 290550, 2.7.
"""

from __future__ import annotations

from enum import IntEnum

from emu.core.registers import Access, Named, Register, bit, field, registers

COMMAND_BLOCK_SIZE = 8
DATA, ERROR, COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, STATUS = range(COMMAND_BLOCK_SIZE)
FEATURES, COMMAND = ERROR, STATUS
"""Offsets in the command block; features and command are written where error and status are read."""


class Status(Register):
    """The status register. [ATA6] 7.15."""

    error = bit(0)
    data_request = bit(3)
    seek_complete = bit(4)
    device_fault = bit(5)
    ready = bit(6)
    busy = bit(7)


READY = Status(0).replace(ready=1, seek_complete=1)
"""What an idle disk shows."""
DATA_READY = READY.replace(data_request=1)
"""What a drive shows while a block is to be moved."""
NOT_READY_FOR_COMMANDS = Status(0).replace(busy=1, data_request=1)


class Error(Register):
    """The error register of a disk. [ATA6] 7.9."""

    no_address_mark = bit(0)
    end_of_media = bit(1)
    aborted = bit(2)
    media_change_request = bit(3)
    id_not_found = bit(4)
    media_changed = bit(5)
    uncorrectable = bit(6)


ABORTED = Error(0).replace(aborted=1)
ID_NOT_FOUND = Error(0).replace(id_not_found=1)
UNCORRECTABLE = Error(0).replace(uncorrectable=1)
DIAGNOSTICS_PASSED = 0x01


class DeviceSelect(Register):
    """The device register. [ATA6] 7.7; bits 7 and 5 read 1 as on older drives."""

    address = field(3, 0)
    device = bit(4)
    lba = bit(6)


DEVICE_FIXED = 0xA0


class DeviceControl(Register):
    """The device control register. [ATA6] 7.8."""

    interrupt_disable = bit(1)
    software_reset = bit(2)
    high_order_byte = bit(7)


INTERRUPT_DISABLE = DeviceControl.interrupt_disable.mask
SOFTWARE_RESET = DeviceControl.software_reset.mask
HIGH_ORDER_BYTE = DeviceControl.high_order_byte.mask
"""Bits that every access looks at."""


class InterruptReason(Register):
    """What the sector count register means in the packet protocol. [ATA6] 8.23."""

    command = bit(0)
    to_host = bit(1)
    release = bit(2)


class Command(IntEnum):
    """Command codes, with the names of [ATA6] chapter 8 (obsolete ones as [ATA3] has them)."""

    NOP = 0x00
    DEVICE_RESET = 0x08
    RECALIBRATE = 0x10
    READ_SECTORS = 0x20
    READ_SECTORS_NO_RETRY = 0x21
    READ_SECTORS_EXT = 0x24
    READ_DMA_EXT = 0x25
    READ_MULTIPLE_EXT = 0x29
    WRITE_SECTORS = 0x30
    WRITE_SECTORS_NO_RETRY = 0x31
    WRITE_SECTORS_EXT = 0x34
    WRITE_DMA_EXT = 0x35
    WRITE_MULTIPLE_EXT = 0x39
    READ_VERIFY = 0x40
    READ_VERIFY_NO_RETRY = 0x41
    READ_VERIFY_EXT = 0x42
    SEEK = 0x70
    EXECUTE_DEVICE_DIAGNOSTIC = 0x90
    INITIALIZE_DEVICE_PARAMETERS = 0x91
    STANDBY_IMMEDIATE_OLD = 0x94
    IDLE_IMMEDIATE_OLD = 0x95
    STANDBY_OLD = 0x96
    IDLE_OLD = 0x97
    CHECK_POWER_MODE_OLD = 0x98
    SLEEP_OLD = 0x99
    PACKET = 0xA0
    IDENTIFY_PACKET_DEVICE = 0xA1
    READ_MULTIPLE = 0xC4
    WRITE_MULTIPLE = 0xC5
    SET_MULTIPLE_MODE = 0xC6
    READ_DMA = 0xC8
    READ_DMA_NO_RETRY = 0xC9
    WRITE_DMA = 0xCA
    WRITE_DMA_NO_RETRY = 0xCB
    STANDBY_IMMEDIATE = 0xE0
    IDLE_IMMEDIATE = 0xE1
    STANDBY = 0xE2
    IDLE = 0xE3
    CHECK_POWER_MODE = 0xE5
    SLEEP = 0xE6
    FLUSH_CACHE = 0xE7
    FLUSH_CACHE_EXT = 0xEA
    IDENTIFY_DEVICE = 0xEC
    SET_FEATURES = 0xEF


class Feature(IntEnum):
    """Subcommands of SET FEATURES. [ATA6] 8.46."""

    ENABLE_WRITE_CACHE = 0x02
    SET_TRANSFER_MODE = 0x03
    DISABLE_LOOK_AHEAD = 0x55
    KEEP_SETTINGS = 0x66
    DISABLE_WRITE_CACHE = 0x82
    ENABLE_LOOK_AHEAD = 0xAA
    REVERT_TO_DEFAULTS = 0xCC


COMMAND_BLOCK = registers(
    {
        DATA: "data",
        ERROR: Named("error", "features", read_fields=Error),
        COUNT: "sector count",
        LBA_LOW: "LBA low",
        LBA_MID: "LBA mid",
        LBA_HIGH: "LBA high",
        DEVICE: Named("device", read_fields=DeviceSelect, write_fields=DeviceSelect),
        STATUS: Named("status", "command", read_fields=Status),
    }
)
CONTROL_BLOCK = registers(
    {0: Named("alternate status", "device control", read_fields=Status, write_fields=DeviceControl)}
)


class BusMasterCommand(Register):
    """BMICOM. [PIIX3] 2.7.1."""

    start = bit(0)
    to_memory = bit(3)


class BusMasterStatus(Register):
    """BMISTA. [PIIX3] 2.7.2."""

    active = bit(0, Access.READ_ONLY)
    error = bit(1, Access.WRITE_1_TO_CLEAR)
    interrupt = bit(2, Access.WRITE_1_TO_CLEAR)
    drive_0_dma = bit(5)
    drive_1_dma = bit(6)


BUS_MASTER = registers(
    {
        base + offset: named
        for base, channel in ((0, "primary"), (8, "secondary"))
        for offset, named in (
            (
                0,
                Named(
                    f"{channel} bus master command",
                    read_fields=BusMasterCommand,
                    write_fields=BusMasterCommand,
                ),
            ),
            (
                2,
                Named(
                    f"{channel} bus master status", read_fields=BusMasterStatus, write_fields=BusMasterStatus
                ),
            ),
            (4, Named(f"{channel} descriptor table pointer")),
        )
    }
)
