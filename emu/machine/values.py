"""Single values of a machine file or of an option: each function takes what was written and gives what
the configuration holds, or raises ValueError with a sentence that names the remedy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any

from emu.core.memory import LARGEST_MIB, SMALLEST_MIB
from emu.machine.bundled import guests_folder
from emu.machine.config import POSITIONS, Typing
from emu.machine.keys import strokes
from emu.machine.nearest import suggestion
from emu.observe.kinds import KINDS

TIME = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s)")
NS_OF = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}

Parse = Callable[[Any, Path], Any]
"""Takes a value and the folder that relative paths start from."""

AFTER = "after="
BUILT_IN = "bios"
BUNDLED = "bundled:"
NO_ROM = "none"
LONGEST_TIME = 24
LONGEST_TEXT = 4096
PART = re.compile(r"disks|cds|nics|(disk|cd) [0-3]|nic [0-7]")
LOOPBACK = "127.0.0.1"
MAC_BYTES = 6
TIME_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
MULTICAST = 1


def text(value: Any, folder: Path) -> str:
    """Text."""
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {value!r}")
    return value


def command_line(value: Any, folder: Path) -> str:
    """Text that ends where it ends, not at a NUL."""
    if "\0" in text(value, folder):
        raise ValueError("cannot hold a zero byte: leave it out")
    return str(value)


def boolean(value: Any, folder: Path) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def integer(low: int, high: int, unit: str = "") -> Parse:
    """A whole number from `low` to `high`."""

    def parse(value: Any, folder: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"must be a whole number{' of' * bool(unit)}{unit}, not {value!r}")
        if not low <= value <= high:
            raise ValueError(f"is out of range at {value}{unit}: give {low} to {high}{unit}")
        return value

    return parse


def number(low: int, high: int) -> Parse:
    """A whole number, which may stand in quotes, and then also in hexadecimal."""
    whole = integer(low, high)

    def parse(value: Any, folder: Path) -> int:
        if isinstance(value, str):
            try:
                value = int(value, 0)
            except ValueError:
                raise ValueError(f"must be a whole number such as {high}, not {value!r}") from None
        return int(whole(value, folder))

    return parse


def one_of(*numbers: int) -> Parse:
    """One of some numbers."""
    parse_number = number(min(numbers), max(numbers))

    def parse(value: Any, folder: Path) -> int:
        found = int(parse_number(value, folder))
        if found not in numbers:
            raise ValueError(f"cannot be {found}: give {', '.join(map(str, numbers))}")
        return found

    return parse


def duration(value: Any, folder: Path) -> int:
    """A time with its unit, in nanoseconds."""
    found = TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or len(value) > LONGEST_TIME:
        raise ValueError(f"must be a time with its unit such as 20ms, not {value!r}")
    return round(float(found[1]) * NS_OF[found[2]])


def text_that_can_come(value: Any, folder: Path) -> str:
    """Text that a console may show."""
    if not text(value, folder) or len(str(value).encode()) > LONGEST_TEXT:
        raise ValueError(f"must be a text of 1 to {LONGEST_TEXT} bytes, not {str(value)[:20]!r}")
    return str(value)


def seconds(value: Any, folder: Path) -> float:
    """A time above zero."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a number of seconds, not {value!r}")
    if not (math.isfinite(value) and 0 < value <= 1e9):
        raise ValueError(f"is out of range at {value}: give seconds above 0 and up to 1e9")
    return float(value)


def save_at(value: Any, folder: Path) -> tuple[int, Path]:
    """A time and a file; in nanoseconds."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f'must be a time and a file such as ["1.5s", "saved.emu"], not {value!r}')
    return moment(value[0]), path(value[1], folder)


def moment(word: Any) -> int:
    """A time such as `29.18ms`, in nanoseconds; of seconds the unit may be left out."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+) ?(ns|us|ms|s|)", str(word).strip())
    if found is None:
        raise ValueError(f"is no time at {word!r}: give one such as 29.18ms, 5us or 0.5s")
    return round(float(found[1]) * TIME_UNITS[found[2] or "s"])


def choice(*known: str) -> Parse:
    """One of some words."""

    def parse(value: Any, folder: Path) -> str:
        if text(value, folder) not in known:
            raise ValueError(f"cannot be {value!r}: {suggestion(value, known)}")
        return str(value)

    return parse


memory = integer(SMALLEST_MIB, LARGEST_MIB, " MiB")
position = integer(0, len(POSITIONS) - 1)


def path(value: Any, folder: Path) -> Path:
    """A file; a relative path starts from the folder of what names it, `bundled:GUEST/` from a guest's."""
    name = text(value, folder)
    if not name or "\0" in name:
        raise ValueError("must be the path of a file, not an empty word")
    if name.startswith(BUNDLED):
        return guests_folder() / name.removeprefix(BUNDLED)
    return folder / name


def paths(value: Any, folder: Path) -> tuple[Path, ...]:
    """Files."""
    if not isinstance(value, list):
        raise ValueError(f'must be a list such as ["second.iso"], not {value!r}')
    return tuple(path(each, folder) for each in value)


