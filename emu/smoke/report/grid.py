"""The cases of a matrix as a table: one axis across, the others down.

A case's name says where it belongs: `scenario[axis=value,axis=value]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

NAME = re.compile(r"(?P<scenario>[^\[\]]+)\[(?P<axes>.+)\]", re.DOTALL)
MOST_ACROSS = 12

Cell = TypeVar("Cell")


def scenario_of(name: str) -> str | None:
    """The name without its place in a matrix; None where it is in none."""
    found = NAME.fullmatch(name)
    return found["scenario"] if found else None


def axes_of(name: str) -> dict[str, str]:
    """The axes and values in a name; a comma that no `axis=` follows belongs to the value before it."""
    found = NAME.fullmatch(name)
    axes: dict[str, str] = {}
    last = ""
    for part in found["axes"].split(",") if found else ():
        axis, sign, value = part.partition("=")
        if sign:
            last = axis
            axes[axis] = value
        elif last:
            axes[last] += "," + part
        else:
            return {}
    return axes


@dataclass(frozen=True)
class Grid(Generic[Cell]):
    """A table: names of the axes down and across, the values across, and rows of values down with cells."""

    down: Sequence[str]
    across: str
    columns: Sequence[str]
    rows: Sequence[tuple[Sequence[str], Sequence[Cell | None]]]


def grid(cases: Sequence[tuple[str, Cell]]) -> Grid[Cell] | None:
    """The table of named cases; None where their names do not make one."""
    places = [axes_of(name) for name, _ in cases]
    axes = list(places[0])
    if len(cases) < 2 or not axes or any(list(place) != axes for place in places):
        return None
    values = {axis: list(dict.fromkeys(place[axis] for place in places)) for axis in axes}
    fitting = [axis for axis in axes if len(values[axis]) <= MOST_ACROSS]
    if not fitting:
        return None
    across = max(fitting, key=lambda axis: len(values[axis]))
    down = [axis for axis in axes if axis != across and len(values[axis]) > 1]
    fixed = [axis for axis in axes if axis != across and axis not in down]
    down = down or fixed[:1]
    found: dict[tuple[str, ...], dict[str, Cell]] = {}
    for place, (_, cell) in zip(places, cases, strict=True):
        row = found.setdefault(tuple(place[axis] for axis in down), {})
        if place[across] in row:
            return None
        row[place[across]] = cell
    rows = [(row, [cells.get(column) for column in values[across]]) for row, cells in found.items()]
    return Grid(down, across, values[across], rows)
