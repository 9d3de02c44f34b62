"""Expansion ROMs in a few bytes."""

from __future__ import annotations

from struct import pack

BLOCK = 512
STRUCTURE = 0x1C
NE2K, VGA = (0x10EC, 0x8029), (0x1234, 0x1111)


def option_rom(
    card: tuple[int, int] = NE2K,
    *,
    blocks: int = 2,
    code: bytes = b"\xcb",
    code_type: int = 0,
    last: bool = True,
    devices: tuple[int, ...] | None = None,
) -> bytes:
    """A PCI ROM image whose initialisation is `code`; `devices` makes it one of revision 3 with a list."""
    listed = b"" if devices is None else b"".join(pack("<H", each) for each in (*devices, 0))
    structure = pack(
        "<4sHHHHB3sHHBBH",
        b"PCIR",
        *card,
        0x1C if listed else 0,
        0x1C,
        3 if listed else 0,
        b"\0\0\2",
        blocks,
        1,
        code_type,
        0x80 * last,
        0,
    )
    head = b"\x55\xaa" + bytes((blocks,)) + b"\xe9" + pack("<H", 0x40 - 6)
    image = bytearray(head.ljust(0x18, b"\0") + pack("<H", STRUCTURE))
    image = bytearray(image.ljust(STRUCTURE, b"\0") + structure.ljust(0x1C, b"\0") + listed)
    image = bytearray(image.ljust(0x40, b"\0") + code).ljust(blocks * BLOCK, b"\0")
    image[-1] = -sum(image[:-1]) & 0xFF
    return bytes(image)
