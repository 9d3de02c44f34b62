"""Frames of the GDB remote serial protocol: bytes in, values out. No sockets, no machine.

[GDB] "Debugging with GDB", appendix E.1: a packet is `$payload#cc`; cc is the sum of the bytes between in
hexadecimal. `}` escapes the next byte, which is XORed with 0x20; `*` repeats the byte before it. Outside of
packets `+` and `-` acknowledge, and 0x03 interrupts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

LARGEST = 0x4000
"""Bytes of payload that a packet may have, either way."""

BEGIN, END, ESCAPE, REPEAT = b"$#}*"
INTERRUPT = 0x03
ESCAPED_BY = 0x20
REPEAT_BASE = 29
LONGEST_REPEAT, SHORTEST_REPEAT = 97, 3
SPECIAL = frozenset((BEGIN, END, ESCAPE, REPEAT))


@dataclass(frozen=True)
class Packet:
    """A whole packet with the right sum; the payload is decoded."""

    payload: bytes


class Sign(Enum):
    """What comes besides packets."""

    RECEIVED = "the other side got our packet"
    AGAIN = "the other side wants our packet once more"
    INTERRUPT = "the user wants the machine stopped"
    DAMAGED = "a packet came, but not as it was sent"
    TOO_LARGE = "a packet came that is larger than we announced"


OUTSIDE = {ord("+"): Sign.RECEIVED, ord("-"): Sign.AGAIN, INTERRUPT: Sign.INTERRUPT}


class Receiver:
    """Takes a stream in pieces of any size."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._raw: bytearray | None = None
        """What came since `$`; None outside of a packet."""
        self._sum: bytearray | None = None
        """What came since `#`; None before."""
        self._too_large = False

    def feed(self, data: bytes) -> Iterator[Packet | Sign]:
        """What is complete with `data`."""
        for byte in data:
            found = self._take(byte)
            if found is not None:
                yield found

    def _take(self, byte: int) -> Packet | Sign | None:
        if byte == BEGIN:  # never part of a packet: whatever was under way is lost
            self._raw, self._sum, self._too_large = bytearray(), None, False
        elif self._raw is None:
            return OUTSIDE.get(byte)
        elif self._sum is not None:
            self._sum.append(byte)
            if len(self._sum) == 2:
                return self._end(bytes(self._raw), bytes(self._sum))
        elif byte == END:
            self._sum = bytearray()
        elif len(self._raw) < self._largest:
            self._raw.append(byte)
        else:
            self._too_large = True
        return None

    def _end(self, raw: bytes, digits: bytes) -> Packet | Sign:
        too_large = self._too_large
        self._raw, self._sum, self._too_large = None, None, False
        if too_large:
            return Sign.TOO_LARGE
        if digits.lower() != checksum(raw):
            return Sign.DAMAGED
        payload = decode(raw)
        if payload is None:
            return Sign.DAMAGED
        return Packet(payload) if len(payload) <= self._largest else Sign.TOO_LARGE


def checksum(raw: bytes) -> bytes:
    """The sum of `raw` as two hexadecimal digits."""
    return b"%02x" % (sum(raw) & 0xFF)


def decode(raw: bytes) -> bytes | None:
    """The payload that `raw` stands for, or None where an escape or a repetition is incomplete."""
    payload = bytearray()
    bytes_left = iter(raw)
    for byte in bytes_left:
        if byte == ESCAPE:
            escaped = next(bytes_left, None)
            if escaped is None:
                return None
            payload.append(escaped ^ ESCAPED_BY)
        elif byte == REPEAT:
            count = next(bytes_left, 0) - REPEAT_BASE
            if count < SHORTEST_REPEAT or count > LONGEST_REPEAT or not payload:
                return None
            payload += payload[-1:] * count
        else:
            payload.append(byte)
    return bytes(payload)


def encode(payload: bytes) -> bytes:
    """`payload` with escapes and repetitions."""
    raw = bytearray()
    at = 0
    while at < len(payload):
        byte = payload[at]
        run = 1
        while run <= LONGEST_REPEAT and payload[at + run : at + run + 1] == payload[at : at + 1]:
            run += 1
        at += run
        symbol = bytes((ESCAPE, byte ^ ESCAPED_BY)) if byte in SPECIAL else bytes((byte,))
        raw += symbol + _repetition(symbol, run - 1)
    return bytes(raw)


def _repetition(symbol: bytes, count: int) -> bytes:
    """`count` times more what `symbol` stands for, as short as can be."""
    if count < SHORTEST_REPEAT:
        return symbol * count
    if REPEAT_BASE + count in SPECIAL:  # these bytes stand for themselves nowhere
        return symbol + _repetition(symbol, count - 1)
    return bytes((REPEAT, REPEAT_BASE + count))


def frame(payload: bytes) -> bytes:
    """`payload` as a packet."""
    raw = encode(payload)
    return b"$" + raw + b"#" + checksum(raw)
