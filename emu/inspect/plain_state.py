"""A device's state as lines: fields in the data sheet's words, registers by the names of their bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum

from emu.core.registers import Register

LONGEST, MOST_BYTES = 160, 32


def state_lines(state: object, depth: int = 1) -> Iterator[str]:
    """Lines for the fields of a dataclass, those of its parts further in."""
    if not is_dataclass(state):
        return
    for each in fields(state):
        yield from _lines(each.name.replace("_", " "), getattr(state, each.name), depth)


def _lines(name: str, value: object, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if is_dataclass(value):
        yield f"{indent}{name}:"
        yield from state_lines(value, depth + 1)
    elif isinstance(value, list | tuple) and any(is_dataclass(part) for part in value):
        for number, part in enumerate(value):
            yield from _lines(f"{name} {number}", part, depth)
    else:
        yield f"{indent}{name}: {_words(value)}"


def _words(value: object) -> str:
    """A value in few words."""
    match value:
        case Register():
            return f"{int(value):#x}" + (f"  {value.describe()}" if value else "")
        case bool() | None:
            return {True: "yes", False: "no", None: "none"}[value]
        case Enum():
            return value.name.lower().replace("_", " ")
        case int():
            return f"{value:#x}" if value > 9 else str(value)
        case bytes() | bytearray():
            more = f" ... ({len(value)} bytes)" if len(value) > MOST_BYTES else ""
            return (bytes(value[:MOST_BYTES]).hex(" ") or "empty") + more
        case list() | tuple() | set() | frozenset():
            return (", ".join(map(_words, value)) or "empty")[:LONGEST]
        case dict():
            pairs = (f"{_words(key)} {_words(held)}" for key, held in value.items())
            return (", ".join(pairs) or "empty")[:LONGEST]
    return str(value)[:LONGEST]
