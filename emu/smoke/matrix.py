"""One guest against many hosts: every combination of a matrix's axes is a case with a readable name.

[matrix]
profile = ["seed", "qemu"]                     # an axis: a key of [machine], [kernel], [costs] or [run]
without = ["none", ["disk 1", "nics"]]         # `none` changes nothing
fault = ["none", "no DRQ"]                     # which [[fault]] there is, by name; the others stay away
exclude = [{ profile = "qemu", without = "none" }]
[matrix.host.old]                              # an axis of names, each a machine file's worth of settings
machine.protocol_version = 0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from emu.machine.layers import Layer
from emu.machine.loader import LISTS, TABLES
from emu.machine.machine_file import KeyPath
from emu.machine.nearest import suggestion

MOST_CASES = 1000
EXCLUDE = "exclude"
FAULT = "fault"
UNCHANGED = "none"
"""A value of an axis that leaves the machine as it is."""
OVERRIDABLE = ("machine", "kernel", "costs", "run")


@dataclass(frozen=True)
class Choice:
    """One value of an axis: how a case's name says it, what a selector may call it, what it changes."""

    label: str
    value: Any
    layer: Layer | None
    faults: tuple[str, ...] | None = None
    """Which faults there are of those that the axis names; None: it is no axis of faults."""


@dataclass(frozen=True)
class Axis:
    """An axis and its values."""

    name: str
    choices: Sequence[Choice]


Combination = Mapping[str, Choice]
"""A value for each axis."""


@dataclass(frozen=True)
class Matrix:
    """The axes, and what is left out of their product."""

    axes: Sequence[Axis] = ()
    excluded: Sequence[Mapping[str, Any]] = ()

    def combinations(self) -> Iterator[Combination]:
        """Every combination, the last axis running fastest; one without choices where there is no axis."""
        names = [axis.name for axis in self.axes]
        for choices in product(*(axis.choices for axis in self.axes)):
            combination = dict(zip(names, choices, strict=True))
            if not any(selects(selector, combination) for selector in self.excluded):
                yield combination

    def check(self, selector: Any, layer: Layer, at: KeyPath) -> None:
        """Refuse a selector that no combination can match."""
        if not isinstance(selector, dict) or not selector:
            raise layer.refusal(at, 'a selector must be a table such as { profile = "none" }')
        axes = {axis.name: axis for axis in self.axes}
        for name, wanted in selector.items():
            if name not in axes:
                remedy = suggestion(name, axes) if axes else "add [matrix] with one"
                raise layer.refusal(at, f"there is no axis {name!r}: {remedy}")
            for each in _alternatives(wanted):
                labels = [choice.label for choice in axes[name].choices]
                if not any(_is(each, choice) for choice in axes[name].choices):
                    remedy = suggestion(str(each), labels)
                    raise layer.refusal(at, f"{name} is never {each!r} in [matrix]: {remedy}")


def selects(selector: Mapping[str, Any], combination: Combination) -> bool:
    """Whether a combination has one of the wanted values on each axis that is named."""
    return all(
        any(_is(each, combination[name]) for each in _alternatives(wanted))
        for name, wanted in selector.items()
    )


def case_name(stem: str, combination: Combination) -> str:
    """Such as `unplug-all[profile=qemu,memory=16]`."""
    if not combination:
        return stem
    return f"{stem}[{','.join(f'{name}={choice.label}' for name, choice in combination.items())}]"


def read_matrix(layer: Layer) -> Matrix:
    """What [matrix] says. Raises ConfigError."""
    content = layer.data.get("matrix", {})
    if not isinstance(content, dict):
        raise layer.refusal(("matrix",), "matrix must be a table: write [matrix] above its axes")
    axes = [_axis(layer, name, given) for name, given in content.items() if name != EXCLUDE]
    count = prod(len(axis.choices) for axis in axes)
    if count > MOST_CASES:
        raise layer.refusal(
            ("matrix",),
            f"these axes make {count} cases: at most {MOST_CASES} are allowed, take some values out",
        )
    excluded = content.get(EXCLUDE, [])
    at = ("matrix", EXCLUDE)
    if not isinstance(excluded, list):
        raise layer.refusal(at, 'exclude must be a list such as [{ profile = "none", memory = 16 }]')
    matrix = Matrix(axes, excluded)
    for number, selector in enumerate(excluded):
        matrix.check(selector, layer, (*at, number))
    if axes and next(matrix.combinations(), None) is None:
        raise layer.refusal(at, "every case of the matrix is excluded: leave some")
    return matrix


def _axis(layer: Layer, name: str, given: Any) -> Axis:
    match given:
        case list():
            choices = [_value(layer, name, number, value) for number, value in enumerate(given)]
        case dict():
            choices = [_named(layer, name, word, settings) for word, settings in given.items()]
        case _:
            raise layer.refusal(
                ("matrix", name), f"the axis {name} must be a list of values, or a table of named settings"
            )
    if not choices:
        raise layer.refusal(("matrix", name), f"the axis {name} has no value: give some, or leave it out")
    labels = [choice.label for choice in choices]
    for label in labels:
        if labels.count(label) > 1:
            raise layer.refusal(("matrix", name), f"the axis {name} has {label} twice: leave one out")
    return Axis(name, choices)


def _value(layer: Layer, name: str, number: int, value: Any) -> Choice:
    """A value of a key that a machine file has."""
    at: KeyPath = ("matrix", name, number)
    if name == FAULT:
        faults = () if value == UNCHANGED else tuple(map(str, _alternatives(value)))
        return Choice(_label(value), value, None, faults)
    table = next((each for each in OVERRIDABLE if name in TABLES[each]), None)
    if table is None:
        known = [key for each in OVERRIDABLE for key in TABLES[each]]
        raise layer.refusal(
            at,
            f"unknown axis {name!r}: {suggestion(name, known)} "
            f"An axis of settings of your own is written [matrix.{name}.WORD]",
        )
    if value == UNCHANGED and name in ("without", "blacklist"):
        return Choice(UNCHANGED, value, None)
    return Choice(
        _label(value), value, Layer({table: {name: value}}, lambda _: layer.where(at), layer.folder)
    )


def _named(layer: Layer, name: str, word: str, settings: Any) -> Choice:
    """A word for some settings."""
    at: KeyPath = ("matrix", name, word)
    if not isinstance(settings, dict):
        raise layer.refusal(
            at,
            f"{word} must be a table of settings: write [matrix.{name}.{word}] above such as machine.memory",
        )
    for table in settings:
        if table not in (*OVERRIDABLE, *LISTS, "store"):
            raise layer.refusal(
                (*at, table), f"unknown table {table!r}: {suggestion(table, (*OVERRIDABLE, *LISTS, 'store'))}"
            )
    changes = Layer(settings, lambda key: layer.where((*at, *key)), layer.folder) if settings else None
    return Choice(word, word, changes)


def _label(value: Any) -> str:
    """As a case's name says it: without what would make the name hard to select by."""
    match value:
        case bool():
            return str(value).lower()
        case list():
            return "+".join(map(_label, value)) or UNCHANGED
        case str():
            return value.replace(" ", "-").replace(",", "+") or UNCHANGED
        case _:
            return str(value)


def _alternatives(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _is(wanted: Any, choice: Choice) -> bool:
    """Whether a selector's value means a choice: by what was written, or by the label."""
    return bool(wanted == choice.value and type(wanted) is type(choice.value)) or wanted == choice.label
