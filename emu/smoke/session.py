"""`emu test`: pytest with our own lines instead of its own."""

from __future__ import annotations

import gc
import io
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import pytest
from _pytest.terminal import TerminalReporter

from emu.smoke.dossier import dossier
from emu.smoke.gathering import Gatherer, result_of
from emu.smoke.golden import accept
from emu.smoke.lines import Shown
from emu.smoke.pytest_plugin import OWN_LINES, REFUSED
from emu.smoke.result import CaseResult, Ending

PASSED, FAILED, WRONG = 0, 1, 2
STOPPED = "stopped by Ctrl-C"


@dataclass(frozen=True)
class Wanted:
    """What `emu test` was asked for."""

    paths: Sequence[str]
    workers: int = 1
    keyword: str | None = None
    junit: str | None = None
    report: str | None = None
    keep: str | None = None
    coverage: str | None = None
    coverage_format: str | None = None
    accept: bool = False

    def arguments(self) -> list[str]:
        """The same, in pytest's words."""
        words = ["-p", "emu", "--continue-on-collection-errors", "-o", "console_output_style=classic"]
        words += ["-n", str(self.workers), "--dist", "worksteal"] if self.workers > 1 else []
        words += ["-k", self.keyword] if self.keyword else []
        words += ["--junitxml", self.junit] if self.junit else []
        words += ["--emu-keep", self.keep] if self.keep else []
        words += ["--emu-report", self.report] if self.report else []
        words += ["--emu-coverage", self.coverage] if self.coverage else []
        words += ["--emu-coverage-format", self.coverage_format] if self.coverage_format else []
        words += ["--emu-accept"] if self.accept else []
        return [*words, *self.paths]


class Reporter(Gatherer):
    """Shows a line for each test as it ends, and in the end what did not pass."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._shown = shown
        self._running: dict[str, None] = {}
        self.texts: dict[str, str] = {}
        """What pytest says of tests in Python that failed."""
        self.trouble: str | None = None
        """What went wrong with the session itself."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Let pytest's own reporter speak to nobody."""
        config.stash[OWN_LINES] = True
        own = config.pluginmanager.getplugin("terminalreporter")
        if own is not None:
            config.pluginmanager.unregister(own)
        config.pluginmanager.register(TerminalReporter(config, io.StringIO()), "terminalreporter")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """It is known how many there are."""
        self._shown.expect([item.name for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """The same, where workers look for tests."""
        self._shown.expect([nodeid.rpartition("::")[2] for nodeid in ids])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self._running[nodeid] = None
        self._shown.begin(nodeid.rpartition("::")[2])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test, or a part of it, is over."""
        super().pytest_runtest_logreport(report)
        result = result_of(report)
        if result is not None:
            self._running.pop(report.nodeid, None)
            self._shown.show(result)

        is_ours = isinstance(report.longrepr, str) or (result is not None and result.outcome == REFUSED)
        if report.failed and result is not None and not is_ours:
            self.texts[report.nodeid] = report.longreprtext

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file was looked through."""
        super().pytest_collectreport(report)
        if report.failed:
            self._shown.show(self.results[report.nodeid])
            self.texts[report.nodeid] = report.longreprtext

    def pytest_internalerror(self, excrepr: Any) -> None:
        """We, pytest or another plugin are wrong: say where."""
        self.trouble = str(excrepr)

    def pytest_keyboard_interrupt(self) -> None:
        """Ctrl-C: what was running has not passed."""
        self.trouble = STOPPED
        for nodeid in self._running:
            file, _, name = nodeid.partition("::")
            self.results[nodeid] = CaseResult(name, file, Ending.ERROR, STOPPED)
            self._shown.show(self.results[nodeid])


def run(wanted: Wanted, stream: TextIO | None = None) -> int:
    """Run tests and show what comes of them; the exit status."""
    shown = Shown(stream or sys.stdout)
    reporter = Reporter(shown)
    gc.enable()  # machines are cyclic, and large
    code = pytest.main(wanted.arguments(), plugins=[reporter])
    shown.end()
    results = list(reporter.results.values())
    for name, result in reporter.results.items():
        if name in reporter.texts:
            shown.dossier([f"{result.name}: {result.reason}", "", *reporter.texts[name].splitlines()])
            if result.trace_hash:
                shown.dossier(list(dossier(result))[1:])
        elif result.ending in (Ending.FAILED, Ending.ERROR) and result.trace_hash:
            shown.dossier(list(dossier(result)))
    lost = False
    if wanted.accept:
        for line in accept(result.golden for result in results if result.golden):
            lost = lost or line.startswith("emu:")
            shown.lines([line])
    status = _conclude(shown, wanted, reporter, pytest.ExitCode(code))
    return status or (FAILED if lost else PASSED)


def _conclude(shown: Shown, wanted: Wanted, reporter: Reporter, code: pytest.ExitCode) -> int:
    if code is pytest.ExitCode.USAGE_ERROR:
        return WRONG  # pytest has said it
    results = reporter.results.values()
    counts = Counter(result.ending for result in results)
    shown.summary({ending: counts[ending] for ending in Ending if counts[ending]})
    if reporter.trouble is not None:
        left = shown.left
        shown.complain(reporter.trouble + (f"; tests that have not run: {left}" if left else ""))
        return FAILED
    if code is pytest.ExitCode.NO_TESTS_COLLECTED:
        shown.complain(
            f"no test has a name that -k {wanted.keyword!r} selects: without -k their names are shown"
            if wanted.keyword
            else "nothing to test: give machine files with a [test] table, or folders with *.emu.toml in them"
        )
        return WRONG
    if any(result.outcome == REFUSED for result in results):
        return WRONG
    return FAILED if code is not pytest.ExitCode.OK else PASSED
