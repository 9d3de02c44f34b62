"""Runs one case of a scenario, and says what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emu.core.errors import ConfigError, HostError
from emu.inspect.outcome import Outcome
from emu.machine.run_loop import Reason
from emu.smoke import evidence
from emu.smoke.covered import Covered
from emu.smoke.expect import Expected
from emu.smoke.golden import compare
from emu.smoke.keep import kept
from emu.smoke.result import CaseResult, Ending
from emu.smoke.scenario import Case
from emu.smoke.tables import DEFAULT_VIRTUAL_S, DEFAULT_WALL_S
from emu.smoke.watched import Watched, wall_limit

NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class How:
    """How cases are run."""

    accept: bool = False
    """Do not mind golden transcripts that differ: somebody will write them anew."""
    keep: Path | None = None
    """A folder where everything about cases that fail is kept."""
    full: bool = False
    """Gather what a report shows: the timeline, and what the protocol's checker found."""
    coverage: str | None = None
    """The format for which it is counted which code runs."""


def run_case(case: Case, how: How | None = None) -> CaseResult:
    """Run it. Raises KeyboardInterrupt at Ctrl-C; whatever else goes wrong is a result."""
    how = how or How()
    if case.expected.skip is not None:
        return CaseResult(case.name, str(case.file), Ending.SKIPPED, case.expected.skip)
    try:
        watched = Watched(case.config, wall_s=wall_limit_s(case))
    except ConfigError as error:
        return CaseResult(case.name, str(case.file), Ending.ERROR, str(error))
    try:
        return _run(case, how, watched)
    finally:
        watched.close()


def _run(case: Case, how: How, watched: Watched) -> CaseResult:
    try:
        expected = Expected(case.expected, watched, explained=how.full)
        covered = Covered(watched, how.coverage)
    except ConfigError as error:
        return CaseResult(case.name, str(case.file), Ending.ERROR, str(error))
    timeline = watched.timeline() if how.full else None
    watched.run(limit_ns(case))
    ending, problems = _ending(case, watched, expected)
    fields: dict[str, Any] = {"also": problems[1:]}
    try:
        if case.golden is not None:
            golden = compare(case.golden, watched.transcript)
            fields["golden"] = golden.as_plain()
            if golden.problem is not None and ending is Ending.PASSED and not how.accept:
                ending, problems = Ending.FAILED, [golden.problem]
        fields |= evidence.measured(watched)
        if ending not in (Ending.PASSED, Ending.SKIPPED):
            fields |= evidence.close_up(watched)
        if expected.explainer is not None:
            fields["findings"] = [finding.as_plain() for finding in expected.explainer.findings()]
        if timeline is not None:
            fields["timeline"] = timeline.as_plain()
        fields["coverage"] = covered.as_plain()
        watched.close()
    except (ConfigError, HostError) as error:
        ending, problems = Ending.ERROR, [str(error)]
    result = CaseResult(case.name, str(case.file), ending, problems[0] if problems else "", **fields)
    return kept(result, how.keep, watched)


def _ending(case: Case, watched: Watched, expected: Expected) -> tuple[Ending, list[str]]:
    """How the run ended, and everything that was not as expected, the most telling first."""
    stop = watched.stop
    assert stop is not None
    if stop.reason is Reason.ASKED and stop.detail == wall_limit(wall_limit_s(case)):
        return Ending.ERROR, [stop.detail]
    problems = list(expected.judge())
    verdict = watched.verdict
    if verdict.outcome is Outcome.SKIP and "SKIP" not in (case.expected.outcome or (case.config.expected,)):
        return Ending.SKIPPED, [f"the guest skipped itself: {verdict.reason}"]
    if not problems:
        return Ending.PASSED, []
    silent = (
        verdict.outcome is Outcome.ERROR and expected.broken is None and problems[0].startswith("expected")
    )
    return Ending.ERROR if silent else Ending.FAILED, problems


def limit_ns(case: Case) -> int:
    """When a run ends at the latest, in its own time: [test] has the first word, then [run]."""
    seconds = case.expected.virtual_s or case.config.run.limit_s or DEFAULT_VIRTUAL_S
    return max(round(seconds * NS_PER_S), 1)


def wall_limit_s(case: Case) -> float:
    """How long a run may take on the host's clock."""
    return case.expected.wall_s or case.config.run.wall_s or DEFAULT_WALL_S
