"""Logs of drcov, version 2: which blocks ran, for tools that show them over a disassembly. [DynamoRIO] drcov.

A module for each program, from its lowest address on; what belongs to none is in modules named `memory`, one
for each 4 GiB of linear addresses, because a block's place in its module has 32 bits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from emu.cpu.executed import Ran
from emu.inspect.symbols import Symbols

BLOCK = struct.Struct("<IHH")
"""Offset in the module, size, number of the module."""
REACH = 1 << 32
LARGEST = 0xFFFF


class Module(NamedTuple):
    """Something that code belongs to."""

    base: int
    end: int
    path: str


def log(shares: Iterable[tuple[Symbols, list[Ran]]], others: Iterable[Ran]) -> bytes:
    """What a log has in it: `shares` are of programs, `others` of none."""
    modules: list[Module] = []
    blocks: set[tuple[int, int, int]] = set()

    def add(module: Module, ran: Iterable[Ran]) -> None:
        for each in ran:
            blocks.add((len(modules), each.start - module.base, min(each.size, LARGEST)))
        modules.append(module)

    for program, ran in shares:
        low, high = program.span
        add(Module(low, high, str(program.path)), ran)
    by_reach: dict[int, list[Ran]] = {}
    for each in others:
        by_reach.setdefault(each.start // REACH, []).append(each)
    for number, ran in sorted(by_reach.items()):
        base = number * REACH
        add(Module(base, base + REACH - 1, f"memory-{base:x}" if base else "memory"), ran)
    return _head(modules, len(blocks)) + b"".join(
        BLOCK.pack(offset, size, module) for module, offset, size in sorted(blocks)
    )


def _head(modules: list[Module], blocks: int) -> bytes:
    lines = [
        "DRCOV VERSION: 2",
        "DRCOV FLAVOR: drcov",
        f"Module Table: version 2, count {len(modules)}",
        "Columns: id, base, end, entry, path",
    ]
    lines += [
        f"{number:3d}, {module.base:#018x}, {module.end:#018x}, {0:#018x}, {module.path}"
        for number, module in enumerate(modules)
    ]
    lines.append(f"BB Table: {blocks} bbs")
    return ("\n".join(lines) + "\n").encode(errors="surrogateescape")
