"""Tracefiles of lcov: which source lines and functions ran, and how often. [geninfo(1)], "FILES".

A line has several pieces of code: it ran as often as the piece that ran most. Those of its copies in several
functions, where it was inlined, are such pieces, too. A function was entered as often as all its copies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emu.inspect.sources import Sources
from emu.inspect.symbols import Symbols

if TYPE_CHECKING:
    from emu.inspect.coverage import Times

NO_WORD = re.compile(r"\W+")
"""What the name of a test may not have."""


@dataclass
class Source:
    """One source file: executions by line, and by name and line of its functions."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, other: Source) -> None:
        """Add what another program or run did of the same file."""
        for number, times in other.lines.items():
            self.lines[number] = self.lines.get(number, 0) + times
        for place, times in other.functions.items():
            self.functions[place] += times


class Lines:
    """Executions by source file, those too that never ran: of one run, or of several added up."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}

    @classmethod
    def of(cls, programs: Iterable[tuple[Symbols, Times]], sources: Sources) -> Lines:
        """Those of one run. What several programs have of the same source is added."""
        lines = cls()
        for program, times in programs:
            for file, source in _of_program(program, times).items():
                lines._add(str(sources.find(file) or file), source)
        return lines

    @property
    def is_empty(self) -> bool:
        """Whether no program had debugging information."""
        return not self._sources

    def as_plain(self) -> dict[str, Any]:
        """Plain data that JSON takes."""
        return {
            path: {
                "lines": [list(source.lines), list(source.lines.values())],
                "functions": [[number, name, times] for (number, name), times in source.functions.items()],
            }
            for path, source in self._sources.items()
        }

    def add(self, plain: Mapping[str, Any]) -> None:
        """Add another run, as `as_plain` gave it."""
        for path, each in plain.items():
            functions = {(number, name): times for number, name, times in each["functions"]}
            self._add(path, Source(dict(zip(*each["lines"], strict=True)), Counter(functions)))

    def encoded(self, name: str = "") -> bytes:
        """A tracefile; `name` is that of the test."""
        records = [_record(path, source) for path, source in sorted(self._sources.items())]
        return "".join([f"TN:{NO_WORD.sub('_', name)}\n", *records]).encode()

    def _add(self, path: str, source: Source) -> None:
        self._sources.setdefault(path, Source()).add(source)


def _of_program(program: Symbols, times: Times) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for unit in program.units:
        for low, high, line in unit.rows():
            if line.number and program.code(low, 1):  # the linker may have left it out
                lines = found.setdefault(line.file, Source()).lines
                lines[line.number] = max(lines.get(line.number, 0), times.within(low, high))
        for each in program.functions[unit]:
            if program.code(each.address, 1) and each.declared.file in found:
                place = each.declared.number, each.name
                found[each.declared.file].functions[place] += times.at(each.address)
                if each.called_at is not None:  # the line of the call may have no other code
                    lines = found.setdefault(each.called_at.file, Source()).lines
                    number = each.called_at.number
                    lines[number] = max(lines.get(number, 0), times.at(each.address))
    return found


def _record(path: str, source: Source) -> str:
    functions = sorted(source.functions.items())
    lines = [f"SF:{path}"]
    lines += [f"FN:{number},{name}" for (number, name), _ in functions]
    lines += [f"FNDA:{times},{name}" for (_, name), times in functions]
    lines += [f"FNF:{len(functions)}", f"FNH:{sum(times > 0 for _, times in functions)}"]
    lines += [f"DA:{number},{times}" for number, times in sorted(source.lines.items())]
    hit = sum(times > 0 for times in source.lines.values())
    lines += [f"LF:{len(source.lines)}", f"LH:{hit}", "end_of_record"]
    return "\n".join(lines) + "\n"
