"""What a user types, as the keys of a keyboard: text with names such as `<enter>` and `<ctrl-alt-del>` in it.

A US keyboard of 102 keys. Scan codes are those of set 2.

[KBD] IBM PS/2 Hardware Interface Technical Reference, "101- and 102-Key Keyboards".
"""

from __future__ import annotations

from collections.abc import Iterator

from emu.machine.nearest import suggestion

EXTENDED, RELEASE = 0xE0, 0xF0

_ROWS = {
    "`1234567890-=": "0e 16 1e 26 25 2e 36 3d 3e 46 45 4e 55",
    "qwertyuiop[]\\": "15 1d 24 2d 2c 35 3c 43 44 4d 54 5b 5d",
    "asdfghjkl;'": "1c 1b 23 2b 34 33 3b 42 4b 4c 52",
    "zxcvbnm,./": "1a 22 21 2a 32 31 3a 41 49 4a",
    " \n\t": "29 5a 0d",
}
_PLAIN = "`1234567890-=[]\\;',./"
_SHIFTED = '~!@#$%^&*()_+{}|:"<>?'

CHARACTERS: dict[str, bytes] = {
    character: bytes((code,))
    for characters, codes in _ROWS.items()
    for character, code in zip(characters, bytes.fromhex(codes), strict=True)
}
"""Keys by the character that each gives without shift."""
SHIFTED = dict(zip(_SHIFTED, _PLAIN, strict=True)) | {c.upper(): c for c in map(chr, range(97, 123))}
"""Characters with shift, and those of the same keys without."""

MODIFIERS = {
    "shift": b"\x12",
    "ctrl": b"\x14",
    "alt": b"\x11",
    "altgr": b"\xe0\x11",
    "win": b"\xe0\x1f",
}
NAMED = {
    "enter": b"\x5a",
    "esc": b"\x76",
    "tab": b"\x0d",
    "space": b"\x29",
    "backspace": b"\x66",
    "lt": CHARACTERS[","],
    "gt": CHARACTERS["."],
    "up": b"\xe0\x75",
    "down": b"\xe0\x72",
    "left": b"\xe0\x6b",
    "right": b"\xe0\x74",
    "home": b"\xe0\x6c",
    "end": b"\xe0\x69",
    "pageup": b"\xe0\x7d",
    "pagedown": b"\xe0\x7a",
    "insert": b"\xe0\x70",
    "del": b"\xe0\x71",
    "menu": b"\xe0\x2f",
    "capslock": b"\x58",
    "numlock": b"\x77",
    "scrolllock": b"\x7e",
    "sysrq": b"\x84",
    **{f"f{n}": bytes((code,)) for n, code in enumerate(bytes.fromhex("050604 0c030b 830a01 097807"), 1)},
}
"""Keys by name; `lt` and `gt` are the characters < and >, between which a name stands."""


def strokes(text: str) -> list[bytes]:
    """The scan codes of what is typed, in strokes. Raises ValueError, with the nearest name."""
    return [stroke for keys in _pressed_together(text) for stroke in (_press(keys), _release(keys))]


def _pressed_together(text: str) -> Iterator[list[bytes]]:
    at = 0
    while at < len(text):
        if text[at] == "<":
            end = text.find(">", at + 2)
            if end < 0:
                raise ValueError(f"has a < without a > in {text[at:]!r}: write <lt> for the character")
            yield _chord(text[at + 1 : end])
            at = end + 1
        else:
            yield _character(text[at])
            at += 1


def _chord(name: str) -> list[bytes]:
    """Keys of one name: modifiers with hyphens between, and a key or another modifier at last."""
    hyphen = name == "-" or name.endswith("--")
    *held, last = (name[:-1] if hyphen else name).split("-")
    for modifier in held:
        if modifier.lower() not in MODIFIERS:
            raise ValueError(f"knows no key <{name}>: {suggestion(modifier.lower(), MODIFIERS)}")
    return [MODIFIERS[modifier.lower()] for modifier in held] + _key("-" if hyphen else last, name)


def _key(last: str, name: str) -> list[bytes]:
    if len(last) == 1:
        return _character(last)
    known = NAMED | MODIFIERS
    if last.lower() not in known:
        raise ValueError(f"knows no key <{name}>: {suggestion(last.lower(), known)}")
    shift = [MODIFIERS["shift"]] if last.lower() in ("lt", "gt") else []
    return [*shift, known[last.lower()]]


def _character(character: str) -> list[bytes]:
    plain = SHIFTED.get(character, character)
    if plain not in CHARACTERS:
        raise ValueError(f"has {character!r}, for which a US keyboard has no key: use keys that it has")
    shift = [MODIFIERS["shift"]] if character in SHIFTED else []
    return [*shift, CHARACTERS[plain]]


def _press(keys: list[bytes]) -> bytes:
    return b"".join(keys)


def _release(keys: list[bytes]) -> bytes:
    return b"".join(key[:-1] + bytes((RELEASE, key[-1])) for key in reversed(keys))
