"""`emu test --coverage`: one file over all cases, however they were shared out and whoever ran the guests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from emu.cpu import executed
from emu.machine.bundled import guests_folder
from emu.smoke.coverage_file import CoverageWriter
from emu.smoke.result import CaseResult, Ending
from emu.smoke.runner import How, run_case
from emu.smoke.scenario import Scenario
from tests.unit.inspect.drcov_log import read_log

UNPLUG = '[machine]\nguest = "unplug-all"\nprofile = "PROFILE"\n[test]\n'
LOOSE = 'outcome = ["SUCCESS", "ERROR", "FAILURE", "SKIP"]\n'
IN_PYTHON = """
def test_both(emu_guest):
    for profile in ("seed", "none"):
        emu_guest("unplug-all", profile=profile).run()
"""
FAILED, WRONG = 1, 2


def emu_test(folder: Path, *arguments: str, status: int = 0) -> str:
    """What the command complains of."""
    command = [sys.executable, "-m", "emu", "test", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    for profile in ("seed", "none"):
        text = UNPLUG.replace("PROFILE", profile) + LOOSE
        (folder / f"{profile}.emu.toml").write_text(text)
    return tmp_path


def counts(path: Path) -> Counter[tuple[str, str]]:
    """How often each line and each function of each source ran."""
    found: Counter[tuple[str, str]] = Counter()
    source = ""
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(":")
        match kind:
            case "SF":
                source = rest
            case "DA":
                number, times = rest.split(",")
                found[source, number] += int(times)
            case "FNDA":
                times, name = rest.split(",")
                found[source, name] += int(times)
    return found


def summed(*found: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Like `+`, which would drop what never ran."""
    total: Counter[tuple[str, str]] = Counter()
    for each in found:
        total.update(each)
    return total


def test_a_suite_has_the_sum_of_its_cases_each_as_a_run_has_it_with_one_worker_and_with_two(
    suite: Path,
) -> None:
    for profile in ("seed", "none"):
        command = ["run", "unplug-all", "--profile", profile, "--coverage", f"{profile}.info"]
        subprocess.run([sys.executable, "-m", "emu", *command], cwd=suite, capture_output=True, check=False)
    emu_test(suite, "suite", "--coverage", "all.info")
    emu_test(suite, "suite", "-j", "2", "--coverage", "two.info")
    seed, none, total = (counts(suite / f"{name}.info") for name in ("seed", "none", "all"))
    assert total == summed(seed, none)
    assert total.keys() == seed.keys() == none.keys()
    driver = next(path for path, _ in total if path.endswith("unplug-all.c"))
    assert total[driver, "main"] == 2
    assert (suite / "two.info").read_bytes() == (suite / "all.info").read_bytes()
    assert (suite / "all.info").read_text().startswith("TN:\nSF:")


def test_guests_of_a_test_in_python_count_too_all_of_them(suite: Path) -> None:
    emu_test(suite, "suite", "--coverage", "all.info")
    (suite / "test_python.py").write_text(IN_PYTHON)
    emu_test(suite, "test_python.py", "--coverage", "python.info")
    emu_test(suite, ".", "-j", "2", "--coverage", "everything.info")
    total, python, both = (counts(suite / f"{name}.info") for name in ("all", "python", "everything"))
    assert total == python
    assert both == summed(total, python)


def test_drcov_has_the_blocks_of_all_cases(suite: Path) -> None:
    (suite / "suite/third.emu.toml").write_text('[machine]\nguest = "hello"\n[test]\n')
    for name, *arguments in (
        ("seed", "suite/seed.emu.toml"),
        ("none", "suite/none.emu.toml"),
        ("third", "suite/third.emu.toml"),
        ("all", "suite"),
        ("two", "suite", "-j", "2"),
    ):
        emu_test(suite, *arguments, "--coverage", name, "--coverage-format", "drcov")
    logs = {name: read_log(suite / name) for name in ("seed", "none", "third", "all")}
    blocks = {
        name: {(modules[block.module].path, block.start, block.size) for block in found}
        for name, (modules, found) in logs.items()
    }
    assert blocks["all"] == blocks["seed"] | blocks["none"] | blocks["third"]
    assert all(blocks[name] - blocks["seed"] for name in ("none", "third"))
    assert [Path(module.path).name for module in logs["all"][0]] == [
        "unplug-all.elf",
        "unplug-all-second.real.elf",
        "memory",
        "hello.elf",
    ]
    assert (suite / "two").read_bytes() == (suite / "all").read_bytes()


