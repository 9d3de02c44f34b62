"""What a CD drive answers to packet commands, as bytes.

[MMC] MMC-3 (T10 1363D); [SPC] SPC-2 (T10 1236D); [SFF] SFF-8020i.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

BLOCK = 2048
FRAMES_PER_SECOND, SECONDS_PER_MINUTE, LEAD_IN_FRAMES = 75, 60, 150
LEAD_OUT_TRACK, DATA_TRACK = 0xAA, 0x14


class PacketCommand(IntEnum):
    """Operation codes, with their names in [MMC] and [SPC]."""

    TEST_UNIT_READY = 0x00
    REQUEST_SENSE = 0x03
    INQUIRY = 0x12
    MODE_SENSE_6 = 0x1A
    START_STOP_UNIT = 0x1B
    PREVENT_ALLOW_MEDIUM_REMOVAL = 0x1E
    READ_CAPACITY = 0x25
    READ_10 = 0x28
    SEEK = 0x2B
    READ_TOC = 0x43
    GET_CONFIGURATION = 0x46
    GET_EVENT_STATUS = 0x4A
    READ_DISC_INFORMATION = 0x51
    MODE_SENSE_10 = 0x5A
    READ_12 = 0xA8
    SET_CD_SPEED = 0xBB
    MECHANISM_STATUS = 0xBD


class SenseKey(IntEnum):
    """What kind of condition sense data reports. [SPC] 7.23.2."""

    NO_SENSE = 0x0
    NOT_READY = 0x2
    MEDIUM_ERROR = 0x3
    ILLEGAL_REQUEST = 0x5
    UNIT_ATTENTION = 0x6


@dataclass(frozen=True)
class Condition:
    """Why a command ended with CHECK CONDITION: sense key, additional code and its qualifier."""

    key: SenseKey
    code: int
    qualifier: int = 0


NO_MEDIUM, TRAY_OPEN = Condition(SenseKey.NOT_READY, 0x3A, 1), Condition(SenseKey.NOT_READY, 0x3A, 2)
UNREADABLE = Condition(SenseKey.MEDIUM_ERROR, 0x11)
INVALID_COMMAND = Condition(SenseKey.ILLEGAL_REQUEST, 0x20)
OUT_OF_RANGE = Condition(SenseKey.ILLEGAL_REQUEST, 0x21)
INVALID_FIELD = Condition(SenseKey.ILLEGAL_REQUEST, 0x24)
NO_SAVED_PARAMETERS = Condition(SenseKey.ILLEGAL_REQUEST, 0x39)
REMOVAL_PREVENTED = Condition(SenseKey.ILLEGAL_REQUEST, 0x53, 2)
MEDIUM_CHANGED = Condition(SenseKey.UNIT_ATTENTION, 0x28)


class MediaEvent(IntEnum):
    """What GET EVENT STATUS NOTIFICATION tells of the medium. [MMC] 6.7.2.5."""

    NONE = 0
    EJECT_REQUEST = 1
    NEW_MEDIA = 2
    MEDIA_REMOVAL = 3


def sense(key: int, code: int, qualifier: int) -> bytes:
    """Fixed format sense data of the current command."""
    return bytes((0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0))


def inquiry(vendor: str, product: str, revision: str) -> bytes:
    """Standard INQUIRY data: a removable CD device behind ATAPI."""
    names = vendor.ljust(8)[:8] + product.ljust(16)[:16] + revision.ljust(4)[:4]
    return bytes((0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0)) + names.encode("ascii")


def capacity(blocks: int) -> bytes:
    """READ CAPACITY: the last block, and bytes a block."""
    return (blocks - 1).to_bytes(4, "big") + BLOCK.to_bytes(4, "big")


def _address(block: int, msf: bool) -> bytes:
    if not msf:
        return block.to_bytes(4, "big")
    seconds, frame = divmod(block + LEAD_IN_FRAMES, FRAMES_PER_SECOND)
    minute, second = divmod(seconds, SECONDS_PER_MINUTE)
    return bytes((0, minute & 0xFF, second, frame))


def _with_length(body: bytes) -> bytes:
    return len(body).to_bytes(2, "big") + body


def tracks(blocks: int, first: int, msf: bool) -> bytes | None:
    """READ TOC format 0 from track `first`; None where there is no such track."""
    if first > 1 and first != LEAD_OUT_TRACK:
        return None
    body = bytes((1, 1))
    if first <= 1:
        body += bytes((0, DATA_TRACK, 1, 0)) + _address(0, msf)
    return _with_length(body + bytes((0, DATA_TRACK, LEAD_OUT_TRACK, 0)) + _address(blocks, msf))


def sessions(msf: bool) -> bytes:
    """READ TOC format 1: one session, which begins with track 1."""
    return _with_length(bytes((1, 1, 0, DATA_TRACK, 1, 0)) + _address(0, msf))


def full_toc(blocks: int) -> bytes:
    """READ TOC format 2: the Q sub-channel of the lead-in. Addresses are always minute, second, frame."""
    body = bytes((1, 1))
    for point, where in ((0xA0, bytes((0, 1, 0, 0))), (0xA1, bytes((0, 1, 0, 0)))):
        body += bytes((1, DATA_TRACK, 0, point, 0, 0, 0)) + where
    for point, block in ((0xA2, blocks), (1, 0)):
        body += bytes((1, DATA_TRACK, 0, point, 0, 0, 0)) + _address(block, True)
    return _with_length(body)


_ERROR_RECOVERY = bytes((0x01, 0x06, 0, 5, 0, 0, 0, 0))
_AUDIO_CONTROL = bytes((0x0E, 0x0E, 0x04, 0, 0, 0, 0, 75, 1, 0xFF, 2, 0xFF, 0, 0, 0, 0))


def _capabilities(locked: bool) -> bytes:
    """Page 0x2a: reads CD-R and CD-RW, tray, lock, eject, 706 kB/s (4x). [MMC] 5.5.10."""
    speed = (706).to_bytes(2, "big")
    fixed = bytes((0x2A, 0x12, 0x03, 0x00, 0x70, 0x60, 0x29 | locked << 1, 0x00))
    return fixed + speed + bytes((0, 2)) + (512).to_bytes(2, "big") + speed + bytes(4)


def mode_pages(page: int, *, changeable: bool, locked: bool) -> bytes | None:
    """Mode page `page`, or all with 0x3f; None where there is no such page. None of them can be changed."""
    pages = [_ERROR_RECOVERY, _AUDIO_CONTROL, _capabilities(locked)]
    chosen = [each for each in pages if page in (each[0], 0x3F)]
    if changeable:
        chosen = [each[:2] + bytes(len(each) - 2) for each in chosen]
    return b"".join(chosen) or None


def mode_reply_10(pages: bytes, medium: bool) -> bytes:
    """MODE SENSE(10): an eight-byte header before the pages."""
    return _with_length(bytes((0x01 if medium else 0x70, 0, 0, 0, 0, 0)) + pages)


def mode_reply_6(pages: bytes, medium: bool) -> bytes:
    """MODE SENSE(6): a four-byte header before the pages."""
    return bytes((len(pages) + 3, 0x01 if medium else 0x70, 0, 0)) + pages


CD_ROM_PROFILE = 0x0008


def configuration(kind: int, first: int, medium: bool) -> bytes:
    """GET CONFIGURATION: profile and features; `kind` 0 all, 1 current ones, 2 the one numbered `first`."""
    here = int(medium)
    features = [
        (0x0000, 0x03, bytes((0x00, CD_ROM_PROFILE, here, 0))),
        (0x0001, 0x07, bytes((0, 0, 0, 2))),
        (0x0002, 0x03, bytes(4)),
        (0x0003, 0x03, bytes((0x29, 0, 0, 0))),
        (0x0010, here, BLOCK.to_bytes(4, "big") + bytes((0, 1, 0, 0))),
        (0x001E, here, bytes(4)),
    ]
    body = b""
    for number, flags, data in features:
        wanted = number == first if kind == 2 else number >= first and (kind == 0 or flags & 1)
        if wanted:
            body += number.to_bytes(2, "big") + bytes((flags, len(data))) + data
    profile = CD_ROM_PROFILE if medium else 0
    return (len(body) + 4).to_bytes(4, "big") + bytes(2) + profile.to_bytes(2, "big") + body


MEDIA_CLASS = 4


def event_status(classes: int, event: MediaEvent, *, tray_open: bool, medium: bool) -> bytes:
    """GET EVENT STATUS NOTIFICATION, polled; only media events exist."""
    if not classes & 1 << MEDIA_CLASS:
        return bytes((0, 2, 0x80, 1 << MEDIA_CLASS))
    return bytes((0, 6, MEDIA_CLASS, 1 << MEDIA_CLASS, event, medium << 1 | tray_open, 0, 0))


def disc_information() -> bytes:
    """READ DISC INFORMATION: finished, one session, one track."""
    return _with_length(bytes((0x0E, 1, 1, 1, 1, 0x20)) + bytes(8) + b"\xff" * 8 + bytes(10))


def mechanism_status(tray_open: bool) -> bytes:
    """MECHANISM STATUS of a drive without a changer."""
    return bytes((0, 0x10 if tray_open else 0, 0, 0, 0, 0, 0, 0))
