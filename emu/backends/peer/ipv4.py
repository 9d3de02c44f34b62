"""IPv4 datagrams and the checksum that the protocols above share. [RFC 791], [RFC 1071]

Fragments are dropped: nobody here sends what does not fit into one frame.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

ICMP, UDP = 1, 17
"""Protocols."""
BROADCAST = b"\xff" * 4
NOBODY = bytes(4)

_HEADER = struct.Struct(">BBHHHBBH4s4s")
_VERSION, _WORDS = 4, 5
_DO_NOT_FRAGMENT, _FRAGMENT = 0x4000, 0xBFFF
"""Every bit beside do-not-fragment belongs to a fragment, or must be zero."""
_TIME_TO_LIVE = 64


def checksum(data: bytes) -> int:
    """The complement of the ones' complement sum; 0 over data that holds its own sound checksum."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@dataclass(frozen=True)
class Datagram:
    """A whole datagram without options."""

    source: bytes
    destination: bytes
    protocol: int
    payload: bytes

    @classmethod
    def parse(cls, data: bytes) -> Datagram | None:
        """The datagram that `data` begins with; None where it is unsound or a fragment."""
        if len(data) < _HEADER.size:
            return None
        first, _, length, _, fragment, _, protocol, _, source, destination = _HEADER.unpack_from(data)
        start = (first & 0xF) * 4
        sound = first >> 4 == _VERSION and _HEADER.size <= start <= length <= len(data)
        if not sound or fragment & _FRAGMENT or checksum(data[:start]):
            return None
        return cls(source, destination, protocol, data[start:length])

    def encode(self) -> bytes:
        """The bytes. The identification is 0, as it may be where fragmenting is forbidden [RFC 6864]."""
        length = _HEADER.size + len(self.payload)
        fields = (_VERSION << 4 | _WORDS, 0, length, 0, _DO_NOT_FRAGMENT, _TIME_TO_LIVE, self.protocol)
        unsigned = _HEADER.pack(*fields, 0, self.source, self.destination)
        return _HEADER.pack(*fields, checksum(unsigned), self.source, self.destination) + self.payload
