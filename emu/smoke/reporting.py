"""`--emu-report FILE.html`: gathers what came of a session, and writes the report when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.smoke.gathering import InOrder
from emu.smoke.report import write_report

MOST_NAMED = 3


def title(paths: Sequence[str]) -> str:
    """What the report is about: the first paths, as one would write them here."""
    here = Path.cwd()
    whole = [here / path for path in paths]
    shown = [str(path.relative_to(here)) if path.is_relative_to(here) else path.name for path in whole]
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    return f"Smoke tests: {', '.join(shown[:MOST_NAMED])}{more}"


class ReportWriter(InOrder):
    """Writes the results in the order in which tests were collected, however they were shared out."""

    def __init__(self, path: Path, title: str) -> None:
        """Raises ConfigError where no file can be at `path`."""
        super().__init__()
        if path.is_dir() or not path.parent.is_dir():
            raise ConfigError(f"the report cannot be written to {path}: give a file in a folder that exists")
        self._path, self._title = path, title

    def pytest_sessionfinish(self) -> None:
        """All is over. Ends pytest with a sentence where the report cannot be written."""
        try:
            write_report(self._path, self.in_order(), self._title)
        except ConfigError as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)
