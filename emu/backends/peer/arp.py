"""Address resolution for IPv4 on Ethernet. [RFC 826]"""

from __future__ import annotations

import struct

_PACKET = struct.Struct(">HHBBH6s4s6s4s")
"""Hardware, protocol, their lengths, operation, sender's two addresses, target's two."""
_ETHERNET_IPV4 = (1, 0x0800, 6, 4)
_REQUEST, _REPLY = 1, 2


def answer(packet: bytes, hardware: bytes, address: bytes) -> bytes | None:
    """The reply to `packet` of the station with these addresses; None unless it was asked for."""
    if len(packet) < _PACKET.size:
        return None
    *kind, operation, sender, sender_address, _, wanted = _PACKET.unpack_from(packet)
    if tuple(kind) != _ETHERNET_IPV4 or operation != _REQUEST or wanted != address:
        return None
    return _PACKET.pack(*_ETHERNET_IPV4, _REPLY, hardware, address, sender, sender_address)
