"""Gathers the results of a session, from this process and from workers, and hands them to who wants them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emu.smoke.covered import together
from emu.smoke.dossier import dossier
from emu.smoke.guest import Guest
from emu.smoke.pytest_plugin import CASE
from emu.smoke.result import CaseResult, Ending

OURS = re.compile(r"^emu\.[\w.]+\.(GuestError|ConfigError): ")
"""How pytest begins the words of our own exceptions."""
ENDINGS = {"passed": Ending.PASSED, "failed": Ending.FAILED, "skipped": Ending.SKIPPED}


def result_of(report: pytest.TestReport) -> CaseResult | None:
    """The result that a report stands for; None where another report of the same test will have it."""
    plain = getattr(report, CASE, None)
    if plain is not None:
        result = CaseResult.from_plain(plain)
        if report.failed and result.ending in (Ending.PASSED, Ending.SKIPPED):
            return _plainly(report, result)
        return result
    if report.when == "call" or report.outcome != "passed":
        return _plainly(report, None)
    return None


def _plainly(report: pytest.TestReport, known: CaseResult | None) -> CaseResult:
    """What pytest says of a test: one in Python, one whose worker died."""
    ending = ENDINGS[report.outcome]
    if report.failed and report.when != "call":
        ending = Ending.ERROR
    fields: dict[str, Any] = {} if known is None else known.as_plain()
    file, _, name = report.nodeid.partition("::")
    fields |= {"name": name or report.nodeid, "file": file, "ending": ending.value, "reason": _reason(report)}
    if known is None:
        fields["wall_s"] = report.duration
    return CaseResult.from_plain(fields)


def _reason(report: pytest.TestReport) -> str:
    """One line."""
    if report.outcome == "passed":
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return OURS.sub("", str(crash.message).splitlines()[0]) if crash.message else "it failed"
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    text = str(report.longrepr or "it failed").strip()
    return text.splitlines()[0] if text else "it failed"


def of_guests(report: pytest.TestReport, item: pytest.Item, guests: Sequence[Guest]) -> dict[str, Any]:
    """What came of a test in Python that had guests: as plain data; its report shows the last one's state."""
    ending = ENDINGS[report.outcome]
    if report.failed and report.when != "call":
        ending = Ending.ERROR
    result = guests[-1].result(item.name, str(item.path), ending, _reason(report))
    coverage = together(guest.coverage() for guest in guests)
    if report.failed:
        folder = item.config.option.emu_keep
        if folder:
            result = guests[-1].keep(Path(folder), result)
        lines = list(dossier(result))
        report.sections.append((f"the guest {guests[-1].config.name}", "\n".join(lines[1:]).strip("\n")))
    return replace(result, coverage=coverage).as_plain()


class Gatherer:
    """Observes a session: the last word on each test counts."""

    def __init__(self) -> None:
        self.results: dict[str, CaseResult] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test, or a part of it, is over."""
        result = result_of(report)
        if result is not None:
            self.results[report.nodeid] = result

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file was looked through."""
        if report.failed:
            text = str(report.longrepr).strip().splitlines()
            reason = text[-1] if text else "it cannot be collected"
            self.results[report.nodeid] = CaseResult(
                report.nodeid, report.nodeid, Ending.ERROR, f"cannot be collected: {reason}"
            )


class InOrder(Gatherer):
    """Knows in which order tests were collected, however they are shared out."""

    def __init__(self) -> None:
        super().__init__()
        self._order: dict[str, int] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """It is known what will run."""
        self._note([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """A worker knows what there is to run."""
        self._note(ids)

    def in_order(self) -> list[CaseResult]:
        """All results so far."""
        last = len(self._order)
        results = sorted(self.results.items(), key=lambda pair: self._order.get(pair[0], last))
        return [result for _, result in results]

    def _note(self, ids: list[str]) -> None:
        for nodeid in ids:
            self._order.setdefault(nodeid, len(self._order))