def parts(value: Any, folder: Path) -> tuple[str, ...]:
    """Parts of a machine: `disks`, `cds`, `nics`, or single ones such as `disk 1`, by position or number."""
    words = value if isinstance(value, list) else [value]
    for word in words:
        if not isinstance(word, str) or not PART.fullmatch(word):
            raise ValueError(
                f"cannot hold {word!r}: give disks, cds, nics, or one such as disk 1, cd 2, nic 0"
            )
    return tuple(words)


def firmware(value: Any, folder: Path) -> Path | None:
    """A ROM image, or the BIOS that comes with emu."""
    return None if value == BUILT_IN else path(value, folder)


def vga_rom(value: Any, folder: Path) -> Path | None:
    """An expansion ROM, or none."""
    return None if value == NO_ROM else path(value, folder)


def mac(value: Any, folder: Path) -> bytes:
    """The address of a network card."""
    words = text(value, folder).replace("-", ":").split(":")
    try:
        address = bytes(int(word, 16) for word in words if len(word) == 2)
    except ValueError:
        address = b""
    if len(address) != MAC_BYTES or len(words) != MAC_BYTES:
        raise ValueError(f"cannot be {value!r}: give six bytes such as 52:54:00:12:34:56")
    if address[0] & MULTICAST or not any(address):
        raise ValueError(
            f"cannot be {value!r}, which is no address of a single card: give one such as 52:54:00:12:34:56"
        )
    return address


def station(value: Any, folder: Path) -> IPv4Address:
    """The IPv4 address of a single station whose network is the 24 bits before."""
    try:
        address = IPv4Address(text(value, folder))
    except AddressValueError:
        raise ValueError(f"cannot be {value!r}: give an IPv4 address such as 10.0.2.2") from None
    single = not (address.is_multicast or address.is_loopback or address.is_reserved)
    if not single or address.packed[0] == 0 or address.packed[3] in (0, 255):
        raise ValueError(f"cannot be {value!r}, which no single station has: give one such as 10.0.2.2")
    return address


def blacklist(value: Any, folder: Path) -> tuple[tuple[int, int], ...]:
    """Product and build numbers from words PRODUCT/BUILD."""
    if not isinstance(value, list):
        raise ValueError(f'must be a list such as ["1/1"], not {value!r}')
    return tuple(map(_blacklisted, value))


def _blacklisted(value: Any) -> tuple[int, int]:
    product, slash, build = value.partition("/") if isinstance(value, str) else ("", "", "")
    try:
        numbers = int(product, 0), int(build, 0)
    except ValueError:
        numbers = -1, -1
    if not (slash and 0 <= numbers[0] <= 0xFFFF and 0 <= numbers[1] <= 0xFFFF_FFFF):
        raise ValueError(
            f"cannot be {value!r}: give PRODUCT/BUILD such as 1/1, "
            "a product of 16 bits and a build of 32 bits"
        )
    return numbers


def destination(*known: str) -> Parse:
    """One of some words, or `file:PATH`."""

    def parse(value: Any, folder: Path) -> str:
        kind, _, name = text(value, folder).partition(":")
        if kind == "file" and name:
            return f"file:{path(name, folder)}"
        if value not in known:
            raise ValueError(f"cannot be {value!r}: give {', '.join(known)} or file:PATH")
        return str(value)

    return parse


def source(value: Any, folder: Path) -> str:
    """A file, or `-` for standard input."""
    return str(value) if value == "-" else str(path(value, folder))


def endpoint(value: Any, folder: Path) -> tuple[str, int]:
    """`[HOST:]PORT`; without a host nobody but this one can connect."""
    host, _, port = str(value).rpartition(":")
    if isinstance(value, bool) or not (port.isascii() and port.isdecimal() and int(port) < 1 << 16):
        raise ValueError(f"cannot be {value!r}: give [HOST:]PORT such as 1234")
    return host.strip("[]") or LOOPBACK, int(port)


def keys(value: Any, folder: Path) -> tuple[Typing, ...]:
    """What is typed: `KEYS`, or `after=TEXT,KEYS`, or a list of such."""
    words = value if isinstance(value, list) else [value]
    return tuple(_typing(text(word, folder)) for word in words)


def typed_keys(value: Any, folder: Path) -> str:
    """What is typed on a keyboard."""
    if not strokes(text(value, folder)):
        raise ValueError("must be keys such as root<enter>, not an empty word")
    return str(value)


def _typing(word: str) -> Typing:
    after, typed = "", word
    if word.startswith(AFTER):
        after, comma, typed = word.removeprefix(AFTER).partition(",")
        if not after or not comma:
            raise ValueError(
                f"has no keys in {word!r}: give after=TEXT,KEYS such as after=login:,root<enter>"
            )
    strokes(typed)
    return Typing(typed, after)


def trace(value: Any, folder: Path) -> tuple[str, ...]:
    """Kinds of events, as a list or with commas between."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"must be a list of kinds such as ports,irq, not {value!r}")
    kinds = tuple(word.strip() for word in words if word.strip())
    for word in kinds:
        if word not in (*KINDS, "all"):
            raise ValueError(f"knows no kind {word!r}: {suggestion(word, (*KINDS, 'all'))}")
    return KINDS if "all" in kinds else kinds
