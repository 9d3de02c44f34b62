"""Reads logs of drcov as the tools do that show them."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import NamedTuple


class Module(NamedTuple):
    base: int
    end: int
    path: str


class Block(NamedTuple):
    module: int
    start: int
    size: int


def read_log(path: Path) -> tuple[list[Module], list[Block]]:
    """The modules, and the blocks by linear address."""
    version, flavor, table, columns, rest = path.read_bytes().split(b"\n", 4)
    assert (version, flavor) == (b"DRCOV VERSION: 2", b"DRCOV FLAVOR: drcov")
    found = re.fullmatch(rb"Module Table: version 2, count (\d+)", table)
    assert found is not None
    names = columns.decode().removeprefix("Columns: ").split(", ")
    modules = []
    for number in range(int(found[1])):
        line, rest = rest.split(b"\n", 1)
        fields = dict(zip(names, (each.strip() for each in line.decode().split(", ", 4)), strict=True))
        assert int(fields["id"]) == number
        modules.append(Module(int(fields["base"], 16), int(fields["end"], 16), fields["path"]))
    head, rest = rest.split(b"\n", 1)
    count = re.fullmatch(rb"BB Table: (\d+) bbs", head)
    assert count is not None
    assert len(rest) == 8 * int(count[1])
    entries = struct.iter_unpack("<IHH", rest)
    return modules, [Block(module, modules[module].base + start, size) for start, size, module in entries]
