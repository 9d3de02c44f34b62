"""Expansion ROMs of PCI cards: a file is checked, and prepared as who burns it into the card's chip would.

Bytes in, bytes out. [PCI] PCI Local Bus Specification 2.1, 6.3.1 (contents of an expansion ROM);
[PCI firmware] PCI Firmware Specification 3.0, 5.1.2 (the list of devices).
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import iter_unpack, pack_into, unpack_from

from emu.core.memory import PAGE

LARGEST = 1 << 20
BLOCK = 512
SIGNATURE, STRUCTURE_SIGNATURE = b"\x55\xaa", b"PCIR"
STRUCTURE_POINTER, CHECKSUM = 0x18, 0x06
VENDOR_ID, DEVICE_LIST, REVISION, LENGTH, CODE_TYPE, INDICATOR = 0x04, 0x08, 0x0C, 0x10, 0x14, 0x15
SHORTEST_STRUCTURE = 0x18
LAST_IMAGE = 0x80
PC_COMPATIBLE = 0
FIRST_WITH_DEVICE_LIST = 3
EMPTY = b"\xff"


class RomError(ValueError):
    """What was given is no ROM of the card; one sentence with the remedy."""


def prepare(file: bytes, vendor_id: int, device_id: int) -> bytes:
    """What the card's ROM chip holds, a power of two in size. Raises RomError.

    Firmware looks for a card's IDs where the PCI data structure has one pair. A ROM for a family of cards,
    which names none there, or this one in its list of devices, gets them.
    """
    if len(file) > LARGEST:
        raise RomError(f"it is too large: an expansion ROM has at most {LARGEST >> 10} KiB")
    rom = bytearray(file)
    start, structure = _pc_image(file)
    size = file[start + 2] * BLOCK
    if sum(file[start : start + size]) & 0xFF:
        raise RomError("its bytes do not sum to 0: give one with a right checksum, or firmware ignores it")
    wanted = vendor_id | device_id << 16
    found = unpack_from("<I", file, structure + VENDOR_ID)[0]
    if found != wanted:
        if found and wanted not in _devices(file, structure):
            raise RomError(f"it is for the card {_name(found)}: give one for {_name(wanted)}")
        before = sum(rom[structure + VENDOR_ID : structure + VENDOR_ID + 4])
        pack_into("<I", rom, structure + VENDOR_ID, wanted)
        after = sum(rom[structure + VENDOR_ID : structure + VENDOR_ID + 4])
        rom[start + CHECKSUM] = rom[start + CHECKSUM] + before - after & 0xFF
    chip = max(PAGE, 1 << (len(rom) - 1).bit_length())
    return bytes(rom).ljust(chip, EMPTY)


def _pc_image(file: bytes) -> tuple[int, int]:
    """Where the image for a PC's BIOS begins, and where its PCI data structure."""
    for start, structure in _images(file):
        if file[structure + CODE_TYPE] == PC_COMPATIBLE:
            if start + file[start + 2] * BLOCK > len(file) or not file[start + 2]:
                raise RomError("it is truncated: give the whole ROM")
            return start, structure
    raise RomError("it has no image for a PC's BIOS: give one that is not for EFI alone")


def _images(file: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while file[start : start + 2] == SIGNATURE and start + STRUCTURE_POINTER + 2 <= len(file):
        structure = start + unpack_from("<H", file, start + STRUCTURE_POINTER)[0]
        whole = structure + SHORTEST_STRUCTURE <= len(file)
        if not whole or file[structure : structure + 4] != STRUCTURE_SIGNATURE:
            raise RomError("it has no PCI data structure: give the ROM of a PCI card")
        yield start, structure
        blocks = unpack_from("<H", file, structure + LENGTH)[0]
        if file[structure + INDICATOR] & LAST_IMAGE or not blocks:
            return
        start += blocks * BLOCK
    if not start:
        raise RomError("it does not begin with 55 AA: give an expansion ROM")


def _devices(file: bytes, structure: int) -> list[int]:
    """The cards in the list of devices, vendor in the low half."""
    offset = unpack_from("<H", file, structure + DEVICE_LIST)[0]
    if file[structure + REVISION] < FIRST_WITH_DEVICE_LIST or not offset:
        return []
    vendor, devices = file[structure + VENDOR_ID : structure + VENDOR_ID + 2], []
    rest = file[structure + offset :]
    for (device,) in iter_unpack("<H", rest[: len(rest) & ~1]):
        if not device:
            break
        devices.append(int.from_bytes(vendor, "little") | device << 16)
    return devices


def _name(card: int) -> str:
    return f"{card & 0xFFFF:04x}:{card >> 16:04x}"
