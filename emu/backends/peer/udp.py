"""UDP messages. [RFC 768]"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from emu.backends.peer.ipv4 import UDP, Datagram, checksum

ECHO = 7
"""The port that sends back what it gets [RFC 862]."""

_HEADER = struct.Struct(">HHHH")


@dataclass(frozen=True)
class Message:
    """A message between two ports."""

    source: int
    destination: int
    payload: bytes

    @classmethod
    def parse(cls, datagram: Datagram) -> Message | None:
        """The message in a datagram; None where it is unsound. A checksum of 0 was not made."""
        data = datagram.payload
        if len(data) < _HEADER.size:
            return None
        source, destination, length, check = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            return None
        data = data[:length]
        if check and checksum(_pseudo_header(datagram.source, datagram.destination, length) + data):
            return None
        return cls(source, destination, data[_HEADER.size :])

    def encode(self, source: bytes, destination: bytes) -> Datagram:
        """The datagram from one IPv4 address to another."""
        length = _HEADER.size + len(self.payload)
        unsigned = _HEADER.pack(self.source, self.destination, length, 0) + self.payload
        check = checksum(_pseudo_header(source, destination, length) + unsigned) or 0xFFFF
        header = _HEADER.pack(self.source, self.destination, length, check)
        return Datagram(source, destination, UDP, header + self.payload)


def _pseudo_header(source: bytes, destination: bytes, length: int) -> bytes:
    return source + destination + struct.pack(">BBH", 0, UDP, length)
