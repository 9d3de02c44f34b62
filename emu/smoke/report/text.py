"""Texts as the report shows them: times, numbers, and what a guest wrote made harmless to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

LONGEST = 65_536
"""Characters of a console that are shown at most: the last ones."""
CONTROL_PICTURES = 0x2400
DELETE, PICTURE_OF_DELETE = "\x7f", "\u2421"
STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What steers a terminal: colours and movements."""
COLOUR = re.compile(r"#[0-9a-f]{6}")


def seen(text: object) -> str:
    """`text` with everything visible: controls as their pictures, what cannot be shown by its code."""
    return "".join(map(_visible, str(text)))


@cache
def _visible(character: str) -> str:
    if character in "\n\t" or character.isprintable() or character == "\u00a0":
        return character
    if character < " ":
        return chr(CONTROL_PICTURES + ord(character))
    if character == DELETE:
        return PICTURE_OF_DELETE
    return character.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True)
class Tail:
    """The end of a text, and how many characters before it are left out."""

    text: str
    left_out: int


def console(written: str, room: int) -> Tail:
    """The end of a console as lines of text, without what would steer a terminal."""
    lines = STEERING.sub("", written).replace("\r\n", "\n").replace("\r", "\n").rstrip()
    return Tail(seen(lines[-room:]), max(len(lines) - room, 0))


def ms(ns: int) -> str:
    """Virtual time, in the unit that transcripts use."""
    return f"{ns / 1e6:,.3f} ms"


def moment(ns: int) -> str:
    """A moment in virtual time, as transcripts write it."""
    return f"{ns / 1e6:.6f} ms"


def seconds(wall_s: float) -> str:
    """Wall time."""
    return f"{wall_s:.2f} s"


def number(value: int) -> str:
    """A count, its thousands apart."""
    return f"{value:,}".replace(",", "\u202f")


def count(value: int, noun: str) -> str:
    """So many of something."""
    return f"{number(value)} {noun}{'' if value == 1 else 's'}"


def nanoseconds(shown: str) -> int | None:
    """What `moment` has written, or None."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?) ms", shown)
    return round(float(found[1]) * 1e6) if found else None


def slug(name: str) -> str:
    """A name as an address inside a page: letters, digits, and hyphens for all else."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "test"


def addresses(names: list[str]) -> Iterator[str]:
    """A unique address for each name, however alike they are."""
    taken: dict[str, int] = {}
    for name in names:
        address = slug(name)
        taken[address] = taken.get(address, 0) + 1
        while taken[address] > 1:
            address = f"{address}-{taken[address]}"
            taken[address] = taken.get(address, 0) + 1
        yield address
