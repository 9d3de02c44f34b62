"""Tracefiles of lcov: which source lines and functions ran, and how often. [geninfo(1)], "FILES".

A line has several pieces of code: it ran as often as the piece that ran most. Those of its copies in several
functions, where it was inlined, are such pieces, too. A function was entered as often as all its copies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emu.inspect.functions import functions
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


def tracefile(programs: Iterable[tuple[Symbols, Times]], sources: Sources, name: str = "") -> str:
    """The text of a tracefile. What several programs have of the same source is added."""
    found: dict[str, Source] = {}
    for program, times in programs:
        for file, source in _of_program(program, times).items():
            _add(found.setdefault(file, Source()), source)
    records = [_record(str(sources.find(file) or file), source) for file, source in sorted(found.items())]
    return f"TN:{NO_WORD.sub('_', name)}\n" + "".join(records)


def _of_program(program: Symbols, times: Times) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for unit in program.units:
        for low, high, line in unit.rows():
            if line.number and program.code(low, 1):  # the linker may have left it out
                lines = found.setdefault(line.file, Source()).lines
                lines[line.number] = max(lines.get(line.number, 0), times.within(low, high))
        for each in functions(program.dwarf, unit):
            if program.code(each.address, 1) and each.declared.file in found:
                place = each.declared.number, each.name
                found[each.declared.file].functions[place] += times.at(each.address)
                if each.called_at is not None:  # the line of the call may have no other code
                    lines = found.setdefault(each.called_at.file, Source()).lines
                    number = each.called_at.number
                    lines[number] = max(lines.get(number, 0), times.at(each.address))
    return found


def _add(total: Source, source: Source) -> None:
    for number, times in source.lines.items():
        total.lines[number] = total.lines.get(number, 0) + times
    for place, times in source.functions.items():
        total.functions[place] += times


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
