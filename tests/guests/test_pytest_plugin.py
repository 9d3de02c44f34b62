"""The plugin under pytest itself: what is collected, selected, reported, and carried over from workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.smoke.gathering import Gatherer
from emu.smoke.result import CaseResult, Ending

HELLO = '[machine]\nguest = "hello"\n[test]\nconsole = ["Hello from the guest"]\n'
MATRIX = HELLO + '[matrix]\nprofile = ["seed", "qemu"]\nmemory = [16, 32, 64]\n'
WRONG = '[machine]\nguest = "hello"\n[test]\nconsloe = ["Hello"]\n'


def written(pytester: pytest.Pytester, **files: str) -> None:
    for name, text in files.items():
        (pytester.path / f"{name}.emu.toml").write_text(text)


def results(pytester: pytest.Pytester, *arguments: str) -> list[CaseResult]:
    """What came of a session, by name."""
    gatherer = Gatherer()
    pytester.inline_run(*arguments, plugins=[gatherer])
    return sorted(gatherer.results.values(), key=lambda result: result.name)


def test_scenarios_are_collected_by_their_name_and_machine_files_where_they_are_named(
    pytester: pytest.Pytester,
) -> None:
    written(pytester, hello=HELLO)
    (pytester.path / "other.toml").write_text(HELLO)
    assert [each.name for each in results(pytester)] == ["hello"]
    assert [each.name for each in results(pytester, "other.toml")] == ["other"]


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("profile=qemu", 3),
        ("profile=qemu and not memory=16", 2),
        ("memory=32 or memory=64", 4),
        ("hello", 6),
        ("qemu", 3),
    ],
)
def test_cases_are_selected_by_the_axes_of_their_matrix(
    pytester: pytest.Pytester, expression: str, count: int
) -> None:
    written(pytester, hello=MATRIX)
    outcome = pytester.inline_run("-k", expression, "--collect-only")
    assert len(outcome.getcalls("pytest_collection_finish")[0].session.items) == count


def test_a_wrong_file_is_an_error_with_its_line_and_the_others_go_on(pytester: pytest.Pytester) -> None:
    written(pytester, hello=HELLO, wrong=WRONG)
    outcome = pytester.runpytest()
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(
        ["*wrong.emu.toml:4: unknown key 'consloe' in [[]test]: did you mean 'console'?"]
    )


def test_a_failure_shows_the_reason_and_what_to_look_at(pytester: pytest.Pytester) -> None:
    written(pytester, hello=HELLO.replace("Hello from", "Goodbye from"))
    outcome = pytester.runpytest()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "hello: console: expected line 1 `Goodbye from the guest` did not come; its last lines: *",
            "Console",
            "  Hello from the guest",
            "Last accesses",
            "*write 1 port 0xf4 = 0x00  exit exit status",
            "Processor",
            "*eax*",
            "  => *",
            "Trace hash: *",
        ]
    )


def test_a_guest_that_skips_itself_is_skipped(pytester: pytest.Pytester) -> None:
    written(pytester, hello=HELLO + 'skip = "not today"\n')
    (found,) = results(pytester)
    assert (found.ending, found.reason) == (Ending.SKIPPED, "not today")


def test_workers_give_the_same_results_as_one_process_twice(pytester: pytest.Pytester) -> None:
    written(
        pytester,
        unplug='[machine]\nguest = "unplug-all"\n[matrix]\nprofile = ["seed", "qemu"]\nmemory = [16, 32]\n',
    )
    runs = [results(pytester), results(pytester, "-n", "2"), results(pytester, "-n", "2")]
    first, *others = [[(each.name, each.ending, each.trace_hash) for each in run] for run in runs]
    assert len({trace for _, _, trace in first}) > 1
    assert [(name, ending) for name, ending, _ in first] == [
        (f"unplug[profile={profile},memory={memory}]", Ending.PASSED)
        for profile in ("qemu", "seed")
        for memory in (16, 32)
    ]
    assert all(other == first for other in others)


def test_a_worker_that_dies_is_an_error_and_the_others_go_on(pytester: pytest.Pytester) -> None:
    written(pytester, hello=HELLO)
    pytester.makepyfile(
        """
        import os
        def test_dies(emu_guest):
            emu_guest("hello").run()
            os._exit(3)
        """
    )
    hello, dead = results(pytester, "-n", "1")
    assert (hello.ending, dead.ending) == (Ending.PASSED, Ending.ERROR)
    assert "crashed while running" in dead.reason


def test_a_golden_transcript_is_accepted_after_its_diff_was_shown(pytester: pytest.Pytester) -> None:
    written(pytester, bye='[machine]\nguest = "unplug-nics"\n[test]\ngolden = "bye.transcript"\n')
    golden = pytester.path / "bye.transcript"
    pytester.runpytest().assert_outcomes(failed=1)
    outcome = pytester.runpytest("--emu-accept")
    outcome.assert_outcomes(passed=1)
    outcome.stdout.fnmatch_lines(
        ["+*devices to unplug: all_nics", "+*-> nic 0 left PCI 04.0", "accepted *bye.transcript"]
    )
    assert "devices to unplug: all_nics" in golden.read_text()
    pytester.runpytest().assert_outcomes(passed=1)
    golden.write_text(golden.read_text().replace("0x0002", "0x0001"))
    outcome = pytester.runpytest()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*-0x10    write 2     0x0001 *", "*+0x10    write 2     0x0002 *"])


def test_junit_has_a_case_for_each_with_its_reason(pytester: pytest.Pytester, tmp_path: Path) -> None:
    parser = pytest.importorskip("junitparser")
    written(pytester, hello=HELLO, wrong=WRONG, bad=HELLO.replace("Hello from", "Bye from"))
    written(pytester, no=HELLO + 'skip = "not today"\n')
    pytester.runpytest("--junitxml", str(tmp_path / "junit.xml"))
    (suite,) = parser.JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (4, 1, 1, 1)
    cases = {case.name: case for case in suite}
    assert set(cases) == {"hello", "wrong", "bad", "no"}
    assert cases["hello"].is_passed
    assert "expected line 1 `Bye from the guest`" in cases["bad"].result[0].text
    assert "unknown key 'consloe'" in cases["wrong"].result[0].text
