"""What a user types, as scan codes."""

from __future__ import annotations

import pytest

from emu.devices.keyboard import to_set_1
from emu.machine.keys import CHARACTERS, SHIFTED, strokes


def codes(text: str) -> str:
    return " ".join(stroke.hex() for stroke in strokes(text))


def test_each_key_is_pressed_and_released() -> None:
    assert codes("a1") == "1c f01c 16 f016"


def test_characters_with_shift_hold_it() -> None:
    assert codes("A") == codes("<shift-a>") == "121c f01cf012"
    assert codes("?") == codes("<shift-/>") == "124a f04af012"


def test_newlines_and_tabs_are_keys_too() -> None:
    assert codes("\n\t") == codes("<enter><tab>") == "5a f05a 0d f00d"


def test_keys_have_names_in_any_case() -> None:
    assert codes("<F12>") == "07 f007"
    assert codes("<Up>") == "e075 e0f075"


def test_modifiers_are_held_together_and_released_in_turn() -> None:
    assert codes("<ctrl-alt-del>") == "1411e071 e0f071f011f014"
    assert codes("<shift>") == "12 f012"


def test_hyphens_and_less_than_can_be_typed() -> None:
    assert codes("-") == codes("<->") == "4e f04e"
    assert codes("<ctrl-->") == "144e f04ef014"
    assert codes("<lt>>") == "1241 f041f012 1249 f049f012"


def test_every_printable_character_has_a_key_of_its_own() -> None:
    typed = {codes(chr(each)) for each in range(32, 127) if each != ord("<")}
    assert len(typed) == 94


def test_set_1_of_the_function_keys_is_as_in_the_sheet() -> None:
    presses = b"".join(strokes("".join(f"<f{n}>" for n in range(1, 13)))[::2])
    assert to_set_1(presses) == bytes((*range(0x3B, 0x45), 0x57, 0x58))
    assert to_set_1(b"".join(map(CHARACTERS.__getitem__, "qwertyuiop[]"))) == bytes(range(0x10, 0x1C))
    assert to_set_1(b"".join(map(CHARACTERS.__getitem__, "asdfghjkl;'`"))) == bytes(range(0x1E, 0x2A))
    assert to_set_1(b"".join(map(CHARACTERS.__getitem__, "\\zxcvbnm,./"))) == bytes(range(0x2B, 0x36))
    assert to_set_1(b"".join(CHARACTERS[SHIFTED[each]] for each in "!@#$%^&*()_+")) == bytes(range(2, 14))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<entre>", "knows no key <entre>: did you mean 'enter'?"),
        ("<crtl-c>", "knows no key <crtl-c>: did you mean 'ctrl'?"),
        ("<ctrl->", "knows no key <ctrl->: give one of enter"),
        ("a<b", "has a < without a > in '<b': write <lt> for the character"),
        ("über", "has 'ü', for which a US keyboard has no key: use keys that it has"),
    ],
)
def test_what_is_no_key_is_refused_with_the_nearest_one(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        strokes(text)
    assert str(refused.value).startswith(problem)
