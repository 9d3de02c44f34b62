"""What Ctrl-A does at a terminal."""

from __future__ import annotations

from emu.cli.escapes import Command, Escapes


class Desk:
    """Notes what was typed and which commands were given, in order."""

    def __init__(self) -> None:
        self.happened: list[bytes | str] = []
        commands = {
            key: Command(key, lambda key=key: self.happened.append(key))  # type: ignore[misc]
            for key in ("h", "x")
        }
        self.escapes = Escapes(commands, self.happened.append)


def typed(*data: bytes) -> list[bytes | str]:
    desk = Desk()
    for each in data:
        desk.escapes.take(each)
    return desk.happened


def test_what_is_typed_goes_to_the_guest_as_it_is() -> None:
    assert typed(b"ls\r\x03\x1b[A\xc3\xa4") == [b"ls\r\x03\x1b[A\xc3\xa4"]


def test_ctrl_a_and_a_key_is_a_command_in_its_place_between_what_is_typed() -> None:
    assert typed(b"ab\x01xcd") == [b"ab", "x", b"cd"]


def test_the_key_may_come_later_and_with_shift_or_control() -> None:
    assert typed(b"\x01", b"x") == ["x"]
    assert typed(b"\x01X\x01\x18") == ["x", "x"]


def test_ctrl_a_twice_or_with_a_sends_ctrl_a() -> None:
    assert typed(b"a\x01\x01b") == [b"a\x01b"]


def test_a_key_without_a_command_shows_the_help() -> None:
    assert typed(b"\x01?") == ["h"]


def test_the_help_names_every_command() -> None:
    assert Desk().escapes.help_lines() == [
        "Ctrl-A h       h",
        "Ctrl-A x       x",
        "Ctrl-A Ctrl-A  send Ctrl-A to the guest",
    ]
