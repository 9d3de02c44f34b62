"""A TFTP server that is only read from. [RFC 1350], options [RFC 2347], blksize [RFC 2348], tsize [RFC 2349]

Nothing is sent again by a timer: the cable does not lose frames, and a client whose card did asks again,
by repeating its last acknowledgement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from emu.backends.peer.files import Files
from emu.core.errors import HostError

PORT = 69
MOST_TRANSFERS = 16
"""At once; beyond that the oldest is forgotten."""
BLOCK, SMALLEST_BLOCK, LARGEST_BLOCK = 512, 8, 1468
"""Bytes of data in a message: without an option, and so much that one frame holds it."""
FIRST_PORT, LAST_PORT = 49152, 65535
"""The ports that transfers come from."""


class Operation(IntEnum):
    """What a message is."""

    READ = 1
    WRITE = 2
    DATA = 3
    ACKNOWLEDGE = 4
    ERROR = 5
    OPTIONS = 6


class Problem(IntEnum):
    """Error codes."""

    OTHER = 0
    NOT_FOUND = 1
    ACCESS = 2
    OPERATION = 4
    UNKNOWN_TRANSFER = 5


@dataclass(frozen=True)
class Client:
    """Who asks: addresses and port."""

    hardware: bytes
    address: bytes
    port: int


@dataclass
class Transfer:
    """A file on its way; `sent` is the number of the last block, not cut to 16 bits."""

    client: Client
    port: int
    name: str
    size: int
    block_size: int
    sent: int = 0


@dataclass
class TftpState:
    """What the server remembers, the oldest first."""

    transfers: list[Transfer] = field(default_factory=list)
    next_port: int = FIRST_PORT


Answer = tuple[int, bytes]
"""The port that it comes from, and the message."""


def error(problem: Problem, text: str) -> bytes:
    """An error message."""
    return bytes((0, Operation.ERROR, 0, problem)) + text.encode() + b"\0"


def answer(state: TftpState, files: Files, client: Client, port: int, message: bytes) -> Answer | None:
    """The answer to a message at one of the server's ports; None to what gets none."""
    operation = int.from_bytes(message[:2], "big") if len(message) >= 2 else 0
    if port == PORT:
        return _first(state, files, client, operation, message)
    transfer = next((t for t in state.transfers if t.port == port and t.client == client), None)
    if operation == Operation.ERROR:
        if transfer:
            state.transfers.remove(transfer)
        return None
    if operation != Operation.ACKNOWLEDGE or len(message) < 4:
        return None
    if transfer is None:
        return port, error(Problem.UNKNOWN_TRANSFER, "no such transfer")
    return _acknowledged(state, files, transfer, int.from_bytes(message[2:4], "big"))


def _first(state: TftpState, files: Files, client: Client, operation: int, message: bytes) -> Answer | None:
    if operation == Operation.WRITE:
        return PORT, error(Problem.ACCESS, "this server is only read from")
    if operation != Operation.READ:
        return None
    words = message[2:].split(b"\0")
    if len(words) < 3 or words[-1]:
        return PORT, error(Problem.OPERATION, "a name and a mode are wanted")
    if words[1].lower() != b"octet":
        return PORT, error(Problem.OPERATION, "the only mode is octet")
    name = words[0].decode(errors="replace")
    try:
        size = files.size(name)
    except HostError:
        return PORT, error(Problem.ACCESS, "the file cannot be read")
    if size is None:
        return PORT, error(Problem.NOT_FOUND, "no such file")
    agreed, block_size = _options(words[2:-1], size)
    transfer = Transfer(client, state.next_port, name, size, block_size)
    state.next_port = FIRST_PORT if state.next_port == LAST_PORT else state.next_port + 1
    others = [each for each in state.transfers if each.client != client]
    state.transfers = [*others, transfer][-MOST_TRANSFERS:]
    if agreed:
        return transfer.port, bytes((0, Operation.OPTIONS)) + agreed
    return _data(state, files, transfer, 1)


def _options(words: list[bytes], size: int) -> tuple[bytes, int]:
    """The options that are agreed to, as they are said, and the size of a block."""
    agreed: dict[bytes, int] = {}
    for name, value in zip(words[::2], words[1::2], strict=False):
        number = int(value) if value.isdigit() and len(value) < 20 else -1
        match name.lower():
            case b"blksize" if number >= SMALLEST_BLOCK:
                agreed[b"blksize"] = min(number, LARGEST_BLOCK)
            case b"tsize" if number >= 0:
                agreed[b"tsize"] = size
    said = b"".join(b"%s\0%d\0" % each for each in agreed.items())
    return said, agreed.get(b"blksize", BLOCK)


def _acknowledged(state: TftpState, files: Files, transfer: Transfer, block: int) -> Answer | None:
    """The next block; or the same again where the one before it is acknowledged once more."""
    if block == transfer.sent & 0xFFFF:
        if transfer.sent * transfer.block_size > transfer.size:
            state.transfers.remove(transfer)
            return None
        return _data(state, files, transfer, transfer.sent + 1)
    if transfer.sent and block == transfer.sent - 1 & 0xFFFF:
        return _data(state, files, transfer, transfer.sent)
    return None


def _data(state: TftpState, files: Files, transfer: Transfer, number: int) -> Answer:
    """Block `number` of a transfer; a file that has changed its size, or fails, ends it."""
    start = (number - 1) * transfer.block_size
    wanted = min(transfer.block_size, transfer.size - start)
    try:
        data = files.read(transfer.name, start, wanted)
    except HostError:
        data = None
    if data is None or len(data) != wanted:
        state.transfers.remove(transfer)
        return transfer.port, error(Problem.OTHER, "the file cannot be read")
    transfer.sent = number
    return transfer.port, bytes((0, Operation.DATA)) + (number & 0xFFFF).to_bytes(2, "big") + data
