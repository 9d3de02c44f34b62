from __future__ import annotations

import pytest

from emu.inspect.outcome import Outcome, judge, result_line
from emu.machine.run_loop import Reason, Stop


def outcome(reason: Reason, status: int | None = None, console: bytes = b"") -> str:
    return judge(Stop(reason, status), console).outcome.name


@pytest.mark.parametrize(
    ("status", "name"),
    [(0, "SUCCESS"), (3, "SKIP"), (4, "ERROR"), (5, "FAILURE"), (6, "ERROR"), (1, "ERROR")],
)
def test_the_exit_port_reports(status: int, name: str) -> None:
    assert outcome(Reason.REPORTED, status) == name


@pytest.mark.parametrize(
    ("line", "status", "name"),
    [
        (b"SUCCESS", 5, "FAILURE"),
        (b"FAILURE", 0, "FAILURE"),
        (b"SKIP", 0, "SKIP"),
        (b"SUCCESS", 0x77, "ERROR"),
        (b"FAILURE", 0x77, "FAILURE"),
        (b"SUCCESS", 0, "SUCCESS"),
    ],
)
def test_where_line_and_port_disagree_the_worse_counts(line: bytes, status: int, name: str) -> None:
    assert outcome(Reason.REPORTED, status, b"Test result: " + line + b"\r\n") == name


def test_a_disagreement_is_told() -> None:
    verdict = judge(Stop(Reason.REPORTED, 0), b"Test result: FAILURE\n")
    assert verdict.reason == "the console says FAILURE, though the guest wrote 0 to the exit port"


def test_a_line_and_a_halt_are_a_report() -> None:
    assert outcome(Reason.IDLE, console=b"x\r\nTest result: SUCCESS\r\n\r\n") == "SUCCESS"
    assert outcome(Reason.IDLE, console=b"Test result: SKIP") == "SKIP"


def test_silence_is_an_error() -> None:
    assert outcome(Reason.IDLE) == "ERROR"
    assert outcome(Reason.IDLE, console=b"Test result: SUCCESS\nand then some\n") == "ERROR"


@pytest.mark.parametrize("reason", [Reason.LIMIT, Reason.ASKED])
def test_a_guest_that_was_stopped_has_not_succeeded(reason: Reason) -> None:
    assert outcome(reason, console=b"Test result: SUCCESS\n") == "ERROR"
    assert outcome(reason, console=b"Test result: FAILURE\n") == "FAILURE"


def test_a_triple_fault_is_a_crash_whatever_was_said() -> None:
    assert outcome(Reason.CRASHED, console=b"Test result: SUCCESS\n") == "CRASH"


def test_switching_off_is_success_unless_the_console_says_otherwise() -> None:
    assert outcome(Reason.POWERED_OFF) == "SUCCESS"
    assert outcome(Reason.POWERED_OFF, console=b"Test result: ERROR\n") == "ERROR"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_judged_and_told(reason: Reason) -> None:
    assert judge(Stop(reason, detail="why"), b"").reason


@pytest.mark.parametrize(
    "console",
    [b"", b"\n", b"Test result: PASS", b"# Test result: SUCCESS", b"Test result: SUCCESS!", b"\xff"],
)
def test_only_the_line_as_agreed_is_a_result(console: bytes) -> None:
    assert result_line(console) is None


def test_statuses_are_those_of_the_manual() -> None:
    assert {each.name: each.value for each in Outcome} == {
        "SUCCESS": 0, "SKIP": 3, "ERROR": 4, "FAILURE": 5, "CRASH": 6,
    }  # fmt: skip
