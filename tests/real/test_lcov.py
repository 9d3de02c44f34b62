"""lcov and genhtml read our tracefiles, add them up, and make pages of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emu.inspect.coverage import Coverage
from emu.inspect.programs import load_symbols
from tests.guests.machines import Guest

pytestmark = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("lcov", "genhtml")),
    reason="lcov and genhtml are not installed (Debian: lcov)",
)


def call(*words: str | Path) -> str:
    done = subprocess.run(list(words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def covered(name: str, folder: Path) -> Path:
    guest = Guest(name)
    coverage = Coverage(guest.machine)
    guest.run()
    path = folder / f"{name}.info"
    coverage.write_lcov(path, load_symbols(guest.config)[0], name)
    return path


def numbers(path: Path) -> tuple[int, int]:
    """Lines that ran, and all lines, as we say."""
    lines = path.read_text().splitlines()
    return tuple(
        sum(int(line.removeprefix(f"{what}:")) for line in lines if line.startswith(f"{what}:"))
        for what in ("LH", "LF")
    )  # type: ignore[return-value]


def test_lcov_finds_as_many_lines_as_we_say_and_adds_runs_up(tmp_path: Path) -> None:
    one, other, both = covered("unplug-all", tmp_path), covered("ne2k", tmp_path), tmp_path / "both.info"
    for path in (one, other):
        hit, all_lines = numbers(path)
        assert f"({hit} of {all_lines} lines)" in call("lcov", "--summary", path)
    call("lcov", "-a", one, "-a", other, "-o", both)
    assert numbers(both)[0] > max(numbers(one)[0], numbers(other)[0])


def test_lcov_reads_the_sum_of_a_suite(tmp_path: Path) -> None:
    path = tmp_path / "all.info"
    call(sys.executable, "-m", "emu", "test", "unplug-all", "ne2k", "--coverage", path)
    hit, all_lines = numbers(path)
    assert f"({hit} of {all_lines} lines)" in call("lcov", "--summary", path)
    call("genhtml", "--quiet", "-o", tmp_path / "pages", path)
    assert list((tmp_path / "pages").rglob("ne2k.c.gcov.html"))


def test_genhtml_shows_the_source_with_what_ran(tmp_path: Path) -> None:
    call("genhtml", "--quiet", "-o", tmp_path / "pages", covered("unplug-all", tmp_path))
    page = next((tmp_path / "pages").rglob("unplug-all.c.gcov.html")).read_text()
    assert "unplug_in_turn();" in page
    assert "lineCov" in page or "tlaGNC" in page or "tlaGBC" in page
