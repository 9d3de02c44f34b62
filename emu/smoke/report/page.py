"""What the page shows, in the order in which it shows it; the template only sets it in type.

Texts that several cases have alike (consoles, screens, transcripts, timelines) are in the page once: the
first case holds them, the others point there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emu.smoke.report import picture, text
from emu.smoke.report.grid import Grid, grid, scenario_of
from emu.smoke.result import CaseResult, Ending

MARKS = {Ending.PASSED: "✓", Ending.FAILED: "✗", Ending.ERROR: "!", Ending.SKIPPED: "○"}
ORDER = (Ending.FAILED, Ending.ERROR, Ending.SKIPPED, Ending.PASSED)
CONSOLES, LEAST_CONSOLE = 600_000, 4096
"""Characters of all consoles together, and of one whatever there is."""
PLAIN_COLOURS = "#aaaaaa", "#000000"
FILTERS: dict[str, Callable[..., object]] = {
    "seen": text.seen,
    "ms": text.ms,
    "moment": text.moment,
    "seconds": text.seconds,
    "number": text.number,
    "count": text.count,
}


@dataclass(frozen=True)
class Kept:
    """A kept file; `link` is empty where the page cannot know where it will be."""

    name: str
    link: str


@dataclass(frozen=True)
class Part:
    """A part of a case: held here, or the same as in another case, which holds it at `like`."""

    address: str
    """Where in the page it is, if it is held here."""
    like: str = ""
    like_name: str = ""


@dataclass
class Case:
    """One case on the page."""

    result: CaseResult
    address: str
    console: Part
    screen: Part
    transcript: Part
    timeline: int | None
    """The number of its timeline among the page's."""
    timeline_numbers: Part
    kept: Sequence[Kept]

    @property
    def mark(self) -> str:
        """A sign for its ending."""
        return MARKS[self.result.ending]

    @property
    def in_short(self) -> str:
        """A line that says most about it."""
        return self.result.reason or "; ".join(self.result.unplugged)

    @property
    def rows(self) -> Iterator[tuple[int | None, Sequence[str]]]:
        """The transcript: the moment of each row, where it has one, and its columns."""
        for row in self.result.transcript:
            yield text.nanoseconds(row[0]) if row else None, row

    @property
    def screen_is_blank(self) -> bool:
        """Whether the screen shows nothing but blanks."""
        return not any(run["text"].strip() for row in self.result.screen for run in row)

    @property
    def lanes(self) -> Iterator[tuple[str, int, str, int, int]]:
        """The timeline in numbers."""
        return picture.lane_rows(self.result.timeline)

    @property
    def modes(self) -> Iterator[tuple[str, int, int]]:
        """The time spent in each mode."""
        return picture.mode_rows(self.result.timeline)


@dataclass
class Group:
    """The cases of a matrix under its name, or all those that are alone."""

    name: str
    address: str
    cases: list[Case] = field(default_factory=list)

    @property
    def grid(self) -> Grid[Case] | None:
        """The cases as a table, where their names make one."""
        return grid([(case.result.name, case) for case in self.cases])

    @property
    def longest_name(self) -> int:
        """The length of its longest name."""
        return max(len(case.result.name) for case in self.cases)

    @property
    def tally(self) -> str:
        """How many of its cases ended how."""
        return tally([case.result for case in self.cases])


