"""`--emu-coverage FILE`: one file of which code ran, summed over all cases of a session.

A case has its counts in its result, as plain data; here they are added up, in the order in which tests were
collected, so the file is the same however they were shared out. Of a test that ran again the last run counts.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.inspect.coverage import NO_LINES, refuse_nowhere, write_whole
from emu.smoke.covered import total
from emu.smoke.gathering import InOrder


class CoverageWriter(InOrder):
    """Writes the file when the session has ended."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError where no file can be at `path`."""
        super().__init__()
        refuse_nowhere(path)
        self._path = path

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """All is over. Ends pytest with a sentence where there is no whole file of everything."""
        try:
            yield
        finally:
            try:
                if self.results:
                    self._write()
            except ConfigError as error:
                pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)

    def _write(self) -> None:
        covered = [result for result in self.in_order() if result.coverage]
        if not covered:
            raise ConfigError(f"the coverage {self._path} is not written: no guest ran")
        counts = total(result.coverage for result in covered)
        if counts.is_empty:
            raise ConfigError(
                f"{NO_LINES}: give one by `symbols` below [run], or write *.drcov, which is about addresses"
            )
        write_whole(self._path, counts.encoded())
        cut = [result.name for result in covered if not result.coverage["complete"]]
        if cut:
            raise ConfigError(f"{self._path} is incomplete: {cut[0]} executed code in too many places")
