"""A Linux kernel in a few bytes: says how it was entered, its command line and its initrd, and reports 0."""

from __future__ import annotations

from struct import pack_into

from emu.machine import linux

SETUP_SECTORS = 2
RELOAD_DATA_SEGMENT = b"\x66\xb8\x18\x00\x8e\xd8"
PUSH_POP = b"\x50\x58"
SAY = b"\x66\xba\xf8\x03\xee"
"""AL to COM1."""
SAY_TEXT = b"\x89\xc6" + b"\xac\x84\xc0\x74\x07" + SAY + b"\xeb\xf4"
"""The zero-terminated text at EAX."""
HANG = b"\xfa\xf4"
"""Stands at the entry that is not to be taken."""
REPORT = b"\xb0\x00\x66\xba\xf4\x00\xee\xf4"

# The same bytes in both modes, but for 48 90: in 64-bit mode a NOP, else DEC EAX.
PROGRAM = (
    b"\x89\xf3"  # mov ebx, esi
    + RELOAD_DATA_SEGMENT
    + PUSH_POP
    + b"\x31\xc0\x48\x90\x24\x01\x04\x30"  # xor eax, eax; dec eax or nop; and al, 1; add al, '0'
    + SAY
    + b"\x8b\x83\x28\x02\x00\x00"  # mov eax, [ebx + command line]
    + SAY_TEXT
    + b"\x8b\x83\x18\x02\x00\x00"  # mov eax, [ebx + initrd]
    + SAY_TEXT
    + REPORT
)


def bzimage(
    *, entry_64: bool = True, version: int = 0x20F, flags: int = 1, initial_size: int = 1 << 20
) -> bytes:
    """Such a kernel; it wants to unpack itself from 1 MiB on."""
    start = HANG if entry_64 else PROGRAM
    code = start.ljust(linux.ENTRY_64, b"\0") + (PROGRAM if entry_64 else HANG)
    setup = bytearray((SETUP_SECTORS + 1) * linux.SECTOR)
    setup[linux.SETUP_SECTORS] = SETUP_SECTORS
    setup[linux.SIGNATURE : linux.SIGNATURE + 4] = linux.MAGIC
    setup[linux.HEADER_END] = linux.INITIAL_SIZE + 4 - linux.SIGNATURE
    setup[linux.LOAD_FLAGS] = flags
    pack_into("<H", setup, linux.VERSION, version)
    pack_into("<I", setup, linux.SIZE_IN_PARAGRAPHS, -(-len(code) // linux.PARAGRAPH))
    pack_into("<I", setup, linux.LAST_INITRD_BYTE, 0x7FFF_FFFF)
    pack_into("<H", setup, linux.EXTRA_LOAD_FLAGS, linux.HAS_64_BIT_ENTRY * entry_64)
    pack_into("<I", setup, linux.COMMAND_LINE_SIZE, 2047)
    pack_into("<QI", setup, linux.PREFERRED_ADDRESS, linux.KERNEL, initial_size)
    return bytes(setup) + code
