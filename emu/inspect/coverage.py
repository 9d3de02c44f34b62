"""Which code of a guest ran, and how often: by source lines for lcov, by blocks for tools that read drcov.

    coverage = Coverage(machine)
    machine.run()
    coverage.write_lcov(path, symbols)

Counting changes nothing: the run is the same run. A block that was left early, at a fault, counts as far as
it was executed. A program counts where the code that ran is the file's: the first bytes of a block are
compared, as they were when it ran, so several programs may have lain at the same addresses in turn.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

from emu.core.errors import ConfigError
from emu.cpu.executed import Ran
from emu.inspect.drcov import Blocks
from emu.inspect.lcov import Lines
from emu.inspect.symbols import COMPARED, SymbolFiles, Symbols
from emu.machine.machine import Machine
from emu.machine.nearest import suggestion

SUFFIXES = {".info": "lcov", ".drcov": "drcov"}
NO_LINES = "lcov is about source lines, and there is no ELF file with debugging information"


class Counts(Protocol):
    """What a file of coverage says, of one run or of several."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""

    def as_plain(self) -> dict[str, Any]:
        """Plain data that JSON takes."""

    def add(self, plain: Mapping[str, Any], /) -> None:
        """Add another run, as `as_plain` gave it."""

    def encoded(self, name: str = "", /) -> bytes:
        """The file; `name` is that of the test."""


FORMS: Mapping[str, type[Lines] | type[Blocks]] = {"lcov": Lines, "drcov": Blocks}
"""The formats; called, each has counts of nothing yet."""


class Coverage:
    """What a machine executes from now on; made while it does not run."""

    def __init__(self, machine: Machine) -> None:
        self._executed = machine.processor.count_code()

    @property
    def is_complete(self) -> bool:
        """Whether there was room to count everything."""
        return self._executed.is_complete

    def ranges(self) -> list[Ran]:
        """What was executed, in order of addresses."""
        return self._executed.ranges()

    def write_lcov(self, path: Path, symbols: SymbolFiles, name: str = "") -> None:
        """Write a tracefile of the lines of all `symbols`, those too that never ran. Raises ConfigError.

        `name` is that of the test.
        """
        self.write("lcov", path, symbols, name)

    def write_drcov(self, path: Path, symbols: SymbolFiles) -> None:
        """Write all blocks that ran, by programs, and by addresses those of none. Raises ConfigError."""
        self.write("drcov", path, symbols)

    def write(self, form: str, path: Path, symbols: SymbolFiles, name: str = "") -> None:
        """Write as `lcov` or as `drcov`. Raises ConfigError."""
        write_whole(path, self.counts(form, symbols).encoded(name))

    def counts(self, form: str, symbols: SymbolFiles) -> Counts:
        """What a file has to say, for `lcov` or for `drcov`."""
        shares, others = attribute(self.ranges(), symbols)
        if form == "lcov":
            return Lines.of(((file, Times(ran)) for file, ran in shares), symbols.sources)
        return Blocks.of(shares, others)


class Times:
    """How often the instruction at an address was executed."""

    def __init__(self, ran: Iterable[Ran]) -> None:
        changes: dict[int, int] = {}
        for each in ran:
            changes[each.start] = changes.get(each.start, 0) + each.times
            changes[each.start + each.size] = changes.get(each.start + each.size, 0) - each.times
        self._addresses = sorted(changes)
        self._times = list(accumulate(changes[address] for address in self._addresses))

    def at(self, address: int) -> int:
        """At one address."""
        index = bisect_right(self._addresses, address) - 1
        return self._times[index] if index >= 0 else 0

    def within(self, low: int, high: int) -> int:
        """Of the instruction between two addresses that was executed most often."""
        first = bisect_right(self._addresses, low)
        last = bisect_right(self._addresses, high - 1)
        return max([self.at(low), *self._times[first:last]])


def attribute(ran: list[Ran], symbols: SymbolFiles) -> tuple[list[tuple[Symbols, list[Ran]]], list[Ran]]:
    """What ran of each program, and what of none."""
    shares: list[tuple[Symbols, list[Ran]]] = [(file, []) for file in symbols.files]
    others = []
    for each in ran:
        for file, share in shares:
            if _is_of(file, each):
                share.append(each)
                break
        else:
            others.append(each)
    return shares, others


def _is_of(file: Symbols, ran: Ran) -> bool:
    code = ran.code[:COMPARED]
    return bool(code) and file.code(ran.start, len(code)) == code


def format_of(path: Path, given: str | None) -> str:
    """The format of a file: what was said, or what its name says. Raises ConfigError."""
    form = given or SUFFIXES.get(path.suffix)
    if form is None:
        raise ConfigError(
            f"the name {path} says no format of coverage: call it *.info for lcov or *.drcov for drcov, "
            "or add --coverage-format"
        )
    if form not in FORMS:
        raise ConfigError(f"there is no format {form!r} of coverage: {suggestion(form, FORMS)}")
    return form


def refuse_nowhere(path: Path) -> None:
    """Say before anything runs that no file can be at `path`. Raises ConfigError."""
    if not path.parent.is_dir():
        raise ConfigError(f"there is no folder {path.parent} for the coverage: make it, or name another")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: give the coverage a file in it, such as {path / 'all.info'}")


def write_whole(path: Path, data: bytes) -> None:
    """A file that holds `data`, or nothing has changed. Raises ConfigError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"cannot write the coverage {path} ({error.strerror}): give another path") from None
