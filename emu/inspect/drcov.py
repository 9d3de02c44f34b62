"""Logs of drcov, version 2: which blocks ran, for tools that show them over a disassembly. [DynamoRIO] drcov.

A module for each program, from its lowest address on; what belongs to none is in modules named `memory`, one
for each 4 GiB of linear addresses, because a block's place in its module has 32 bits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

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


class Blocks:
    """Blocks that ran, by modules: of one run, or of several together."""

    def __init__(self) -> None:
        self._modules: dict[Module, set[tuple[int, int]]] = {}

    @classmethod
    def of(cls, shares: Iterable[tuple[Symbols, list[Ran]]], others: Iterable[Ran]) -> Blocks:
        """Those of one run: `shares` are of programs, `others` of none."""
        blocks = cls()
        for program, ran in shares:
            low, high = program.span
            module = Module(low, high, str(program.path))
            blocks._add(module, ((each.start - low, min(each.size, LARGEST)) for each in ran))
        for each in sorted(others):
            base = each.start // REACH * REACH
            module = Module(base, base + REACH - 1, f"memory-{base:x}" if base else "memory")
            blocks._add(module, [(each.start - base, min(each.size, LARGEST))])
        return blocks

    @property
    def is_empty(self) -> bool:
        """Whether nothing ran."""
        return not any(self._modules.values())

    def as_plain(self) -> dict[str, Any]:
        """Plain data that JSON takes."""
        return {
            "modules": [
                [*module, [number for block in sorted(blocks) for number in block]]
                for module, blocks in self._modules.items()
            ]
        }

    def add(self, plain: Mapping[str, Any]) -> None:
        """Add another run, as `as_plain` gave it."""
        for base, end, path, numbers in plain["modules"]:
            self._add(Module(base, end, path), zip(numbers[::2], numbers[1::2], strict=True))

    def encoded(self, _name: str = "") -> bytes:
        """A log; the format has no name of a test."""
        count = sum(map(len, self._modules.values()))
        return _head(list(self._modules), count) + b"".join(
            BLOCK.pack(offset, size, number)
            for number, blocks in enumerate(self._modules.values())
            for offset, size in sorted(blocks)
        )

    def _add(self, module: Module, blocks: Iterable[tuple[int, int]]) -> None:
        self._modules.setdefault(module, set()).update(blocks)


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
