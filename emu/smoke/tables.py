"""The tables of a machine file that say what is expected of a run: [test] and [[when]]."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emu.inspect.protocol_rules import RULES
from emu.machine import values
from emu.machine.config import OUTCOMES
from emu.machine.layers import Key, Layer
from emu.machine.nearest import suggestion

DEFAULT_VIRTUAL_S = 60.0
"""How long a guest may take of its own time where neither [test] nor [run] says it."""
DEFAULT_WALL_S = 300.0
"""How long a case may take of yours: long enough for a slow machine, short of a CI job's limit."""


@dataclass(frozen=True)
class Line:
    """A line of text that is looked for: text that occurs in it, or between slashes a regular expression."""

    written: str
    pattern: re.Pattern[str]

    def found_in(self, line: str) -> bool:
        """Whether `line` is one."""
        return self.pattern.search(line) is not None

    def __str__(self) -> str:
        return f"`{self.written}`"


@dataclass(frozen=True)
class Untouched:
    """Ports, or a PCI function, that the guest's own programs must leave alone."""

    written: str
    ports: range | None
    function: str | None
    """Device and number, such as `04.0`."""
    after: str | None = None
    """Text of the console from which on it counts; `unplug` is when something was unplugged."""


@dataclass(frozen=True)
class Expectations:
    """What is expected of one run; None and empty: nothing."""

    outcome: tuple[str, ...] = ()
    console: tuple[Line, ...] = ()
    never: tuple[Line, ...] = ()
    screen: tuple[Line, ...] = ()
    guest_log: tuple[Line, ...] = ()
    host_log: tuple[Line, ...] = ()
    unplugged: tuple[str, ...] | None = None
    """Exactly these."""
    remaining: tuple[str, ...] = ()
    untouched: tuple[Untouched, ...] = ()
    protocol: tuple[str, ...] | None = None
    """Rules that must hold; empty: all that are more than advice."""
    virtual_s: float | None = None
    wall_s: float | None = None
    log_bytes: int | None = None
    golden: str | None = None
    skip: str | None = None


@dataclass(frozen=True)
class When:
    """What is expected instead, of the cases of a matrix that a selector names."""

    selector: Mapping[str, Any]
    keys: Mapping[str, Any]
    """Fields of `Expectations`."""


def line(word: Any) -> Line:
    """Text, or `/regular expression/`. Raises ValueError."""
    if not isinstance(word, str):
        raise ValueError(f"must be lines of text in quotes, not {word!r}")
    if "\n" in word:
        raise ValueError(f"cannot hold {word!r}, which no single line contains: give a line each")
    if len(word) < 2 or not (word.startswith("/") and word.endswith("/")):
        if not word.strip():
            raise ValueError("holds an empty text, which every line contains: leave it out")
        return Line(word, re.compile(re.escape(word)))
    try:
        pattern = re.compile(word[1:-1])
    except re.error as error:
        raise ValueError(f"holds no regular expression in {word}: {error}; mend it") from None
    if not word[1:-1] or pattern.search("") is not None:
        raise ValueError(f"holds {word}, which matches an empty line and so says nothing: make it stricter")
    return Line(word, pattern)


def lines(value: Any, folder: Path) -> tuple[Line, ...]:
    """A list of lines."""
    if not isinstance(value, list):
        raise ValueError(f'must be a list such as ["first line", "/second .*/"], not {value!r}')
    return tuple(map(line, value))


def outcomes(value: Any, folder: Path) -> tuple[str, ...]:
    """One outcome, or a list of them."""
    words = value if isinstance(value, list) else [value]
    if not words:
        raise ValueError(f"allows no outcome at all: give one of {', '.join(OUTCOMES)}")
    parse = values.choice(*OUTCOMES)
    return tuple(parse(word, folder) for word in words)


def rules(value: Any, folder: Path) -> tuple[str, ...] | None:
    """True for all rules that are more than advice, or a list of rules."""
    if isinstance(value, bool):
        return () if value else None
    if not isinstance(value, list) or not value:
        raise ValueError(f'must be true, or a list of rules such as ["magic-first"], not {value!r}')
    for word in value:
        if word not in RULES:
            raise ValueError(f"knows no rule {word!r}: {suggestion(str(word), RULES)}")
    return tuple(value)


