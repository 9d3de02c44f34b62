"""Checkpoints of a running machine, so that it can be put back to where it was.

Each checkpoint holds the machine without its memory. Between two neighbours lie the pages of memory that
differ, as they are on the side where the memory's remembered content is not; moving across exchanges them.
So going back costs what was written since, and the same page is kept once for each stretch that wrote it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from emu.core.clock import FAR_FUTURE_TICKS
from emu.core.errors import ConfigError
from emu.core.pages import PAGE
from emu.machine.machine import Machine
from emu.machine.snapshot import Snapshot, restore, save

DEFAULT_BUDGET = 256 << 20
SPARED = 8
"""The newest checkpoints are not thinned out."""


class Follower(Protocol):
    """Something beside the machine that goes back with it."""

    def save(self) -> Any:
        """What it is like now."""

    def restore(self, saved: Any) -> None:
        """Become what it was."""


@dataclass
class Checkpoint:
    """A machine at a decision point, and the pages in which memory differs from the next checkpoint's."""

    ticks: int
    snapshot: Snapshot
    followers: list[Any]
    pinned: bool = False
    """Whether it is not to be thinned out: the run cannot be had again without it."""
    difference: dict[int, bytes] = field(default_factory=dict)


class Known:
    """From when on followers have seen the run that led here; goes back with the machine."""

    def __init__(self, since: int) -> None:
        self.since = since
        """In ticks."""

    def save(self) -> int:
        """What holds now."""
        return self.since

    def restore(self, saved: int) -> None:
        """What held then."""
        self.since = saved


class Stored(Protocol):
    """Snapshots that the run left elsewhere, in a recording."""

    @property
    def times(self) -> list[int]:
        """When they were taken, in ticks, in order."""

    def put_back(self, machine: Machine, ticks: int) -> None:
        """Make `machine` the one that was there at `ticks`, one of the times."""


