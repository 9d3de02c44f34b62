"""What a PC's configuration memory says: memory sizes and boot order, where SeaBIOS and QEMU keep them.

[CMOS] The AT's table of configuration bytes; SeaBIOS `src/hw/rtc.h` names the extensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

KIB = 1 << 10
SIXTEEN_MIB = 1 << 24
BASE_MEMORY_KIB = 640
LARGEST_EXTENDED = 0xFFFF


class BootDevice(IntEnum):
    """What a nibble of the boot order means."""

    NONE = 0
    FLOPPY = 1
    DISK = 2
    CDROM = 3
    NETWORK = 4


class Cmos(IntEnum):
    """Addresses behind the clock's registers; words have their low byte first."""

    SHUTDOWN_STATUS = 0x0F
    BASE_MEMORY = 0x15
    EXTENDED_MEMORY = 0x17
    EXTENDED_MEMORY_FOUND = 0x30
    CENTURY = 0x32
    MEMORY_ABOVE_16_MIB = 0x34
    BOOT_FLAG_1 = 0x38
    BOOT_FLAG_2 = 0x3D
    MEMORY_ABOVE_4_GIB = 0x5B


def memory_sizes(*, below_4_gib: int, above_4_gib: int = 0) -> dict[int, int]:
    """The bytes that tell how much RAM there is; the first argument counts from address 0, in bytes."""
    extended = min(max(below_4_gib // KIB - KIB, 0), LARGEST_EXTENDED)
    above_16_mib = min(max(below_4_gib - SIXTEEN_MIB, 0) >> 16, 0xFFFF)
    return {
        **_bytes(Cmos.BASE_MEMORY, BASE_MEMORY_KIB, 2),
        **_bytes(Cmos.EXTENDED_MEMORY, extended, 2),
        **_bytes(Cmos.EXTENDED_MEMORY_FOUND, extended, 2),
        **_bytes(Cmos.MEMORY_ABOVE_16_MIB, above_16_mib, 2),
        **_bytes(Cmos.MEMORY_ABOVE_4_GIB, above_4_gib >> 16, 3),
    }


def boot_order(devices: Sequence[BootDevice], *, check_signature: bool = True) -> dict[int, int]:
    """The bytes that name up to three devices to try, and whether a disk needs the 55 AA signature."""
    first, second, third = (*devices, BootDevice.NONE, BootDevice.NONE, BootDevice.NONE)[:3]
    return {
        Cmos.BOOT_FLAG_1: third << 4 | (not check_signature),
        Cmos.BOOT_FLAG_2: second << 4 | first,
    }


def _bytes(address: int, value: int, length: int) -> dict[int, int]:
    return dict(enumerate(value.to_bytes(length, "little"), address))
