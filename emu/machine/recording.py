"""Recordings: a run in a file, to be replayed, or opened at its end and gone back through.

A run follows from its machine and from what came from outside. So a recording holds the configuration, the
inputs, and the arrivals with their positions; snapshots to begin from elsewhere than at reset; and hashes, to
tell whether a replay is the run. `docs/recordings.md` describes the file.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, thread_time
from typing import IO, Any

from emu.backends.host_files import HOST_FILES
from emu.core.errors import ConfigError
from emu.core.plain_json import loads
from emu.core.state import StateError, to_plain
from emu.machine.archive import DAMAGES, Archive, damaged, whole_archive
from emu.machine.blocks import Key
from emu.machine.config import MachineConfig
from emu.machine.fingerprint import MOST_CHECKS, Fingerprint
from emu.machine.inbox import Stamped
from emu.machine.inputs import (
    EMBEDDED,
    READING,
    Input,
    RecordedFiles,
    gather,
    gather_programs,
    pinned,
    write_inputs,
)
from emu.machine.machine import Machine
from emu.machine.run_loop import Stop
from emu.machine.saved_state import SavedState, memory_blocks, newest, put_back, saved_state
from emu.machine.spool import Spool

KIND = "recording"
ARRIVALS, CHECKS = "arrivals.json", "checks"
SHORTEST_INTERVAL_S = 0.5
PATIENCE = 15
"""A snapshot is taken after so many times what the one before has cost the processor."""


@dataclass(frozen=True)
class Mark:
    """A moment of the run: time in ticks, bytes retired, events so far and the hash over them."""

    ticks: int
    retired: int
    events: int
    hash: str


@dataclass(frozen=True)
class Content:
    """What `emu.json` says of a recording."""

    config: MachineConfig
    inputs: list[Input]
    programs: list[Input]
    """The guest's ELF files, for whoever looks at the run."""
    begins: int
    """Where the recording begins, in ticks; at 0 it is the machine that its configuration makes."""
    snapshots: list[Mark]
    end: Mark
    """Where emu itself broke off, its time is that of the last decision point, the rest is as it was then."""
    stop: Stop | None
    """How the run ended; None where emu itself broke off."""


class Recorder:
    """Records the run of a tracked machine from where it is now; `write` it once the run has ended."""

    def __init__(
        self,
        machine: Machine,
        *,
        folder: Path | None = None,
        embed: int = EMBEDDED,
        programs: Iterable[Path] = (),
    ) -> None:
        """`folder` is where temporary files go; `embed` bytes of inputs will be in the file itself.

        `programs` are the guest's ELF files, which go into the file as they are when it is written.

        Raises ConfigError where an input cannot be read, or the machine is not tracked.
        """
        if machine.memory.pages is None:
            raise ConfigError("this machine cannot be recorded: make it with tracked=True")
        self._machine = machine
        self._embed, self._programs = embed, list(programs)
        self._begins, self._taken = machine.clock.ticks, len(machine.inbox.log)
        self._inputs = gather(machine.config, self._discs(), embed=embed, files=machine.files)
        self._fingerprint = Fingerprint(machine.clock)
        machine.observers.attach(self._fingerprint)
        self._spool = Spool(machine, folder)
        self.problem: str | None = None
        """Why there are no more snapshots."""
        self.problems: list[str] = []
        """What a recording that was written lacks."""
        self._breathe_before = machine.loop.breathe
        machine.loop.breathe = self._breathe
        self._due = monotonic() + SHORTEST_INTERVAL_S
        if machine.clock.ticks:
            self._take()

    def write(self, path: Path, stop: Stop | None) -> None:
        """Write the recording of the run, which ended with `stop`, or nothing. Raises ConfigError."""
        self._guarded(Spool.settle)
        known = {each.path for each in self._inputs}
        later = [disc for disc in self._discs() if disc not in known]
        inputs = self._inputs
        if later:
            inputs = gather(
                self._machine.config, [*later, *known], embed=self._embed, files=self._machine.files
            )
            inputs = self._checked(inputs)
        kept = self._spool.kept
        marks = [Mark(each.ticks, each.retired, each.events, each.hash) for each in kept]
        programs, self.problems = gather_programs(self._programs, inputs, embed=self._embed)
        self.problems += [self.problem] if self.problem else []
        config = pinned(self._machine.config)
        content = Content(config, inputs, programs, self._begins, marks, self._end(stop), stop)
        with whole_archive(path) as archive:
            archive.begin(KIND, to_plain(content))
            archive.add(ARRIVALS, to_plain(self._machine.inbox.log[self._taken :]))
            archive.add(CHECKS, bytes(self._fingerprint.checks))
            for number, each in enumerate(kept):
                archive.add(f"snapshots/{number}.json", loads(zlib.decompress(each.state)))
                archive.copy(f"snapshots/{number}.blocks", each.blocks)
            write_inputs(archive, inputs, self._machine.files)
            write_inputs(archive, [each for each in programs if each not in inputs], HOST_FILES)

    def close(self) -> None:
        """Record no more."""
        if self._machine.loop.breathe == self._breathe:
            self._machine.loop.breathe = self._breathe_before
        self._spool.close()

    def _checked(self, inputs: list[Input]) -> list[Input]:
        """Those known before must be what they were."""
        before = {(each.path, each.name): each.digest for each in self._inputs}
        for each in inputs:
            if before.get((each.path, each.name), each.digest) != each.digest:
                raise ConfigError(f"{each.where} was changed during the run: run again, and leave it alone")
        return inputs

    def _discs(self) -> list[str]:
        return [each for known in self._machine.pc.images.save_discs().values() for each in known]

    def _mark(self) -> Mark:
        seen = self._fingerprint
        return Mark(self._machine.clock.ticks, self._machine.processor.retired, seen.events, seen.hexdigest())

    def _end(self, stop: Stop | None) -> Mark:
        """The end of the run; where emu broke off, which may be anywhere, the last decision point before."""
        decided_at = self._machine.inbox.looking.decided_at
        mark = self._mark()
        return mark if stop is not None or decided_at is None else replace(mark, ticks=decided_at)

    def _breathe(self) -> None:
        self._breathe_before()
        if monotonic() >= self._due:
            self._take()

    def _take(self) -> None:
        began = thread_time()
        self._guarded(lambda spool: spool.take(self._fingerprint.events, self._fingerprint.hexdigest()))
        self._due = monotonic() + max(SHORTEST_INTERVAL_S, PATIENCE * (thread_time() - began))

    def _guarded(self, act: Callable[[Spool], None]) -> None:
        """Do something with the spool, unless its disk is full."""
        if self.problem is None:
            try:
                act(self._spool)
            except OSError as error:
                self.problem = f"the recording has no more snapshots: {error.strerror}"


