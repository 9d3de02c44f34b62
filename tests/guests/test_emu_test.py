"""`emu test` as a command: its lines, its exit status, its files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HELLO = '[machine]\nguest = "hello"\n[test]\nconsole = ["Hello from the guest"]\n'


def emu_test(*arguments: str | Path, status: int) -> tuple[str, str]:
    """What the command prints on both streams; it must end with `status`."""
    ended = subprocess.run(
        [sys.executable, "-m", "emu", "test", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended.stdout, ended.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_a_line_for_each_test_and_a_summary(tmp_path: Path, workers: int) -> None:
    (tmp_path / "hello.emu.toml").write_text(HELLO + "[matrix]\nmemory = [16, 32]\n")
    printed, complaints = emu_test(tmp_path, "-j", str(workers), status=0)
    *lines, blank, summary = printed.splitlines()
    took = r" +0\.0089\d\d s virtual +\d+\.\d\d s"
    assert len(lines) == 2
    for line, memory in zip(sorted(lines), (16, 32), strict=True):
        assert re.fullmatch(rf"passed  hello\[memory={memory}\]{took}", line)
    assert (blank, complaints) == ("", "")
    assert re.fullmatch(r"2 passed in \d+\.\d\d s", summary)


def test_a_failure_and_a_wrong_file_leave_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "good.emu.toml").write_text(HELLO)
    (tmp_path / "bad.emu.toml").write_text(HELLO.replace("Hello from", "Bye from"))
    printed, _ = emu_test(tmp_path, status=1)
    assert "1 passed, 1 failed in " in printed
    assert "\nTrace hash: " in printed
    (tmp_path / "wrong.emu.toml").write_text(HELLO + "[tset]\n")
    printed, _ = emu_test(tmp_path, "--junit", tmp_path / "junit.xml", status=2)
    assert "1 passed, 1 failed, 1 error in " in printed
    wrong = next(line for line in printed.splitlines() if line.startswith("ERROR"))
    assert wrong.endswith(f"{tmp_path}/wrong.emu.toml:5: unknown table 'tset': did you mean '[test]'?")
    assert (tmp_path / "junit.xml").read_text().count("<testcase") == 3


def test_tests_in_python_run_beside_scenarios(tmp_path: Path) -> None:
    (tmp_path / "hello.emu.toml").write_text(HELLO)
    (tmp_path / "test_hello.py").write_text(
        "def test_hello(emu_guest):\n    assert emu_guest('hello').run() == 'SUCCESS'\n"
        "def test_bye(emu_guest):\n    emu_guest('hello').run_until('Bye')\n"
    )
    printed, _ = emu_test(tmp_path, status=1)
    assert "FAILED  test_bye " in printed
    assert "waited for 'Bye', but the guest reported its result" in printed
    assert "2 passed, 1 failed in " in printed


def test_a_bundled_guest_is_tested_by_its_name() -> None:
    assert "passed  hello " in emu_test("hello", status=0)[0]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "emu: Missing argument 'PATH | GUEST ...': `emu test --help` tells what it takes"),
        (("nope/",), "emu: nope/ does not exist: give a machine file, a folder, or the name of a guest"),
        (("helo",), "emu: there is no guest 'helo': did you mean 'hello'?"),
        (
            ("hello", "-k", "bye"),
            "emu: no test has a name that -k 'bye' selects: ",
        ),
        (("hello", "-k", "a b"), "ERROR: Wrong expression passed to '-k': a b: "),
    ],
)
def test_wrong_usage_is_a_sentence_and_status_2(arguments: tuple[str, ...], complaint: str) -> None:
    assert emu_test(*arguments, status=2)[1].startswith(complaint)


def test_an_empty_folder_is_wrong_usage(tmp_path: Path) -> None:
    assert emu_test(tmp_path, status=2)[1].startswith("emu: nothing to test: give machine files")


def test_where_nobody_reads_on_files_and_status_are_what_they_would_be(tmp_path: Path) -> None:
    (tmp_path / "hello.emu.toml").write_text(HELLO + "[matrix]\nmemory = [16, 32, 48]\n")
    command = f"{sys.executable} -m emu test {tmp_path} --junit {tmp_path}/junit.xml | true"
    command += "; echo ${PIPESTATUS[0]}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("0\n", "")
    assert (tmp_path / "junit.xml").read_text().count("<testcase") == 3
