"""ICMP echo. [RFC 792]"""

from __future__ import annotations

from emu.backends.peer.ipv4 import checksum

_ECHO, _ECHO_REPLY = b"\x08\x00", b"\x00\x00"
"""Type and code."""
_HEADER = 8


def answer(message: bytes) -> bytes | None:
    """The reply to an echo request; None to anything else."""
    if len(message) < _HEADER or not message.startswith(_ECHO) or checksum(message):
        return None
    rest = message[4:]
    return _ECHO_REPLY + checksum(_ECHO_REPLY + rest).to_bytes(2, "big") + rest
