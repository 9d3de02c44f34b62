"""Addresses and source lines, by the line programs of DWARF (versions 2 to 5) [DWARF5] 6.2.

A program is decoded only when an address of its compilation unit is asked for: kernels have thousands.
Whatever is damaged there is as if it were not there: a line is a comfort, not a promise.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from elftools.common.exceptions import DWARFError, ELFError

MALFORMED = (
    *(ELFError, DWARFError, ValueError, LookupError, TypeError, AttributeError, AssertionError, OSError),
    *(ArithmeticError, RuntimeError),
)
"""What comes out of the decoder when debugging information is damaged."""
DIRECTORIES_FROM_0 = 5
"""The version from which directory 0 is the compilation's own, in the table itself."""


class Line(NamedTuple):
    """A source line. `file` is what debugging information calls it, `..` resolved."""

    file: str
    number: int

    @property
    def short(self) -> str:
        """The file's last name and the number."""
        return f"{posixpath.basename(self.file)}:{self.number}"


class Unit:
    """One compilation unit, its line program decoded on demand."""

    def __init__(self, dwarf: Any, unit: Any) -> None:
        self.entry = unit
        self._dwarf = dwarf
        self._rows: list[tuple[int, Line | None]] | None = None
        self._header: Any = None

    def line(self, address: int) -> Line | None:
        """The line of the instruction at `address`."""
        rows = self._decoded()
        index = bisect_right(rows, address, key=lambda row: row[0]) - 1
        return rows[index][1] if index >= 0 else None

    def rows(self) -> Iterator[tuple[int, int, Line]]:
        """(first address, address behind, line), in order of addresses."""
        decoded = self._decoded()
        for (low, line), (high, _) in pairwise(decoded):
            if line is not None:
                yield low, high, line

    def file_name(self, number: int) -> str:
        """What the unit's table calls file `number`. Raises one of MALFORMED."""
        if self._header is None:
            self._header = self._dwarf.line_program_for_CU(self.entry).header
        header = self._header
        modern = header["version"] >= DIRECTORIES_FROM_0
        if not modern and number < 1:
            raise LookupError("files are counted from 1")
        file = header["file_entry"][number if modern else number - 1]
        top = self.entry.get_top_DIE()
        parts: list[bytes] = []
        if "DW_AT_comp_dir" in top.attributes:
            parts.append(top.attributes["DW_AT_comp_dir"].value)
        if modern or file.dir_index:
            parts.append(header["include_directory"][file.dir_index if modern else file.dir_index - 1])
        parts.append(file.name)
        return posixpath.normpath(posixpath.join(*(part.decode(errors="replace") for part in parts)))

    def _decoded(self) -> list[tuple[int, Line | None]]:
        if self._rows is None:
            try:
                self._rows = self._decode()
            except MALFORMED:
                self._rows = []
        return self._rows

    def _decode(self) -> list[tuple[int, Line | None]]:
        """Where each line begins, in order of addresses; None where a sequence ends.

        Of several rows at one address the last describes the instruction: those before it are the empty
        prologues of what was inlined there.
        """
        program = self._dwarf.line_program_for_CU(self.entry)
        names: dict[int, str] = {}
        sequences: list[dict[int, Line | None]] = [{}]
        for each in program.get_entries():
            state = each.state
            if state is None:
                continue
            if state.file not in names:
                names[state.file] = self.file_name(state.file)
            if state.end_sequence:
                sequences[-1].setdefault(state.address, None)
                sequences.append({})
            else:
                sequences[-1][state.address] = Line(names[state.file], state.line)
        found: dict[int, Line | None] = {}
        for sequence in sequences:
            for address, line in sequence.items():
                if line is not None or found.get(address) is None:
                    found[address] = line
        return sorted(found.items(), key=lambda row: row[0])


class LineTable:
    """The compilation units of one file, by address."""

    def __init__(self, dwarf: Any) -> None:
        """`dwarf` is pyelftools' view of a file's debugging information; None where there is none."""
        self._dwarf = dwarf
        self._units: dict[int, Unit] = {}
        self._ranges: list[tuple[int, int, Any]] | None = None

    def line(self, address: int) -> Line | None:
        """The source line of the instruction at `address`."""
        unit = self.unit(address)
        return None if unit is None else unit.line(address)

    def unit(self, address: int) -> Unit | None:
        """The compilation unit that `address` was compiled from."""
        if self._ranges is None:
            self._ranges = self._index()
        index = bisect_right(self._ranges, address, key=lambda each: each[0]) - 1
        if index < 0 or address >= self._ranges[index][1]:
            return None
        entry = self._ranges[index][2]
        return self._units.setdefault(entry.cu_offset, Unit(self._dwarf, entry))

    def units(self) -> list[Unit]:
        """All compilation units that have code, in order of their entries."""
        if self._ranges is None:
            self._ranges = self._index()
        entries = {entry.cu_offset: entry for _, _, entry in self._ranges}
        return [
            self._units.setdefault(offset, Unit(self._dwarf, entry))
            for offset, entry in sorted(entries.items())
        ]

    def _index(self) -> list[tuple[int, int, Any]]:
        """(first address, address behind, unit), in order."""
        found: list[tuple[int, int, Any]] = []
        if self._dwarf is None:
            return found
        try:
            known = self._address_ranges()
            for unit in self._dwarf.iter_CUs():
                spans = known.get(unit.cu_offset) or list(code_ranges(self._dwarf, unit.get_top_DIE()))
                found += [(low, high, unit) for low, high in spans]
        except MALFORMED:
            pass  # what was found before the damage still counts
        return sorted(found, key=lambda each: each[0])

    def _address_ranges(self) -> dict[int, list[tuple[int, int]]]:
        """What .debug_aranges says, by the offset of the unit."""
        spans: dict[int, list[tuple[int, int]]] = {}
        table = self._dwarf.get_aranges()
        for each in table.entries if table else ():
            if each.length:
                end = each.begin_addr + each.length
                spans.setdefault(each.info_offset, []).append((each.begin_addr, end))
        return spans


def code_ranges(dwarf: Any, entry: Any) -> Iterator[tuple[int, int]]:
    """The (first address, address behind) that an entry of debugging information is about."""
    attributes = entry.attributes
    low = attributes["DW_AT_low_pc"].value if "DW_AT_low_pc" in attributes else 0
    if "DW_AT_high_pc" in attributes:
        high = attributes["DW_AT_high_pc"]
        yield low, high.value if high.form == "DW_FORM_addr" else low + high.value
    elif "DW_AT_ranges" in attributes:
        base = entry.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
        start = base.value if base else 0
        listed = dwarf.range_lists().get_range_list_at_offset(attributes["DW_AT_ranges"].value, entry.cu)
        for each in listed:
            if hasattr(each, "base_address"):
                start = each.base_address
            elif each.begin_offset < each.end_offset:
                offset = 0 if getattr(each, "is_absolute", False) else start
                yield offset + each.begin_offset, offset + each.end_offset
