"""Functions as the source has them: which calls the compiler has inlined at an address [DWARF5] 3.3.8.

A port access in a driver is mostly an inlined `inb` in a header; what a person wants to see is who called it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from emu.inspect.functions import FUNCTION, INLINED, called_at, name_of
from emu.inspect.line_table import MALFORMED, Line, LineTable, Unit, code_ranges


class Call(NamedTuple):
    """A function that an address belongs to, and the line in it."""

    function: str
    line: Line | None
    inlined: bool


class _Span(NamedTuple):
    low: int
    high: int
    depth: int
    function: str
    called_at: Line | None
    """None for a function that was not inlined."""
    inlined: bool


class Inlining:
    """The functions of one file with what was inlined into them."""

    def __init__(self, dwarf: Any, table: LineTable) -> None:
        self._dwarf = dwarf
        self._table = table
        self._spans: dict[int, list[_Span]] = {}

    def calls(self, address: int) -> list[Call]:
        """The functions at `address`, the innermost first; the last is the one that was not inlined."""
        unit = self._table.unit(address)
        if unit is None:
            return []
        chain = [span for span in self._of(unit) if span.low <= address < span.high]
        chain.sort(key=lambda span: -span.depth)
        calls: list[Call] = []
        line = unit.line(address)
        for span in chain:
            if calls and calls[-1].function == span.function:  # the compiler has split a function in two
                calls[-1] = calls[-1]._replace(inlined=span.inlined)
            else:
                calls.append(Call(span.function, line, span.inlined))
            line = span.called_at
        return calls

    def _of(self, unit: Unit) -> list[_Span]:
        offset = unit.entry.cu_offset
        if offset not in self._spans:
            spans: list[_Span] = []
            self._spans[offset] = spans
            with suppress(*MALFORMED):  # what was found before the damage still counts
                self._collect(unit, unit.entry.get_top_DIE(), 0, spans)
        return self._spans[offset]

    def _collect(self, unit: Unit, entry: Any, depth: int, spans: list[_Span]) -> int:
        """Gather the spans below `entry`; where the last entry lies. Raises one of MALFORMED."""
        reached: int = entry.offset
        for child in entry.iter_children():
            if child.offset <= reached:  # damaged: it would go round and round
                raise ValueError("entries of debugging information lie one after the other")
            reached = child.offset
            if child.tag in (FUNCTION, INLINED):
                inlined = child.tag == INLINED
                called = called_at(unit, child) if inlined else None
                name = name_of(child) or "?"
                for low, high in code_ranges(self._dwarf, child):
                    spans.append(_Span(low, high, depth, name, called, inlined))
            if child.has_children:
                reached = self._collect(unit, child, depth + 1, spans)
        return reached
