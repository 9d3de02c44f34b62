"""Places in a run, what is found there, and where somebody changed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from emu.machine.machine import Machine
from emu.machine.snapshot import Snapshot


@dataclass(frozen=True, order=True)
class Place:
    """A decision point, by virtual time in ticks, and how many instructions have been executed since."""

    ticks: int
    inside: int = 0


@dataclass(frozen=True)
class Hit:
    """What a detector was looking for has come: who says so, in words, and where."""

    detector: Detector
    text: str
    place: Place
    values: Mapping[str, int] = field(default_factory=dict)
    """What conditions may ask for by name: the `value` of an access, its `port` or `address`, its `width`."""
    number: int = 0
    """How many its detector has found in this block before."""
    between: bool = False
    """Whether it lies between two blocks: where the machine is then is the place itself."""
    began: int = -1
    """When the block began, in ticks, that the instruction lies in."""


class Found(Protocol):
    """Is told that something was found."""

    def __call__(
        self,
        detector: Detector,
        text: str,
        values: Mapping[str, int] = {},
        *,
        between: bool = False,
        left: bool = False,
    ) -> None:
        """`detector` has found what `text` says; see `Hit`. `left`: its block has been left for it."""


class Detector(Protocol):
    """Looks for something in a run, and never changes it."""

    def attach(self, machine: Machine, found: Found) -> None:
        """Call `found` at each occurrence from now on."""

    def detach(self, machine: Machine) -> None:
        """Look no more."""


class BetweenBlocks:
    """A detector whose hits lie between two blocks is one of these."""


@dataclass(frozen=True)
class Change:
    """Somebody changed the machine: where it stood before, and the decision point at which it stood then.

    The changed machine is kept as a checkpoint at `ticks`, which a run that comes to `before` goes on from.
    """

    before: Place
    ticks: int


@dataclass(frozen=True)
class Kept:
    """A machine as it was at a place of its run."""

    place: Place
    snapshot: Snapshot
    """At the beginning of the block that the place lies in."""
    followers: list[Any]
    steered: int
    """How often somebody had steered by then."""


class Progress:
    """How many changes the run that led here has met; goes back with the machine."""

    def __init__(self) -> None:
        self.met = 0

    def save(self) -> int:
        """As many as now."""
        return self.met

    def restore(self, saved: int) -> None:
        """As many as then."""
        self.met = saved