class Shared:
    """Finds out who was the first with something."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, Hashable], tuple[str, str]] = {}

    def part(self, kind: str, content: Hashable, address: str, name: str) -> Part:
        """Where `content` is; in this case, if no case before had it."""
        here = f"{address}.{kind}"
        if not content:
            return Part(here)
        first, first_name = self._first.setdefault((kind, content), (here, name))
        return Part(here) if first == here else Part(here, first, first_name)


class Page:
    """Everything that the template asks for."""

    def __init__(self, results: Sequence[CaseResult], title: str, beside: Path | None) -> None:
        self.title = title
        self.results = results
        self.palette = _Palette(results)
        self._timelines: dict[str, int] = {}
        self._console_room = min(text.LONGEST, max(CONSOLES // max(len(results), 1), LEAST_CONSOLE))
        self._beside = beside.resolve() if beside else None
        self._shared = Shared()
        self.cases = [
            self._case(result, address)
            for result, address in zip(
                results, text.addresses([result.name for result in results]), strict=True
            )
        ]
        self.groups = list(_groups(self.cases))

    @property
    def pictures(self) -> list[str]:
        """Every different timeline for the script, a line of JSON each."""
        return picture.pictures([json.loads(drawn) for drawn in self._timelines])

    def where(self, file: str) -> str:
        """A file as one would write it here."""
        here = Path.cwd()
        return str(Path(file).relative_to(here)) if Path(file).is_relative_to(here) else file

    def console(self, case: Case) -> text.Tail:
        """The end of what a guest wrote: less of it, where there are many."""
        return text.console(case.result.console, self._console_room)

    @property
    def counts(self) -> list[tuple[Ending, str, int]]:
        """How many ended how, those that did first."""
        return [
            (ending, MARKS[ending], number)
            for ending in ORDER
            if (number := sum(result.ending is ending for result in self.results))
        ]

    @property
    def troubles(self) -> list[Case]:
        """Those that did not pass, in order."""
        return [case for case in self.cases if case.result.ending in (Ending.FAILED, Ending.ERROR)]

    @property
    def headline(self) -> str:
        """The whole in a sentence."""
        bad, total = len(self.troubles), len(self.results)
        if not total:
            return "No test was run."
        if bad:
            return f"{bad} of {text.count(total, 'test')} did not pass: {tally(self.results)}."
        if all(result.ending is Ending.PASSED for result in self.results):
            return "The test passed." if total == 1 else f"All {total} tests passed."
        return f"No test failed: {tally(self.results)}."

    def _case(self, result: CaseResult, address: str) -> Case:
        def part(kind: str, content: Hashable) -> Part:
            return self._shared.part(kind, content, address, result.name)

        screen = tuple(tuple(tuple(sorted(run.items())) for run in row) for row in result.screen)
        drawn = json.dumps(result.timeline) if result.timeline else ""
        numbers = part("timeline", drawn)
        if drawn and not numbers.like:
            self._timelines[drawn] = len(self._timelines)
        return Case(
            result=result,
            address=address,
            console=part("console", result.console),
            screen=part("screen", screen),
            transcript=part("transcript", tuple(map(tuple, result.transcript))),
            timeline=self._timelines.get(drawn),
            timeline_numbers=numbers,
            kept=[self._kept(path) for path in result.kept],
        )

    def _kept(self, path: str) -> Kept:
        if self._beside is None:
            return Kept(path, "")
        try:
            below = Path(path).resolve().relative_to(self._beside).as_posix()
        except (ValueError, OSError):
            return Kept(path, "")
        return Kept(below, "./" + quote(below))


class _Palette:
    """Pairs of colours of screens, each with a class of its own in the style sheet."""

    def __init__(self, results: Sequence[CaseResult]) -> None:
        self.classes: dict[tuple[str, str], str] = {}
        for result in results:
            for row in result.screen:
                for run in row:
                    self(run)

    def __call__(self, run: Mapping[str, Any]) -> str:
        """The class for a run of a screen; colours that are none become those of a fresh screen."""
        pair = run.get("foreground", ""), run.get("background", "")
        if not all(text.COLOUR.fullmatch(colour) for colour in pair):
            pair = PLAIN_COLOURS
        return self.classes.setdefault(pair, f"v{len(self.classes)}")


def tally(results: Sequence[CaseResult]) -> str:
    """How many ended how, in words."""
    counts = [(sum(result.ending is ending for result in results), ending.value) for ending in ORDER]
    return ", ".join(f"{number} {word}" for number, word in counts if number)


def _groups(cases: Sequence[Case]) -> Iterator[Group]:
    """Those that are alone first, then each matrix."""
    alone: list[Case] = []
    matrices: dict[str, list[Case]] = {}
    for case in cases:
        scenario = scenario_of(case.result.name)
        (alone if scenario is None else matrices.setdefault(scenario, [])).append(case)
    if alone:
        yield Group("Single tests" if matrices else "Tests", "single.tests", alone)
    for (name, each), address in zip(matrices.items(), text.addresses(list(matrices)), strict=True):
        yield Group(name, f"{address}.tests", each)
