"""A DHCP server that has one address to give, to whoever asks. [RFC 2131], [RFC 2132]

It remembers nothing: there is one client at the other end of the cable, and the answer is always the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from emu.backends.peer.ipv4 import NOBODY

SERVER_PORT, CLIENT_PORT = 67, 68
LEASE_S = 86_400

_REQUEST, _REPLY = 1, 2
_ETHERNET = b"\x01\x06"
"""Kind and length of hardware addresses."""
_COOKIE = bytes.fromhex("63825363")
_OPTIONS = 240
"""Where options begin, behind the cookie."""
_SHORTEST = 300
_FILE_NAME = 128


class Option(IntEnum):
    """Options, by their numbers."""

    PAD = 0
    SUBNET_MASK = 1
    ROUTER = 3
    REQUESTED_ADDRESS = 50
    LEASE_TIME = 51
    MESSAGE_TYPE = 53
    SERVER_IDENTIFIER = 54
    END = 255


class Kind(IntEnum):
    """Message types."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    ACK = 5
    NAK = 6
    INFORM = 8


@dataclass(frozen=True)
class Lease:
    """What the server tells its client."""

    server: bytes
    address: bytes
    mask: bytes
    boot_file: str = ""


@dataclass(frozen=True)
class Request:
    """What a client says."""

    raw: bytes
    options: dict[int, bytes]

    @classmethod
    def parse(cls, data: bytes) -> Request | None:
        """The request in `data`; None where it is none."""
        sound = len(data) >= _OPTIONS and data[0] == _REQUEST and data[1:3] == _ETHERNET
        if not sound or data[_OPTIONS - len(_COOKIE) : _OPTIONS] != _COOKIE:
            return None
        return cls(data, parse_options(data[_OPTIONS:]))

    @property
    def own_address(self) -> bytes:
        """The address that the client uses already, or zeros."""
        return self.raw[12:16]

    @property
    def wants_broadcast(self) -> bool:
        """Whether the client cannot take a reply to its address yet."""
        return bool(self.raw[10] & 0x80)

    @property
    def hardware(self) -> bytes:
        """The client's Ethernet address."""
        return self.raw[28:34]


@dataclass(frozen=True)
class Reply:
    """A reply, and to whom: no `address` means everybody."""

    payload: bytes
    hardware: bytes = b""
    address: bytes = b""


def parse_options(data: bytes) -> dict[int, bytes]:
    """Options up to the end, or to one that is cut off."""
    options: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != Option.END:
        if data[at] == Option.PAD:
            at += 1
            continue
        length = data[at + 1] if at + 1 < len(data) else len(data)
        if at + 2 + length > len(data):
            break
        options.setdefault(data[at], data[at + 2 : at + 2 + length])
        at += 2 + length
    return options


def answer(data: bytes, lease: Lease) -> Reply | None:
    """The server's reply to a message at its port; None to what it does not answer."""
    request = Request.parse(data)
    if request is None:
        return None
    kind = _kind_of_answer(request, lease)
    if kind is None:
        return None
    payload = _encode(request, lease, kind)
    if kind is Kind.NAK:
        return Reply(payload)
    if request.own_address != NOBODY:
        return Reply(payload, request.hardware, request.own_address)
    return Reply(payload) if request.wants_broadcast else Reply(payload, request.hardware, lease.address)


def _kind_of_answer(request: Request, lease: Lease) -> Kind | None:
    said = int.from_bytes(request.options.get(Option.MESSAGE_TYPE, b""), "big")
    if said == Kind.DISCOVER:
        return Kind.OFFER
    if said == Kind.INFORM:
        return Kind.ACK
    server = request.options.get(Option.SERVER_IDENTIFIER, lease.server)
    if said != Kind.REQUEST or server != lease.server:
        return None
    wanted = request.options.get(Option.REQUESTED_ADDRESS, request.own_address)
    return Kind.ACK if wanted == lease.address else Kind.NAK


def _encode(request: Request, lease: Lease, kind: Kind) -> bytes:
    refused = kind is Kind.NAK
    inform = int.from_bytes(request.options[Option.MESSAGE_TYPE], "big") == Kind.INFORM
    given = NOBODY if refused or inform else lease.address
    name = b"" if refused else lease.boot_file.encode(errors="replace")
    name = name if len(name) < _FILE_NAME else b""
    own = NOBODY if refused else request.own_address
    head = bytes((_REPLY, *_ETHERNET, 0)) + request.raw[4:8] + bytes(2) + request.raw[10:12]
    addresses = own + given + (NOBODY if refused else lease.server) + request.raw[24:28]
    body = head + addresses + request.raw[28:44] + bytes(64) + name.ljust(_FILE_NAME, b"\0") + _COOKIE
    options = {Option.MESSAGE_TYPE: bytes((kind,)), Option.SERVER_IDENTIFIER: lease.server}
    if not refused:
        options |= {Option.SUBNET_MASK: lease.mask, Option.ROUTER: lease.server}
        if not inform:
            options[Option.LEASE_TIME] = LEASE_S.to_bytes(4, "big")
    encoded = b"".join(bytes((code, len(value))) + value for code, value in options.items())
    return (body + encoded + bytes((Option.END,))).ljust(_SHORTEST, b"\0")
