"""Ethernet II frames without their checksum. [RFC 894]"""

from __future__ import annotations

from dataclasses import dataclass

ADDRESS = 6
HEADER = 2 * ADDRESS + 2
SHORTEST, LONGEST = 60, 1514
"""Bytes of a frame, its checksum left out."""
BROADCAST = b"\xff" * ADDRESS
ARP, IPV4 = 0x0806, 0x0800
"""Types of what a frame carries."""


@dataclass(frozen=True)
class Frame:
    """A frame as its receiver sees it: the payload may have padding behind it."""

    destination: bytes
    source: bytes
    kind: int
    payload: bytes

    @classmethod
    def parse(cls, data: bytes) -> Frame | None:
        """The frame in `data`; None where it is too short for a header, or too long for the wire."""
        if not HEADER <= len(data) <= LONGEST:
            return None
        kind = int.from_bytes(data[2 * ADDRESS : HEADER], "big")
        return cls(data[:ADDRESS], data[ADDRESS : 2 * ADDRESS], kind, data[HEADER:])

    def encode(self) -> bytes:
        """The bytes on the wire, padded with zeros to the shortest frame."""
        header = self.destination + self.source + self.kind.to_bytes(2, "big")
        return (header + self.payload).ljust(SHORTEST, b"\0")
