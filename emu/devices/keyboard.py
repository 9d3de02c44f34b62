"""A keyboard with a PS/2 plug, as its cable shows it: bytes in, bytes out.

[KBD] IBM PS/2 Hardware Interface Technical Reference, "101- and 102-Key Keyboards".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

BUFFER_SIZE = 16
ACKNOWLEDGE, PASSED, RESEND = 0xFA, 0xAA, 0xFE
IDENTITY = bytes((0xAB, 0x83))
BREAK_PREFIX = 0xF0
DEFAULT_TYPEMATIC = 0x2B

SET_1_OF_SET_2 = bytes.fromhex(
    "ff43413f3d3b3c58 644442403e0f2959 65382a701d10025a 66712c1f1e11035b"
    "672e2d201205045c 68392f211413065d 693130232215075e 6a7232241608095f"
    "6b332517180b0a60 6c34352627190c61 6d7328741a0d626e 3a361c1b752b6376"
    "55567778797a0e7b 7c4f7d4b477e7f6f 5253504c4d480145 574e514a37494654"
)
"""Set 1 codes by set 2 code below 0x80: the table in the ROM of an AT's keyboard controller."""
SET_1_OF_HIGH_SET_2 = {0x83: 0x41, 0x84: 0x54}


class Command(IntEnum):
    """What a host may send."""

    SET_LIGHTS = 0xED
    ECHO = 0xEE
    SCAN_CODE_SET = 0xF0
    IDENTIFY = 0xF2
    SET_TYPEMATIC = 0xF3
    ENABLE = 0xF4
    DISABLE = 0xF5
    SET_DEFAULTS = 0xF6
    RESEND = 0xFE
    RESET = 0xFF


WITH_PARAMETER = (Command.SET_LIGHTS, Command.SCAN_CODE_SET, Command.SET_TYPEMATIC)


def set_1_code(code: int) -> int:
    """The set 1 code for one of set 2; bytes that are no scan codes stay as they are."""
    return SET_1_OF_SET_2[code] if code < 0x80 else SET_1_OF_HIGH_SET_2.get(code, code)


def to_set_1(codes: bytes) -> bytes:
    """A sequence of set 2 codes in set 1, where a key's release is its code with the top bit set."""
    result = bytearray()
    released = 0
    for code in codes:
        if code == BREAK_PREFIX:
            released = 0x80
        else:
            result.append(set_1_code(code) | released)
            released = 0
    return bytes(result)


@dataclass
class Keyboard:
    """The keyboard's state, and what it does with a byte from the host or a key from its user."""

    replies: bytearray = field(default_factory=bytearray)
    codes: bytearray = field(default_factory=bytearray)
    expects: int = 0
    """The command whose parameter is to come; 0 where none is."""
    scanning: bool = True
    scan_code_set: int = 2
    lights: int = 0
    typematic: int = DEFAULT_TYPEMATIC
    last_sent: int = 0

    @property
    def has_byte(self) -> bool:
        """Whether it wants to send."""
        return bool(self.replies or self.codes)

    def take(self) -> int:
        """The next byte on the cable: replies go before scan codes."""
        self.last_sent = (self.replies or self.codes).pop(0)
        return self.last_sent

    def press(self, codes: bytes) -> None:
        """A key's set 2 codes; those that do not fit into the buffer are lost together."""
        if self.scan_code_set == 1:
            codes = to_set_1(codes)
        if self.scanning and len(self.codes) + len(codes) <= BUFFER_SIZE:
            self.codes += codes

    def write(self, value: int) -> None:
        """A byte from the host: a command, or the parameter of one."""
        expects, self.expects = self.expects, 0
        if expects and value < Command.SET_LIGHTS:
            self._take_parameter(expects, value)
        else:
            self._execute(value)

    def _execute(self, command: int) -> None:
        self.replies.clear()
        match command:
            case Command.ECHO:
                self.replies.append(Command.ECHO)
                return
            case Command.RESEND:
                self.replies.append(self.last_sent)
                return
            case Command.ENABLE:
                self.codes.clear()
                self.scanning = True
            case Command.DISABLE | Command.SET_DEFAULTS | Command.RESET:
                self._set_defaults(scanning=command != Command.DISABLE)
            case Command.IDENTIFY | Command.SET_LIGHTS | Command.SCAN_CODE_SET | Command.SET_TYPEMATIC:
                self.expects = command if command in WITH_PARAMETER else 0
            case _:
                self.replies.append(RESEND)
                return
        self.replies.append(ACKNOWLEDGE)
        if command == Command.IDENTIFY:
            self.replies += IDENTITY
        elif command == Command.RESET:
            self.replies.append(PASSED)

    def _take_parameter(self, command: int, value: int) -> None:
        if command == Command.SCAN_CODE_SET and value > 2:
            # This keyboard has no set 3, like many.
            self.replies.append(RESEND)
            return
        self.replies.append(ACKNOWLEDGE)
        match command:
            case Command.SET_LIGHTS:
                self.lights = value & 7
            case Command.SET_TYPEMATIC:
                self.typematic = value & 0x7F
            case _ if value == 0:
                self.replies.append(self.scan_code_set)
            case _:
                self.codes.clear()
                self.scan_code_set = value

    def _set_defaults(self, *, scanning: bool) -> None:
        self.codes.clear()
        self.scanning = scanning
        self.scan_code_set = 2
        self.lights = 0
        self.typematic = DEFAULT_TYPEMATIC