class Checkpoints:
    """The checkpoints of one tracked machine, in order of time, within `budget` bytes of memory."""

    def __init__(
        self,
        machine: Machine,
        budget: int = DEFAULT_BUDGET,
        followers: Sequence[Follower] = (),
        stored: Stored | None = None,
    ) -> None:
        """What is `stored` is gone back to as well; the followers are then as they are now."""
        if machine.memory.pages is None:
            raise ConfigError("this machine cannot take checkpoints: make it with tracked=True")
        self._machine = machine
        self._pages = machine.memory.pages
        self._budget = budget
        self._stored = stored
        self._stored_until = FAR_FUTURE_TICKS
        """Up to when what is stored is of this run."""
        self._at_first = [(follower, follower.save()) for follower in followers]
        self.known = Known(machine.clock.ticks)
        self._followers = (
            *followers,
            self.known,
            machine.departed,
            machine.inbox.looking,
            machine.loop.pending,
        )
        self._kept: list[Checkpoint] = []
        self._here = 0
        """Whose memory is the remembered content."""

    @property
    def times(self) -> list[int]:
        """When there are checkpoints, in ticks."""
        return sorted({*self._times, *self._stored_times})

    @property
    def _times(self) -> list[int]:
        """When those in memory were taken."""
        return [checkpoint.ticks for checkpoint in self._kept]

    @property
    def _stored_times(self) -> list[int]:
        """When those were taken that can be loaded."""
        times = self._stored.times if self._stored is not None else []
        return [ticks for ticks in times if ticks <= self._stored_until]

    @property
    def bytes_held(self) -> int:
        """Memory that the differences take."""
        return PAGE * sum(len(checkpoint.difference) for checkpoint in self._kept)

    @property
    def bytes_written(self) -> int:
        """Memory that the difference to a checkpoint taken here would take."""
        return PAGE * len(self._pages.written())

    @property
    def pinned_bytes(self) -> int:
        """Memory that the differences would take if only the pinned ones were kept."""
        pages: set[int] = set()
        total = 0
        for checkpoint in self._kept:
            if checkpoint.pinned:
                total, pages = total + len(pages), set()
            pages |= checkpoint.difference.keys()
        return PAGE * total

    def take(self) -> None:
        """Take a checkpoint here, at a decision point, unless there is one."""
        ticks = self._machine.clock.ticks
        at = bisect_right(self._times, ticks)
        if not at or self._kept[at - 1].ticks != ticks:
            self._insert(at, ticks)
            self._thin_out()

    def pin(self) -> None:
        """Take a checkpoint here for good, in the place of any that was taken at this moment before."""
        ticks = self._machine.clock.ticks
        at = bisect_right(self._times, ticks)
        self._insert(at, ticks, pinned=True)
        if at and self._kept[at - 1].ticks == ticks:
            self._drop(at - 1)
        self._thin_out()

    def _insert(self, at: int, ticks: int, *, pinned: bool = False) -> None:
        self._remember(max(at - 1, 0))
        former = self._pages.keep()
        new = Checkpoint(ticks, save(self._machine.pc, memory=False), self.save_followers(), pinned)
        if self._kept and not at:
            new.difference = former
        elif self._kept:
            before = self._kept[at - 1]
            # To the right lies what the former neighbour's right side was, and what was undone since.
            new.difference = {**former, **before.difference} if at < len(self._kept) else {}
            before.difference = former
        self._kept.insert(at, new)
        self._here = at

    def go(self, ticks: int) -> int:
        """Put the machine to the last checkpoint at or before `ticks`; when that is."""
        before = [each for each in self.times if each <= ticks]
        if before and before[-1] not in self._times:
            return self._load(before[-1])
        target = max(bisect_right(self._times, ticks) - 1, 0)
        self._recall(target)
        restore(self._machine.pc, self._kept[target].snapshot)
        self.restore_followers(self._kept[target].followers)
        return self._kept[target].ticks

    def _recall(self, target: int) -> None:
        """Make memory what it was at the checkpoint `target`."""
        self._pages.exchange({})
        while self._here > target:
            self._here -= 1
            self._cross(self._kept[self._here])
        while self._here < target:
            self._cross(self._kept[self._here])
            self._here += 1

    def _load(self, ticks: int) -> int:
        """Put the machine to what is stored for `ticks`, and keep that."""
        assert self._stored is not None
        at = bisect_right(self._times, ticks)
        self._recall(max(at - 1, 0))
        self._stored.put_back(self._machine, ticks)
        for follower, saved in self._at_first:
            follower.restore(saved)
        self.known.since = ticks
        self._insert(at, ticks)
        self._thin_out()
        return ticks

    def save_followers(self) -> list[Any]:
        """What goes back with the machine, as it is now."""
        return [each.save() for each in self._followers]

    def restore_followers(self, saved: list[Any]) -> None:
        """The machine was put back to where `save_followers` was called."""
        for follower, state in zip(self._followers, saved, strict=True):
            follower.restore(state)

    def forget_after(self, ticks: int) -> None:
        """The run from `ticks` on is another one: its checkpoints are of no use."""
        self._stored_until = min(self._stored_until, ticks)
        while len(self._kept) > 1 and self._kept[-1].ticks > ticks and self._here < len(self._kept) - 1:
            self._kept.pop()
            self._kept[-1].difference = {}

    def _remember(self, target: int) -> None:
        """The run has passed checkpoints: remember the content of `target`, and leave memory as it is."""
        if self._here == target:
            return
        memory = {number: self._pages.content(number) for number in self._pages.written()}
        self._pages.exchange({})
        while self._here < target:
            edge = self._kept[self._here]
            edge.difference = self._pages.exchange(edge.difference)
            memory = {**edge.difference, **memory}
            self._here += 1
        for number, content in memory.items():
            self._pages.buffer[number * PAGE : (number + 1) * PAGE] = content

    def _cross(self, edge: Checkpoint) -> None:
        edge.difference = self._pages.exchange(edge.difference)
        for number in edge.difference:
            self._machine.memory.written(number * PAGE, PAGE)

    def _thin_out(self) -> None:
        """Drop checkpoints, of old ones every other first, until the budget is kept."""
        while self.bytes_held > self._budget and len(self._kept) > SPARED + 1:
            gaps = {
                at: (self._kept[at + 1].ticks - self._kept[at - 1].ticks)
                / (self._kept[-1].ticks - self._kept[at].ticks)
                for at in range(1, len(self._kept) - SPARED)
                if not self._kept[at].pinned
            }
            if not gaps:
                return
            self._drop(min(gaps, key=gaps.__getitem__))

    def _drop(self, at: int) -> None:
        """Merge the differences on both sides; whichever lies on the far side of memory's content holds.

        The first has none before it, and is dropped only where memory's content is not its own.
        """
        before, dropped = self._kept[at - 1], self._kept[at]
        if at == 0:
            self._here -= 1
        elif self._here > at:
            before.difference = {**dropped.difference, **before.difference}
            self._here -= 1
        else:
            before.difference = {**before.difference, **dropped.difference}
        del self._kept[at]
