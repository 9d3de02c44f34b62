"""Places in a run, what is found there, and where somebody changed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from emu.machine.machine import Machine


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


class Detector(Protocol):
    """Looks for something in a run, and never changes it."""

    def attach(self, machine: Machine, found: Callable[[Detector, str], None]) -> None:
        """Call `found` at each occurrence from now on."""

    def detach(self, machine: Machine) -> None:
        """Look no more."""


@dataclass(frozen=True)
class Change:
    """Somebody changed the machine: where it stood before, and the decision point at which it stood then.

    The changed machine is kept as a checkpoint at `ticks`, which a run that comes to `before` goes on from.
    """

    before: Place
    ticks: int


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
