"""Expansion ROMs for tests: a header around given code, and the test ROM of firmware/bios/tests."""

from __future__ import annotations

import subprocess
from pathlib import Path
from struct import pack

BLOCK = 512
STRUCTURE = 0x1C
PNP_HEADER = 0x50
"""Where the test ROM of firmware/bios/tests has its PnP header."""
NE2K, VGA = (0x10EC, 0x8029), (0x1234, 0x1111)


def option_rom(
    card: tuple[int, int] = NE2K,
    *,
    blocks: int = 2,
    code: bytes = b"\xcb",
    code_type: int = 0,
    last: bool = True,
    devices: tuple[int, ...] | None = None,
    pnp: int = 0,
) -> bytes:
    """A PCI ROM image whose initialisation is `code`, at 0x40.

    `devices` makes it one of revision 3 with a list; `pnp` is where in it a PnP header lies.
    """
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
    image = bytearray(head.ljust(0x18, b"\0") + pack("<HH", STRUCTURE, pnp))
    image = bytearray(image.ljust(STRUCTURE, b"\0") + structure.ljust(0x1C, b"\0") + listed)
    image = bytearray(image.ljust(0x40, b"\0") + code).ljust(blocks * BLOCK, b"\0")
    image[-1] = -sum(image[:-1]) & 0xFF
    return bytes(image)


def built_rom(folder: Path, card: tuple[int, int] = NE2K) -> bytes:
    """The ROM that says where it runs, hooks INT 61h and offers to boot, assembled in `folder`."""
    made = folder / "option_rom.bin"
    source = Path(__file__).parents[1] / "firmware/bios/tests"
    subprocess.run(["make", "-s", "-C", str(source), f"BUILD={folder}", str(made)], check=True)
    return option_rom(card, code=made.read_bytes(), pnp=PNP_HEADER)
