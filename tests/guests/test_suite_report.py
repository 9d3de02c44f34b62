"""`emu test --report`: a page of what really ran, in the order of the tests however they were shared out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

SCENARIO = """
[machine]
guest = "unplug-all-long"
[test]
console = ["Test result: SUCCESS"]
[matrix]
memory = [8, 16, 32]
profile = ["seed", "qemu"]
"""
BROKEN = """
[machine]
guest = "hello"
[test]
console = ["this never comes"]
"""
FAILED, WRONG = 1, 2


def emu_test(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emu", "test", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_page_shows_every_case_in_order_with_one_worker_and_with_two(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "many.emu.toml").write_text(SCENARIO)
    (suite / "broken.emu.toml").write_text(BROKEN)
    pages = []
    for workers in "12":
        done = emu_test(tmp_path, "suite", "-j", workers, "--report", f"{workers}.html")
        assert done.returncode == FAILED, done.stderr
        pages.append((tmp_path / f"{workers}.html").read_text(encoding="utf-8"))
    names = [re.findall(r'<details class="case .*?</span>([^<]+)</h3>', page, re.DOTALL) for page in pages]
    assert names[0] == names[1]
    assert len(names[0]) == 7
    assert [name for name in names[0] if "[" in name][:2] == [
        "many[memory=8,profile=seed]",
        "many[memory=8,profile=qemu]",
    ]
    for page in pages:
        assert "<title>Smoke tests: suite: 1 of 7 tests did not pass: 1 failed, 6 passed.</title>" in page
        assert "this never comes" in page
        timelines = json.loads(re.search(r'id="timelines">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
        assert len(timelines) > 1
        assert all(each["lanes"] and each["modes"] for each in timelines)


def test_a_page_that_can_be_nowhere_is_refused_before_anything_runs(tmp_path: Path) -> None:
    done = emu_test(tmp_path, "hello", "--report", "missing/page.html")
    assert done.returncode == WRONG
    assert "missing/page.html: give a file in a folder that exists" in done.stderr
    assert "Traceback" not in done.stderr
    assert "passed" not in done.stdout
