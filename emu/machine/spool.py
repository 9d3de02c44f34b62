"""The snapshots of a run that is being recorded: each as what changed since the one before, on disk.

They are taken often and thinned out with age, so that many are near the end of the run and few far from it.
Dropping one merges its changes into the next.
"""

from __future__ import annotations

import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from emu.core.memory import PAGE
from emu.core.plain_json import dumps
from emu.core.state import to_plain
from emu.machine.blocks import MEMORY, Key, read_packed, write_block, write_packed
from emu.machine.machine import Machine
from emu.machine.saved_state import saved_state

MOST_SNAPSHOTS = 48
SPARED = 8
"""The newest are not thinned out."""
LARGEST_SPOOL = 1 << 30


@dataclass
class Spooled:
    """One snapshot: when it was taken, its state (compressed), and the blocks that changed before it."""

    ticks: int
    retired: int
    events: int
    hash: str
    state: bytes
    blocks: IO[bytes]
    size: int


class Spool:
    """Takes the snapshots of one tracked machine; memory is only kept for their states."""

    def __init__(self, machine: Machine, folder: Path | None) -> None:
        """Temporary files, which have no names, go to `folder`."""
        assert machine.memory.pages is not None
        self._machine = machine
        self._pages = machine.memory.pages
        self._folder = folder
        self._overlays: dict[int, dict[int, bytes]] = {}
        self.kept: list[Spooled] = []
        if machine.clock.ticks == 0:
            self._pages.keep()  # anybody can make this machine from its configuration

    def take(self, events: int, trace_hash: str) -> None:
        """Take a snapshot here, at a decision point, unless there is one. Raises OSError for a full disk."""
        machine = self._machine
        if self.kept and self.kept[-1].ticks == machine.clock.ticks:
            return
        state = zlib.compress(dumps(to_plain(saved_state(machine))), 1)
        blocks = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        self._write_changes(blocks)
        size = blocks.tell()
        self.kept.append(
            Spooled(machine.clock.ticks, machine.processor.retired, events, trace_hash, state, blocks, size)
        )
        while len(self.kept) > SPARED + 1 and (len(self.kept) > MOST_SNAPSHOTS or self._size > LARGEST_SPOOL):
            self._drop(self._least_missed())

    def close(self) -> None:
        """Let go of the files."""
        for each in self.kept:
            each.blocks.close()
        self.kept.clear()

    @property
    def _size(self) -> int:
        return sum(each.size for each in self.kept)

    def _write_changes(self, blocks: IO[bytes]) -> None:
        numbers = self._pages.written()
        contents = {number: self._pages.content(number) for number in numbers}
        for number, content in contents.items():
            if number < self._machine.memory.ram_bytes // PAGE:
                write_block(blocks, (MEMORY, number), content)
        self._pages.exchange(contents, numbers)
        for position, overlay in self._machine.pc.images.overlays.items():
            known, pages = self._overlays.get(position, {}), overlay.state.pages
            for number, content in pages.items():
                if known.get(number) is not content:
                    write_block(blocks, (position + 1, number), content)
            self._overlays[position] = dict(pages)

    def _least_missed(self) -> int:
        """The one with the smallest gap around it for its age."""
        newest = self.kept[-1].ticks
        gaps = {
            at: (self.kept[at + 1].ticks - self.kept[at - 1].ticks) / (newest - self.kept[at].ticks)
            for at in range(1, len(self.kept) - SPARED)
        }
        return min(gaps, key=gaps.__getitem__)

    def _drop(self, at: int) -> None:
        dropped, after = self.kept[at], self.kept[at + 1]
        merged = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        newer: set[Key] = set()
        after.blocks.seek(0)
        for key, packed in read_packed(after.blocks, PAGE):
            newer.add(key)
            write_packed(merged, key, packed)
        dropped.blocks.seek(0)
        for key, packed in read_packed(dropped.blocks, PAGE):
            if key not in newer:
                write_packed(merged, key, packed)
        for each in (dropped, after):
            each.blocks.close()
        after.blocks, after.size = merged, merged.tell()
        del self.kept[at]
