"""ROM images in a few bytes of real-mode code: guests that need neither a compiler nor a BIOS."""

from __future__ import annotations

from pathlib import Path

SIZE = 0x1_0000
JUMP_TO_START = b"\xea\x00\x00\x00\xf0"
HALT = b"\xfa\xf4"
FOREVER = b"\xeb\xfe"
TRIPLE_FAULT = b"\x2e\x0f\x01\x1e\x00\xff\xcc"
"""LIDT from F000:FF00, where a limit of 0 lies; INT3."""
COM1, EXIT = 0x3F8, 0xF4


def _dx(port: int) -> bytes:
    return b"\xba" + port.to_bytes(2, "little")


def write(port: int, width: int, value: int) -> bytes:
    """OUT of one, two or four bytes."""
    opcodes = {1: (b"\xb0", b"\xee"), 2: (b"\xb8", b"\xef"), 4: (b"\x66\xb8", b"\x66\xef")}
    load, out = opcodes[width]
    return _dx(port) + load + value.to_bytes(width, "little") + out


def read(port: int, width: int) -> bytes:
    """IN of one, two or four bytes."""
    return _dx(port) + {1: b"\xec", 2: b"\xed", 4: b"\x66\xed"}[width]


def enable_vga() -> bytes:
    """Let the VGA at PCI 03.0 decode its ports and memory."""
    return write(0xCF8, 4, 0x8000_1804) + write(0xCFC, 2, 3)


def say(text: str, port: int = COM1) -> bytes:
    """Put text out byte by byte."""
    return b"".join(write(port, 1, byte) for byte in text.encode())


def report(status: int) -> bytes:
    """Write to the exit port, then halt."""
    return write(EXIT, 1, status) + HALT


def rom(code: bytes) -> bytes:
    """A ROM that runs `code` at F000:0000."""
    image = bytearray(code.ljust(SIZE, b"\0"))
    image[0xFFF0 : 0xFFF0 + len(JUMP_TO_START)] = JUMP_TO_START
    return bytes(image)


def write_rom(folder: Path, code: bytes) -> str:
    """Put such a ROM into a file; its path."""
    path = folder / "rom.bin"
    path.write_bytes(rom(code))
    return str(path)
