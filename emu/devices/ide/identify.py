"""The 256 words of IDENTIFY DEVICE and IDENTIFY PACKET DEVICE. [ATA6] 8.15, 8.16."""

from __future__ import annotations

import struct
from dataclasses import dataclass

WORDS = 256
MULTIWORD_DMA = 0x20
"""Transfer modes of SET FEATURES from here on are multiword DMA; from 0x40 on they are Ultra DMA."""

_VERSIONS = 0x007E
"""Word 80: ATA-1 to ATA-6."""
_VALID = 0x4000
"""Words 83, 84, 87: bit 14 set and bit 15 clear say that the word is valid."""


def _text(words: list[int], first: int, count: int, text: str) -> None:
    padded = text.encode("ascii").ljust(2 * count)[: 2 * count]
    words[first : first + count] = struct.unpack(f">{count}H", padded)


def _double(words: list[int], first: int, value: int) -> None:
    words[first], words[first + 1] = value & 0xFFFF, value >> 16 & 0xFFFF


def _modes(words: list[int], transfer_mode: int) -> None:
    """Multiword DMA 0 to 2 and PIO up to 4: the PIIX3 knows no Ultra DMA."""
    selected = 1 << (transfer_mode - MULTIWORD_DMA + 8) if transfer_mode >= MULTIWORD_DMA else 0
    words[53] |= 0x0002
    words[63] = 0x0007 | selected
    words[64] = 0x0003
    words[65:69] = [120, 120, 120, 120]


def _names(words: list[int], serial: str, firmware: str, model: str) -> None:
    _text(words, 10, 10, serial)
    _text(words, 23, 4, firmware)
    _text(words, 27, 20, model)


def _packed(words: list[int]) -> bytes:
    return struct.pack(f"<{WORDS}H", *words)


@dataclass(frozen=True)
class Disk:
    """What IDENTIFY DEVICE tells. Geometries are (cylinders, heads, sectors per track)."""

    sectors: int
    default_geometry: tuple[int, int, int]
    geometry: tuple[int, int, int]
    largest_multiple: int
    multiple: int
    transfer_mode: int
    write_cache: bool
    look_ahead: bool
    names: tuple[str, str, str]
    """Serial number, firmware revision, model."""


def _capacity(words: list[int], disk: Disk) -> None:
    words[1], words[3], words[6] = disk.default_geometry
    words[53] |= 0x0001
    words[54], words[55], words[56] = disk.geometry
    _double(words, 57, words[54] * words[55] * words[56])
    _double(words, 60, min(disk.sectors, 0x0FFF_FFFF))
    for n in range(4):
        words[100 + n] = disk.sectors >> (16 * n) & 0xFFFF


def disk_data(disk: Disk) -> bytes:
    """IDENTIFY DEVICE."""
    words = [0] * WORDS
    words[0] = 0x0040
    words[47] = 0x8000 | disk.largest_multiple
    words[49] = 0x0B00  # IORDY, LBA, DMA
    words[50] = _VALID
    words[51] = 0x0200
    words[59] = 0x0100 | disk.multiple if disk.multiple else 0
    words[80] = _VERSIONS
    words[82] = 0x4060  # NOP, look-ahead, write cache
    words[83] = _VALID | 0x3400  # FLUSH CACHE EXT, FLUSH CACHE, 48-bit addresses
    words[84] = _VALID
    words[85] = 0x4000 | disk.look_ahead << 6 | disk.write_cache << 5
    words[86], words[87] = 0x3400, _VALID
    _capacity(words, disk)
    _modes(words, disk.transfer_mode)
    _names(words, *disk.names)
    return _packed(words)


def packet_data(*, transfer_mode: int, names: tuple[str, str, str]) -> bytes:
    """IDENTIFY PACKET DEVICE of a CD drive; names are serial, firmware, model."""
    words = [0] * WORDS
    words[0] = 0x85C0  # packet device, CD-ROM, removable, DRQ within 50 us, 12-byte packets
    words[49] = 0x0B00
    words[50] = _VALID
    words[80] = _VERSIONS
    words[82] = 0x4210  # NOP, DEVICE RESET, packet commands
    words[83] = words[84] = _VALID
    words[85], words[87] = 0x4210, _VALID
    _modes(words, transfer_mode)
    _names(words, *names)
    return _packed(words)
