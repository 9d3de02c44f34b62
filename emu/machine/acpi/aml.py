"""ACPI Machine Language: each function encodes one construct, and nests as ASL does.

[ACPI] Advanced Configuration and Power Interface specification 2.0, chapters 17 (ASL) and 18 (AML).
Terms, names and values are byte strings, so `store(ZERO, b"MASK")` wants its names encoded: by `path`.
"""

from __future__ import annotations

from enum import IntEnum

ZERO, ONE = b"\x00", b"\x01"
LOCAL_0, ARGUMENT_0 = b"\x60", b"\x68"
NOWHERE = ZERO
"""The target of an operation whose result is only its value."""
SERIALIZED = 1 << 3


class Space(IntEnum):
    """Address spaces of operation regions, [ACPI] 18.2.5.2."""

    PCI_CONFIGURATION = 2


class Access(IntEnum):
    """How wide accesses to a field are, [ACPI] 18.2.5.2."""

    BYTE = 1


def path(name: str) -> bytes:
    """NameString: segments of up to 4 characters with dots between, from the root after a backslash."""
    root, rest = (b"\\", name[1:]) if name.startswith("\\") else (b"", name)
    segments = [segment.encode("ascii").ljust(4, b"_") for segment in rest.split(".")]
    if any(len(segment) != 4 for segment in segments):
        raise ValueError(f"a segment of {name} is longer than 4 characters")
    prefix = {1: b"", 2: b"\x2e"}.get(len(segments), b"\x2f" + bytes((len(segments),)))
    return root + prefix + b"".join(segments)


def integer(value: int) -> bytes:
    """The shortest constant of up to 32 bits."""
    if value < 2:
        return bytes((value,))
    for prefix, width in ((b"\x0a", 1), (b"\x0b", 2), (b"\x0c", 4)):
        if value < 1 << 8 * width:
            return prefix + value.to_bytes(width, "little")
    raise ValueError(f"{value:#x} has more than 32 bits")


def eisa_id(identity: str) -> bytes:
    """EISAID: three letters and four hexadecimal digits in a DWordConst."""
    letters = 0
    for letter in identity[:3]:
        letters = letters << 5 | ord(letter) - 0x40
    packed = letters << 16 | int(identity[3:], 16)
    return b"\x0c" + packed.to_bytes(4, "big")


def buffer(data: bytes) -> bytes:
    """Buffer."""
    return b"\x11" + _with_length(integer(len(data)) + data)


def package(*elements: bytes) -> bytes:
    """Package of up to 255 elements."""
    return b"\x12" + _with_length(bytes((len(elements),)) + b"".join(elements))


def name(called: str, value: bytes) -> bytes:
    """Name."""
    return b"\x08" + path(called) + value


def scope(called: str, *terms: bytes) -> bytes:
    """Scope."""
    return b"\x10" + _with_length(path(called) + b"".join(terms))


def device(called: str, *terms: bytes) -> bytes:
    """Device."""
    return b"\x5b\x82" + _with_length(path(called) + b"".join(terms))


def method(called: str, arguments: int, *terms: bytes, serialized: bool = False) -> bytes:
    """Method; one that creates names must be serialized."""
    flags = bytes((arguments | SERIALIZED * serialized,))
    return b"\x14" + _with_length(path(called) + flags + b"".join(terms))


def operation_region(called: str, space: Space, offset: int, size: int) -> bytes:
    """OperationRegion."""
    return b"\x5b\x80" + path(called) + bytes((space,)) + integer(offset) + integer(size)


def fields(region: str, access: Access, **widths: int) -> bytes:
    """Field: names of up to 63 bits each from the region's start on; a write keeps the bits beside it."""
    listed = b"".join(path(called) + _length_prefix(width) for called, width in widths.items())
    return b"\x5b\x81" + _with_length(path(region) + bytes((access,)) + listed)


def create_word_field(source: bytes, offset: int, called: str) -> bytes:
    """CreateWordField: a name for 16 bits of a buffer."""
    return b"\x8b" + source + integer(offset) + path(called)


def store(value: bytes, target: bytes) -> bytes:
    """Store."""
    return b"\x70" + value + target


def bit_and(left: bytes, right: bytes, target: bytes = NOWHERE) -> bytes:
    """And."""
    return b"\x7b" + left + right + target


def bit_or(left: bytes, right: bytes, target: bytes = NOWHERE) -> bytes:
    """Or."""
    return b"\x7d" + left + right + target


def shift_left(value: bytes, count: bytes, target: bytes = NOWHERE) -> bytes:
    """ShiftLeft."""
    return b"\x79" + value + count + target


def lowest_bit(value: bytes, target: bytes) -> bytes:
    """FindSetRightBit: the number of the lowest set bit counted from 1, or 0."""
    return b"\x82" + value + target


def subtract(left: bytes, right: bytes, target: bytes = NOWHERE) -> bytes:
    """Subtract."""
    return b"\x74" + left + right + target


def if_else(condition: bytes, then: bytes, otherwise: bytes) -> bytes:
    """If and Else."""
    return b"\xa0" + _with_length(condition + then) + b"\xa1" + _with_length(otherwise)


def give(value: bytes) -> bytes:
    """Return."""
    return b"\xa4" + value


def _with_length(body: bytes) -> bytes:
    """PkgLength, which counts its own bytes, and what it is the length of. [ACPI] 18.2.4."""
    own = next(own for own in (1, 2, 3, 4) if own + len(body) < (1 << 8 * own - 4 if own > 1 else 1 << 6))
    return _length_prefix(own + len(body), own) + body


def _length_prefix(length: int, size: int = 1) -> bytes:
    if size == 1:
        return bytes((length,))
    return bytes((size - 1 << 6 | length & 0xF,)) + (length >> 4).to_bytes(size - 1, "little")