def departures(value: Any, folder: Path) -> tuple[str, ...]:
    """Disks and cards by kind or name; a CD drive never leaves."""
    if not isinstance(value, list):
        raise ValueError(f'must be a list such as ["disks", "nic 0"], not {value!r}')
    names = values.parts(value, folder)
    for word in names:
        if word.startswith("cd"):
            raise ValueError(f"cannot hold {word!r}: CD drives are never unplugged, leave it out")
    return names


def untouched(value: Any, folder: Path) -> tuple[Untouched, ...]:
    """A list of ports and functions, with or without a moment."""
    if not isinstance(value, list):
        raise ValueError(f'must be a list such as ["0x1f0-0x1f7", "04.0"], not {value!r}')
    return tuple(map(_untouched, value))


def _untouched(value: Any) -> Untouched:
    written, after = (value.get("what"), value.get("after")) if isinstance(value, dict) else (value, None)
    if isinstance(value, dict) and (value.keys() - {"what", "after"} or not isinstance(after, str | None)):
        raise ValueError(f'cannot hold {value!r}: give {{ what = "04.0", after = "TEXT or unplug" }}')
    if after is not None and not after.strip():
        raise ValueError("holds an empty `after`: give a text of the console, or unplug")
    if not isinstance(written, str):
        raise ValueError(
            f"cannot hold {written!r}: give ports such as 0x1f0-0x1f7, or a function such as 04.0"
        )
    if re.fullmatch(r"[0-9a-f]{2}\.[0-7]", written):
        return Untouched(written, None, written, after)
    first, dash, last = written.partition("-")
    try:
        ports = range(int(first, 0), int(last if dash else first, 0) + 1)
    except ValueError:
        ports = range(0)
    if not ports or ports[0] < 0 or ports[-1] > 0xFFFF:
        raise ValueError(
            f"cannot hold {written!r}: give ports such as 0x1f0-0x1f7, or a PCI function such as 04.0"
        )
    return Untouched(written, ports, None, after)


def reason(value: Any, folder: Path) -> str:
    """A sentence."""
    if not values.text(value, folder).strip():
        raise ValueError("needs a reason: say in a sentence why")
    return str(value)


KEYS: Mapping[str, Key] = {
    "outcome": Key(outcomes, "outcome"),
    "console": Key(lines, "console"),
    "never": Key(lines, "never"),
    "screen": Key(lines, "screen"),
    "guest_log": Key(lines, "guest_log"),
    "host_log": Key(lines, "host_log"),
    "unplugged": Key(departures, "unplugged"),
    "remaining": Key(departures, "remaining"),
    "untouched": Key(untouched, "untouched"),
    "protocol": Key(rules, "protocol"),
    "virtual": Key(values.seconds, "virtual_s"),
    "wall": Key(values.seconds, "wall_s"),
    "log_bytes": Key(values.integer(0, 1 << 40), "log_bytes"),
    "golden": Key(values.text, "golden"),
    "skip": Key(reason, "skip"),
}


def read_test(layer: Layer) -> dict[str, Any]:
    """The fields that [test] sets. Raises ConfigError."""
    content = layer.data.get("test", {})
    if not isinstance(content, dict):
        raise layer.refusal(("test",), "test must be a table: write [test] above its keys")
    return layer.read(KEYS, content, ("test",), "[test]")


def read_whens(layer: Layer) -> list[When]:
    """Every [[when]]. Raises ConfigError."""
    content = layer.data.get("when", [])
    if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
        raise layer.refusal(("when",), "when must be a list of tables: write [[when]] above its keys")
    found = []
    for number, each in enumerate(content):
        selector = each.get("case")
        if not isinstance(selector, dict) or not selector:
            raise layer.refusal(
                ("when", number), 'a [[when]] needs to say of which cases: add case = { profile = "none" }'
            )
        rest = {name: value for name, value in each.items() if name != "case"}
        if not rest:
            raise layer.refusal(("when", number), "this [[when]] expects nothing: add keys of [test] to it")
        found.append(When(selector, layer.read(KEYS, rest, ("when", number), "[[when]]")))
    return found
