"""The pytest plugin: collects `*.emu.toml`, offers the fixture `emu_guest`, carries results to the reporter.

It is loaded in every run of pytest where emu is installed, so what it needs is imported when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emu.smoke.fixture import EmuGuest
    from emu.smoke.runner import How

SUFFIXES = (".emu.toml", ".toml")
"""Collected in folders; collected where it is named."""
CASE = "emu_case"
"""The attribute of a report with the result as plain data; pytest-xdist carries it to the controller."""
OWN_LINES = pytest.StashKey[bool]()
"""Set where `emu test` shows everything itself."""
GUESTS: pytest.StashKey[EmuGuest] = pytest.StashKey()
"""The guests of a test in Python."""
AXIS = re.compile(r"([A-Za-z_][\w-]*)=([\w.+/-]+)")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that `emu test` gives."""
    group = parser.getgroup("emu", "guests under emu")
    group.addoption(
        "--emu-accept", action="store_true", help="write golden transcripts, after showing what changes"
    )
    group.addoption("--emu-keep", metavar="DIR", help="keep everything about cases that fail below DIR")
    group.addoption("--emu-report", metavar="FILE", help="tell what came of all tests on a page of HTML")
    group.addoption(
        "--emu-coverage",
        metavar="FILE",
        help="write which code all guests together ran: *.info for lcov, by source lines; *.drcov by blocks",
    )
    group.addoption(
        "--emu-coverage-format", metavar="FORMAT", help="how: lcov or drcov (by the name of the file)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """`-k profile=qemu` selects by an axis of a matrix: pytest's own words have no `=`."""
    if getattr(config.option, "keyword", ""):
        config.option.keyword = AXIS.sub(
            lambda found: axis_keyword(found[1], found[2]), config.option.keyword
        )
    if not hasattr(config, "workerinput") and (config.option.emu_report or config.option.emu_coverage):
        from emu.core.errors import ConfigError

        try:
            _register_writers(config)
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from None


def _register_writers(config: pytest.Config) -> None:
    """Have files written in the end. Raises ConfigError."""
    if config.option.emu_report:
        from emu.smoke.reporting import ReportWriter, title

        writer = ReportWriter(Path(config.option.emu_report), title(config.args))
        config.pluginmanager.register(writer, "emu-report")
    if config.option.emu_coverage:
        from emu.smoke.coverage_file import CoverageWriter

        coverage_format(config)
        config.pluginmanager.register(CoverageWriter(Path(config.option.emu_coverage)), "emu-coverage")


def coverage_format(config: pytest.Config) -> str | None:
    """The format in which it is wanted which code runs; None where it is not. Raises ConfigError."""
    from emu.inspect.coverage import format_of

    option = config.option
    return format_of(Path(option.emu_coverage), option.emu_coverage_format) if option.emu_coverage else None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Accept golden transcripts, after showing what changes."""
    if config.option.emu_accept and OWN_LINES not in config.stash:
        from emu.smoke.golden import accept

        reports = [report for key in ("passed", "failed") for report in terminalreporter.stats.get(key, ())]
        plains = [getattr(report, CASE)["golden"] for report in reports if hasattr(report, CASE)]
        for line in accept(filter(None, plains)):
            terminalreporter.write_line(line)


def axis_keyword(name: str, label: str) -> str:
    """What `-k` finds a case by that has this value on an axis."""
    return f"{name}:{label}:"


@pytest.fixture
def emu_guest(request: pytest.FixtureRequest) -> Iterator[EmuGuest]:
    """Makes guests: `guest = emu_guest("unplug-all", profile="qemu")`; see `emu.smoke.guest.Guest`."""
    from emu.smoke.fixture import EmuGuest

    config = request.config
    guests = EmuGuest(full=bool(config.option.emu_report), coverage=coverage_format(config))
    request.node.stash[GUESTS] = guests
    yield guests
    guests.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenarios by their names; other machine files where they were named."""
    named = file_path.name.endswith(SUFFIXES[1]) and parent.session.isinitpath(file_path)
    if file_path.name.endswith(SUFFIXES[0]) or named:
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


class ScenarioFile(pytest.File):
    """A scenario: its cases. A wrong one is a test that says so, and the others go on."""

    def collect(self) -> Iterable[pytest.Item]:
        """The cases."""
        from emu.core.errors import ConfigError
        from emu.smoke.scenario import Scenario, stem

        try:
            cases = Scenario(self.path).cases()
        except ConfigError as error:
            yield RefusedItem.from_parent(self, name=stem(self.path), problem=str(error))
            return
        for case in cases:
            yield CaseItem.from_parent(self, name=case.name, case=case)


class CaseItem(pytest.Item):
    """One case of a scenario."""

    def __init__(self, *, case: Any, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._case = case
        self.extra_keyword_matches.update(axis_keyword(*choice.split("=", 1)) for choice in case.choices)
        self.emu_case: dict[str, Any] | None = None

    def runtest(self) -> None:
        """Run it. Raises where it did not pass."""
        from emu.smoke.result import Ending
        from emu.smoke.runner import run_case

        result = run_case(self._case, how(self.config))
        self.emu_case = result.as_plain()
        if result.ending is Ending.SKIPPED:
            pytest.skip(result.reason)
        if result.ending is not Ending.PASSED:
            raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The reason, and what is needed to look closer."""
        if isinstance(excinfo.value, CaseFailed):
            from emu.smoke.dossier import dossier

            return "\n".join(dossier(excinfo.value.result))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands, and its name."""
        return self.path, None, self.name


class RefusedItem(pytest.Item):
    """A scenario that cannot be read."""

    def __init__(self, *, problem: str, **attributes: Any) -> None:
        super().__init__(**attributes)
        from emu.smoke.result import CaseResult, Ending

        self._problem = problem
        result = CaseResult(self.name, str(self.path), Ending.ERROR, problem, outcome=REFUSED)
        self.emu_case: dict[str, Any] | None = result.as_plain()

    def setup(self) -> None:
        """Say what is wrong: an error, not a failure."""
        pytest.fail(self._problem, pytrace=False)

    def runtest(self) -> None:
        """Nothing can be run."""

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands, and its name."""
        return self.path, None, self.name


REFUSED = "REFUSED"
"""The outcome of a file that cannot be read: no guest ran."""


class CaseFailed(Exception):
    """A case did not pass."""

    def __init__(self, result: Any) -> None:
        super().__init__(result.reason)
        self.result = result


def how(config: pytest.Config) -> How:
    """How cases are run, by the options."""
    from emu.smoke.runner import How

    option = config.option
    keep = Path(option.emu_keep) if option.emu_keep else None
    return How(
        accept=option.emu_accept,
        keep=keep,
        full=bool(option.emu_report),
        coverage=coverage_format(config),
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the result on the report: plain data crosses process boundaries."""
    report = yield
    guests = item.stash.get(GUESTS, None)
    if guests is not None and guests.guests and (call.when == "call" or report.failed):
        from emu.smoke.gathering import of_guests

        setattr(item, CASE, of_guests(report, item, guests.guests))
    plain = getattr(item, CASE, None)
    if plain is not None and (call.when == "call" or report.failed):
        setattr(report, CASE, plain)
    return report
