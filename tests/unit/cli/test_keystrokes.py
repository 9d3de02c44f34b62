"""What a terminal sends, as keys of the guest's keyboard."""

from __future__ import annotations

import pytest

from emu.cli.keystrokes import keys_of
from emu.machine.keys import strokes


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"aB<>-", "aB<lt>>-"),
        (b"\r\n\t\x7f", "<enter><enter><tab><backspace>"),
        (b"\x03\x00\x1c\x1f", "<ctrl-c><ctrl-space><ctrl-\\><ctrl-->"),
        (b"\x1b", "<esc>"),
        (b"\x1b[A\x1bOB\x1b[H\x1b[3~\x1b[6~", "<up><down><home><del><pagedown>"),
        (b"\x1bOP\x1b[15~\x1b[24~", "<f1><f5><f12>"),
        (b"\x1b[1;5C\x1b[1;2P\x1b[3;7~", "<ctrl-right><shift-f1><ctrl-alt-del>"),
        (b"\x1b[Z", "<shift-tab>"),
        (b"\x1bx\x1b<\x1b>", "<alt-x><alt-lt><alt-gt>"),
        (b"\x1b\x1b", "<esc><esc>"),
        ("ä€".encode(), ""),
        (b"\xff\xfe", ""),
        (b"\x1b[99~", ""),
    ],
)
def test_keys_of_a_terminal(sent: bytes, keys: str) -> None:
    assert keys_of(sent) == keys


def test_whatever_a_terminal_sends_can_be_typed() -> None:
    for first in range(256):
        strokes(keys_of(bytes((first,))))
        strokes(keys_of(bytes((0x1B, first))))
        strokes(keys_of(bytes((0x1B, 0x5B, first, 0x7E))))