def test_modules_are_in_the_order_of_the_tests_whichever_ended_first(tmp_path: Path) -> None:
    writer = CoverageWriter(tmp_path / "all.drcov")
    writer.pytest_xdist_node_collection_finished(None, ["first", "second"])
    for name in ("second", "first"):
        counts = {"modules": [[0x1000, 0x2000, name, [0, 4]]]}
        coverage = {"form": "drcov", "complete": True, "counts": counts}
        writer.results[name] = CaseResult(name, "", Ending.PASSED, coverage=coverage)
    assert list(writer.pytest_sessionfinish()) == [None]
    assert [module.path for module in read_log(tmp_path / "all.drcov")[0]] == ["first", "second"]


def test_counting_leaves_the_run_as_it_is_and_costs_nothing_where_nobody_asked() -> None:
    (case,) = Scenario(guests_folder() / "unplug-all/unplug-all.toml").cases()
    plain, counted = run_case(case), run_case(case, How(coverage="lcov"))
    assert plain.coverage == {}
    assert plain.trace_hash == counted.trace_hash
    assert counted.coverage["complete"]
    carried = CaseResult.from_plain(json.loads(json.dumps(counted.as_plain())))
    assert carried.coverage == counted.coverage


def test_a_case_that_fails_counts_and_of_one_that_runs_again_the_last_run(
    pytester: pytest.Pytester,
) -> None:
    text = UNPLUG.replace("PROFILE", "seed")
    (pytester.path / "bad.emu.toml").write_text(text + 'console = ["never"]\n')
    pytester.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, nextitem=item)
            runtestprotocol(item, nextitem=nextitem)
            return True
        """
    )
    pytester.runpytest("--emu-coverage", "all.info").assert_outcomes(failed=2)
    found = counts(pytester.path / "all.info")
    assert found[next(path for path, _ in found if path.endswith("unplug-all.c")), "main"] == 1


def test_a_guest_that_runs_in_too_many_places_is_told_of(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executed, "MOST", 40)
    (pytester.path / "seed.emu.toml").write_text(UNPLUG.replace("PROFILE", "seed"))
    outcome = pytester.runpytest_inprocess("--emu-coverage", "all.info")
    assert outcome.ret is pytest.ExitCode.INTERNAL_ERROR
    said = outcome.stdout.str() + outcome.stderr.str()
    assert "all.info is incomplete: seed executed code in too many places" in said
    assert (pytester.path / "all.info").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("missing/all.info",), "there is no folder missing for the coverage: make it, or name another"),
        (("suite",), "the name suite says no format of coverage: call it *.info for lcov or *.drcov"),
        (("suite", "--coverage-format", "lcov"), "suite is a folder: give the coverage a file in it"),
        (("all", "--coverage-format", "lcv"), "there is no format 'lcv' of coverage: did you mean 'lcov'?"),
    ],
)
def test_a_file_that_can_be_nowhere_or_has_no_format_is_refused_before_anything_runs(
    suite: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in emu_test(suite, "suite", "--coverage", *arguments, status=WRONG)


def test_where_there_is_nothing_to_write_the_file_of_before_stays_and_the_tests_have_their_lines(
    suite: Path,
) -> None:
    (suite / "all.info").write_text("before")
    (suite / "skipped.emu.toml").write_text(UNPLUG.replace("PROFILE", "seed") + 'skip = "not today"\n')
    said = emu_test(suite, "skipped.emu.toml", "--coverage", "all.info", status=FAILED)
    assert "the coverage all.info is not written: no guest ran" in said
    image = (guests_folder() / "hello/hello.img").read_bytes()
    (suite / "bare.img").write_bytes(image)
    (suite / "bare.emu.toml").write_text('[[disk]]\nimage = "bare.img"\n[test]\n')
    said = emu_test(suite, "bare.emu.toml", "--coverage", "all.info", status=FAILED)
    assert "lcov is about source lines, and there is no ELF file with debugging information: give one" in said
    assert (suite / "all.info").read_text() == "before"
    emu_test(suite, "bare.emu.toml", "--coverage", "all.drcov")
    assert [module.path for module in read_log(suite / "all.drcov")[0]] == ["memory"]


def test_symbols_that_are_unusable_are_an_error_of_their_case(suite: Path) -> None:
    (suite / "bad.emu.toml").write_text(
        '[machine]\nguest = "hello"\n[run]\nsymbols = ["bad.emu.toml"]\n[test]\n'
    )
    (case,) = Scenario(suite / "bad.emu.toml").cases()
    result = run_case(case, How(coverage="lcov"))
    assert (result.ending, result.coverage) == (Ending.ERROR, {})
    assert "bad.emu.toml is no ELF file" in result.reason
