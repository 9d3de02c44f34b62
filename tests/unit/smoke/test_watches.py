"""Lines as they come, and lines in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.smoke.tables import Line, lines
from emu.smoke.watches import LONGEST_LINE, ConsoleWatch, InOrder, Lines, LogWatch

NOWHERE = Path()


def wanted(*words: str) -> tuple[Line, ...]:
    return lines(list(words), NOWHERE)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_lines_are_the_same_however_bytes_arrive(size: int) -> None:
    text, found = b"one\r\ntwo\n\nfour \xff\nfive", list[str]()
    cut = Lines(found.append)
    for at in range(0, len(text), size):
        cut.add(text[at : at + size])
    assert found == ["one", "two", "", "four \\xff"]
    cut.close()
    assert found[4:] == ["five"]


def test_a_flood_without_a_newline_is_cut_to_the_longest_line() -> None:
    found = list[str]()
    cut = Lines(found.append)
    for _ in range(1000):
        cut.add(b"x" * 1000)
    cut.add(b"\nnext\n")
    assert found == ["x" * LONGEST_LINE, "next"]


def test_lines_in_order_may_have_others_between_and_each_needs_one_of_its_own() -> None:
    order = InOrder("console", wanted("a", "/^b$/", "a"))
    for line in ("a b", "b", "c"):
        order.take(line)
    assert order.missing() == (
        "console: expected line 3 `a` did not come after line 2, 'b'; its last lines: 'a b' | 'b' | 'c'"
    )
    order.take("xa")
    assert order.missing() is None


def test_an_empty_console_is_said_to_be_empty() -> None:
    assert (
        InOrder("console", wanted("a")).missing() == "console: expected line 1 `a` did not come; it is empty"
    )


def test_a_line_that_must_not_come_is_told_at_once_and_only_of_the_first_port() -> None:
    told = list[str]()
    watch = ConsoleWatch((), wanted("panic"), told.append)
    watch.console_output("com2", b"panic\n")
    watch.console_output("com1", b"ok\nkernel pan")
    assert told == []
    watch.console_output("com1", b"ic: x\n")
    assert told == ["console: `panic` must not come, but line 2 is 'kernel panic: x'"]


def test_the_last_line_needs_no_newline() -> None:
    watch = ConsoleWatch(wanted("login:"), (), lambda problem: None)
    watch.console_output("com1", b"login: ")
    watch.close()
    assert watch.wanted.missing() is None


def test_too_much_log_is_told_once_with_newlines_counted() -> None:
    told = list[str]()
    watch = LogWatch((), (), 10, told.append)
    for line in (b"1234", b"1234", b"", b"1234"):
        watch.guest_log(line)
    assert told == ["guest's log: more than the 10 bytes that log_bytes allows"]
