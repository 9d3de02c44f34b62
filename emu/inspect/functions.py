"""The functions of a program as its source declares them, and the addresses where the program enters them.

A function that was inlined is entered wherever it was; one that was both is entered at all these places.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from emu.inspect.line_table import MALFORMED, Line, Unit, code_ranges

FUNCTION, INLINED = "DW_TAG_subprogram", "DW_TAG_inlined_subroutine"
ORIGINS = ("DW_AT_abstract_origin", "DW_AT_specification")
MOST_ORIGINS = 8


class Entered(NamedTuple):
    """A function, where it is declared, and an address where it begins."""

    name: str
    declared: Line
    address: int
    called_at: Line | None
    """Of a copy that was inlined."""


def functions(dwarf: Any, unit: Unit) -> Iterator[Entered]:
    """All functions of a compilation unit; of damaged debugging information what comes before the damage."""
    with suppress(*MALFORMED):
        for entry in unit.entry.iter_DIEs():
            if entry.tag in (FUNCTION, INLINED):
                begins = [low for low, high in code_ranges(dwarf, entry) if low < high]
                name, declared = name_of(entry), _declaration(unit, entry)
                if begins and name is not None and declared is not None:
                    yield Entered(name, declared, begins[0], called_at(unit, entry))


def name_of(entry: Any) -> str | None:
    """What a function or a copy of it is called. Raises one of MALFORMED."""
    name = _attribute(entry, "DW_AT_name")
    return None if name is None else str(name.decode(errors="replace"))


def called_at(unit: Unit, entry: Any) -> Line | None:
    """Where an inlined function is called. Raises one of MALFORMED."""
    attributes = entry.attributes
    if "DW_AT_call_file" not in attributes or "DW_AT_call_line" not in attributes:
        return None
    return Line(unit.file_name(attributes["DW_AT_call_file"].value), attributes["DW_AT_call_line"].value)


def _declaration(unit: Unit, entry: Any) -> Line | None:
    file, number = _attribute(entry, "DW_AT_decl_file"), _attribute(entry, "DW_AT_decl_line")
    return None if file is None or number is None else Line(unit.file_name(file), number)


def _attribute(entry: Any, name: str) -> Any:
    """An attribute of an entry, or of what it is a copy or the definition of."""
    for _ in range(MOST_ORIGINS):
        if name in entry.attributes:
            return entry.attributes[name].value
        origin = next((each for each in ORIGINS if each in entry.attributes), None)
        if origin is None:
            break
        entry = entry.get_DIE_from_attribute(origin)
    return None
