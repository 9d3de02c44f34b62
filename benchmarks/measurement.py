"""What a benchmark finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Measurement:
    """Several rounds of one thing, and its goal: at most so much, or at least so much."""

    name: str
    unit: str
    rounds: tuple[float, ...]
    at_most: float | None = None
    at_least: float | None = None
    unavailable: str = ""
    """Why there are no rounds."""

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.rounds)

    @property
    def goal(self) -> str:
        """The goal in words; empty where there is none."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return "" if self.at_least is None else f">= {self.at_least:g}"

    @property
    def ratio(self) -> float | None:
        """How many times better than the goal: 1 or more has reached it."""
        if self.at_most is not None:
            return self.at_most / self.median
        return None if self.at_least is None else self.median / self.at_least


Measurements = Iterator[Measurement]
