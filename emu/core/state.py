"""Device state to plain data and back.

Plain data is None, bool, int, float, str, bytes, lists and dicts with string keys. What comes back must fit
the declaration exactly: an unknown or missing name, a value of the wrong type, or a number beyond all that a
state can have is refused. A field that begins as a list or a bytearray which is not empty keeps its length.
"""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from reprlib import repr as shown
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

S = TypeVar("S")

Plain = None | bool | int | float | str | bytes | list[Any] | dict[str, Any]
WORDS = (Path, IPv4Address)
"""Kinds that a word stands for."""
LOWEST, BEYOND = -(1 << 63), 1 << 64
"""A number in a state is not below the one, and below the other."""


class StateError(Exception):
    """Saved data that does not fit the state it is to become."""


def to_plain(value: Any) -> Plain:
    """Plain data for a dataclass or for a value of one of its fields; shares nothing with it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool | float | str | bytes):
        return value
    if isinstance(value, WORDS):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    raise StateError(f"{type(value).__name__} is no plain data")


def from_plain(kind: type[S], plain: Any, where: str = "") -> S:
    """A `kind` made from what `to_plain` gave."""
    result: S = _from_plain(kind, plain, where or kind.__name__)
    return result


def items(plain: Plain, count: int, where: str) -> list[Any]:
    """Saved data that is a list of `count`. Raises StateError."""
    if not isinstance(plain, list) or len(plain) != count:
        raise StateError(f"{where}: {shown(plain)} is no list of {count}")
    return plain


def _from_plain(kind: Any, plain: Any, where: str) -> Any:
    if kind is Any:
        return plain
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _any_of(get_args(kind), plain, where)
    if origin in (list, tuple):
        return _sequence(origin, get_args(kind), plain, where)
    if origin is dict:
        key_kind, item_kind = get_args(kind)
        _expect(isinstance(plain, dict), kind, plain, where)
        return {
            _key(key_kind, key, where): _from_plain(item_kind, item, f"{where}.{key}")
            for key, item in plain.items()
        }
    if is_dataclass(kind):
        return _dataclass(kind, plain, where)
    if kind is None or kind is type(None):
        _expect(plain is None, kind, plain, where)
        return None
    if issubclass(kind, Enum):
        _expect(isinstance(plain, str) and plain in kind.__members__, kind, plain, where)
        return kind[plain]
    if kind is bytearray:
        _expect(isinstance(plain, bytes), kind, plain, where)
        return bytearray(plain)
    if kind in WORDS:
        return _word(kind, plain, where)
    if kind is float and type(plain) is int:
        return plain
    if issubclass(kind, int) and kind is not bool:
        whole = isinstance(plain, int) and not isinstance(plain, bool)
        _expect(whole and LOWEST <= plain < BEYOND, kind, plain, where)
        return kind(plain)
    _expect(type(plain) is kind, kind, plain, where)
    return plain


def _key(kind: Any, key: str, where: str) -> Any:
    try:
        return kind(key)
    except ValueError:
        raise StateError(f"{where}: {key!r} is no {kind.__name__}") from None


def _word(kind: Any, plain: Any, where: str) -> Any:
    _expect(isinstance(plain, str), kind, plain, where)
    try:
        return kind(plain)
    except ValueError:
        raise StateError(f"{where}: {shown(plain)} is no {kind.__name__}") from None


def _any_of(kinds: tuple[Any, ...], plain: Any, where: str) -> Any:
    for kind in kinds:
        try:
            return _from_plain(kind, plain, where)
        except StateError:
            continue
    raise StateError(f"{where}: {shown(plain)} is none of {kinds}")


def _sequence(origin: Any, items: tuple[Any, ...], plain: Any, where: str) -> Any:
    _expect(isinstance(plain, list), origin, plain, where)
    if origin is tuple and not (len(items) == 2 and items[1] is Ellipsis):
        _expect(len(items) == len(plain), origin, plain, where)
        kinds = items
    else:
        kinds = (items[0],) * len(plain)
    return origin(
        _from_plain(kind, item, f"{where}[{n}]")
        for n, (kind, item) in enumerate(zip(kinds, plain, strict=True))
    )


def _dataclass(kind: Any, plain: Any, where: str) -> Any:
    _expect(isinstance(plain, dict), kind, plain, where)
    hints = _hints(kind)
    if unknown := plain.keys() - hints.keys():
        raise StateError(f"{where}: unknown {', '.join(sorted(unknown))}")
    if missing := hints.keys() - plain.keys():
        raise StateError(f"{where}: missing {', '.join(sorted(missing))}")
    values = {name: _from_plain(hint, plain[name], f"{where}.{name}") for name, hint in hints.items()}
    for name, length in _lengths(kind).items():
        if len(values[name]) != length:
            raise StateError(f"{where}.{name}: there are {len(values[name])} of {length}")
    return kind(**values)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _lengths(kind: Any) -> dict[str, int]:
    """The lengths of those fields that keep theirs."""
    made = {f.name: f.default_factory() for f in fields(kind) if f.default_factory is not MISSING}
    return {name: len(value) for name, value in made.items() if isinstance(value, bytearray | list) and value}


def _expect(fits: bool, kind: Any, plain: Any, where: str) -> None:
    if not fits:
        raise StateError(f"{where}: {shown(plain)} is no {getattr(kind, '__name__', kind)}")
