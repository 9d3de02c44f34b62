"""Blocks of memory, disks and files as a stream of records, and the digest of a file by its blocks.

A record is `<BQI`: which space (0 is memory, 1 and up what the caller says), the block's number, the length
of what follows; then the block, compressed by zlib. Of length 0 it is all zeros. Later records win.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from typing import IO, Protocol

HEADER = struct.Struct("<BQI")
MEMORY = 0
FILE_BLOCK = 0x1_0000
Key = tuple[int, int]
"""A space and a block's number."""


class Writable(Protocol):
    """What records are written to."""

    def write(self, data: bytes, /) -> object:
        """Take `data`."""


def write_block(stream: Writable, key: Key, content: bytes) -> None:
    """Add a record."""
    packed = b"" if content.count(0) == len(content) else zlib.compress(content, 1)
    write_packed(stream, key, packed)


def write_packed(stream: Writable, key: Key, packed: bytes) -> None:
    """Add a record of what is compressed already."""
    stream.write(HEADER.pack(*key, len(packed)) + packed)


def read_packed(stream: IO[bytes], largest: int) -> Iterator[tuple[Key, bytes]]:
    """The records, as they are, of blocks of at most `largest` bytes. Raises ValueError."""
    while head := stream.read(HEADER.size):
        space, number, length = HEADER.unpack(head)
        if length > largest + (largest >> 8) + 64:
            raise ValueError("a block is too long")
        packed = stream.read(length)
        if len(packed) < length:
            raise ValueError("the last block is cut")
        yield (space, number), packed


def unpacked(packed: bytes, size: int) -> bytes:
    """A block of `size` bytes. Raises ValueError where it has another size, or zlib.error."""
    if not packed:
        return bytes(size)
    content = zlib.decompressobj().decompress(packed, size + 1)
    if len(content) != size:
        raise ValueError("a block has another size")
    return content


def file_size(descriptor: int) -> int:
    """Bytes in a file or a block device."""
    return os.lseek(descriptor, 0, os.SEEK_END)


def file_blocks(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """The blocks of a file that are not all zeros, by number; holes are passed over. Raises OSError."""
    size = file_size(descriptor)
    offset = 0
    while offset < size:
        offset = _next_data(descriptor, offset, size) // FILE_BLOCK * FILE_BLOCK
        content = _read(descriptor, min(FILE_BLOCK, size - offset), offset) if offset < size else b""
        if content.count(0) != len(content):
            yield offset // FILE_BLOCK, content
        offset += FILE_BLOCK


class Digest:
    """SHA-256 over a file's size and its blocks that are not all zeros, each behind its number.

    So a hole costs nothing, and a file with holes is the same as one with zeros.
    """

    def __init__(self, size: int) -> None:
        self._hash = hashlib.sha256(size.to_bytes(8, "little"))
        self.bytes_seen = 0

    def add(self, number: int, content: bytes) -> None:
        """The next block."""
        self._hash.update(number.to_bytes(8, "little") + content)
        self.bytes_seen += len(content)

    def hexdigest(self) -> str:
        """The digest of what was added."""
        return self._hash.hexdigest()


def digest_of(descriptor: int) -> Digest:
    """The digest of a whole file. Raises OSError."""
    digest = Digest(file_size(descriptor))
    for number, content in file_blocks(descriptor):
        digest.add(number, content)
    return digest


def _next_data(descriptor: int, offset: int, size: int) -> int:
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        # No data behind, or a file system (or device) that knows of no holes.
        return size if error.errno == errno.ENXIO else offset


def _read(descriptor: int, length: int, offset: int) -> bytes:
    parts = []
    while length and (part := os.pread(descriptor, length, offset)):
        parts.append(part)
        offset, length = offset + len(part), length - len(part)
    return b"".join(parts)
