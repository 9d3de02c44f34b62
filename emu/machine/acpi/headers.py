"""What every table begins with. [ACPI] 5.2.5."""

from __future__ import annotations

from struct import pack

OEM, OEM_TABLE, OEM_REVISION = b"EMU   ", b"EMU PC  ", 1
CREATOR, CREATOR_REVISION = b"EMU ", 1
HEADER_SIZE, CHECKSUM = 36, 9


def table(signature: bytes, revision: int, contents: bytes) -> bytes:
    """A table with its header; the checksum is firmware's to make."""
    size = HEADER_SIZE + len(contents)
    names = pack("<6s8sI4sI", OEM, OEM_TABLE, OEM_REVISION, CREATOR, CREATOR_REVISION)
    return pack("<4sIBB", signature, size, revision, 0) + names + contents