class Recording:
    """A recording that was read."""

    def __init__(self, path: Path, image_dir: Path | None) -> None:
        self.path = path
        self._folder = image_dir
        self._archive = Archive(path, KIND)
        try:
            self._content = self._archive.read(Content, self._archive.content)
            self._archive.check(self._content.config)
            self.arrivals = self._archive.read(list[Stamped], self._archive.plain(ARRIVALS))
            self.checks = self._archive.read(bytes, self._archive.plain(CHECKS))
            moments = [mark.ticks for mark in self.marks]
            begins = [self._content.begins] * (self._content.begins > 0)
            if len(self.checks) > MOST_CHECKS or moments != sorted({*moments}) or moments[:1] < begins:
                raise damaged(path)
        except ConfigError:
            self._archive.close()
            raise
        drives = tuple(replace(each, write=False) for each in self._content.config.drives)
        self.config = replace(self._content.config, drives=drives)
        """That of the machine; its images are only read."""
        self._first: SavedState | None = None
        self._fresh: dict[Key, bytes] = {}

    @classmethod
    def open(cls, path: Path, *, image_dir: Path | None = None) -> Recording:
        """Read a recording; `image_dir` is where to look for inputs that are not in it.

        Raises ConfigError where it is none, is damaged, or is of another version.
        """
        return cls(path, image_dir)

    @property
    def marks(self) -> list[Mark]:
        """The moments that it has snapshots of."""
        return self._content.snapshots

    @property
    def end(self) -> Mark:
        """Where the run ended."""
        return self._content.end

    @property
    def stop(self) -> Stop | None:
        """How it ended; None where emu itself broke off."""
        return self._content.stop

    @property
    def times(self) -> list[int]:
        """When the machine can be put back to, in ticks; the first is where the recording begins."""
        times = [mark.ticks for mark in self.marks]
        return times if self._content.begins else [0, *times]

    @property
    def programs(self) -> list[Path]:
        """Where the guest's ELF files were."""
        return [Path(each.where) for each in self._content.programs]

    def program(self, path: Path) -> bytes:
        """What was in one of them. Raises ConfigError where it is not inside, and gone or changed."""
        wanted = [each for each in self._content.programs if Path(each.where) == path]
        files = RecordedFiles(self._archive, wanted, folder=self._folder)
        try:
            with os.fdopen(files.open(wanted[0].path, READING), "rb") as file:
                return file.read()
        finally:
            files.close()

    def machine(self, **outlets: Any) -> Machine:
        """The machine where the recording begins, with what came from outside to come again.

        `outlets` are arguments of `Machine`. Raises ConfigError where an input is gone or has changed.
        """
        files = RecordedFiles(self._archive, self._content.inputs, folder=self._folder)
        machine = Machine(self.config, files=files, **outlets)
        if self._first is None:
            self._first, self._fresh = saved_state(machine), dict(memory_blocks(machine))
        try:
            if self._content.begins:
                self.put_back(machine, self._content.begins)
            machine.inbox.replay(self.arrivals)
        except StateError as error:
            machine.close()
            raise damaged(self.path, error) from None
        except ConfigError:
            machine.close()
            raise
        return machine

    def put_back(self, machine: Machine, ticks: int) -> None:
        """Make `machine`, which `machine()` has made, the one that was there at `ticks`, one of `times`."""
        before = [number for number, mark in enumerate(self.marks) if mark.ticks <= ticks]
        try:
            state = self.state(before[-1]) if before else self._first
            assert state is not None
            put_back(machine, state, newest(machine, self._streams(before), self._fresh))
        except (StateError, *DAMAGES) as error:
            raise damaged(self.path, error) from None

    def state(self, number: int) -> SavedState:
        """The state in the snapshot of a mark."""
        return self._archive.read(SavedState, self._archive.plain(f"snapshots/{number}.json"))

    def _streams(self, numbers: list[int]) -> Iterator[IO[bytes]]:
        for number in reversed(numbers):
            with self._archive.stream(f"snapshots/{number}.blocks") as stream:
                yield stream

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()
