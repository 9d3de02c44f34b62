"""The snapshots of a run that is being recorded: each as what changed since the one before, on disk.

They are taken often and thinned out with age, so that many are near the end of the run and few far from it.
Dropping one merges its changes into the next. What changed is copied while the machine waits, and compressed
beside it, in a thread.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from emu.core.memory import PAGE
from emu.core.plain_json import dumps
from emu.core.state import to_plain
from emu.machine.blocks import MEMORY, Key, read_packed, write_block, write_packed
from emu.machine.machine import Machine
from emu.machine.saved_state import saved_state

MOST_SNAPSHOTS = 32
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
    written: Future[IO[bytes]]

    @property
    def blocks(self) -> IO[bytes]:
        """The blocks, as a stream at its beginning. Raises OSError where they could not be written."""
        stream = self.written.result()
        stream.seek(0)
        return stream

    @property
    def size(self) -> int:
        """Bytes that the blocks take."""
        return os.fstat(self.written.result().fileno()).st_size


class Spool:
    """Takes the snapshots of one tracked machine; memory is only kept for their states."""

    def __init__(self, machine: Machine, folder: Path | None) -> None:
        """Temporary files, which have no names, go to `folder`."""
        assert machine.memory.pages is not None
        self._machine = machine
        self._pages = machine.memory.pages
        self._folder = folder
        self._overlays: dict[int, dict[int, bytes]] = {}
        self._thread = ThreadPoolExecutor(1, "spool")
        self.kept: list[Spooled] = []
        if machine.clock.ticks == 0:
            self._pages.keep()  # anybody can make this machine from its configuration

    def take(self, events: int, trace_hash: str) -> None:
        """Take a snapshot here, at a decision point, unless there is one. Raises OSError for a full disk."""
        machine = self._machine
        if self.kept and self.kept[-1].ticks == machine.clock.ticks:
            return
        self.settle()
        state = zlib.compress(dumps(to_plain(saved_state(machine))), 1)
        written = self._thread.submit(self._written, self._changes())
        self.kept.append(
            Spooled(machine.clock.ticks, machine.processor.retired, events, trace_hash, state, written)
        )

    def settle(self) -> None:
        """Wait for the last snapshot, and make room. Raises OSError for a full disk; the snapshot is gone."""
        try:
            if self.kept:
                self.kept[-1].written.result()
        except OSError:
            self.kept.pop()
            raise
        while len(self.kept) > SPARED + 1 and (len(self.kept) > MOST_SNAPSHOTS or self._size > LARGEST_SPOOL):
            self._drop(self._least_missed())

    def close(self) -> None:
        """Let go of the files."""
        self._thread.shutdown()
        for each in self.kept:
            if each.written.exception() is None:
                each.blocks.close()
        self.kept.clear()

    @property
    def _size(self) -> int:
        return sum(each.size for each in self.kept)

    def _written(self, changes: list[tuple[Key, bytes]]) -> IO[bytes]:
        blocks = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        for key, content in changes:
            write_block(blocks, key, content)
        blocks.flush()
        return blocks

    def _changes(self) -> list[tuple[Key, bytes]]:
        """The blocks that have changed since the last time."""
        numbers = self._pages.written()
        contents = {number: self._pages.content(number) for number in numbers}
        ram = self._machine.memory.ram_bytes // PAGE
        changes = [((MEMORY, number), content) for number, content in contents.items() if number < ram]
        self._pages.exchange(contents, numbers)
        for position, overlay in self._machine.pc.images.overlays.items():
            known, pages = self._overlays.get(position, {}), overlay.state.pages
            changes += [
                ((position + 1, number), content)
                for number, content in pages.items()
                if known.get(number) is not content
            ]
            self._overlays[position] = dict(pages)
        return changes

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
        for key, packed in read_packed(after.blocks, PAGE):
            newer.add(key)
            write_packed(merged, key, packed)
        for key, packed in read_packed(dropped.blocks, PAGE):
            if key not in newer:
                write_packed(merged, key, packed)
        for each in (dropped, after):
            each.blocks.close()
        merged.flush()
        after.written = Future()
        after.written.set_result(merged)
        del self.kept[at]
