"""Expressions: what they are worth, and what is said where they go wrong."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.debug.errors import CommandError
from emu.debug.expressions import evaluate
from emu.machine.nearest import nearest


class Known:
    """A few registers, and memory that holds its own address."""

    held = {"eax": 0x1234, "ss": 0x10, "main": 0x7C00, "value": 5}

    def name(self, name: str) -> int | None:
        return self.held.get(name)

    def nearest(self, name: str) -> list[str]:
        return nearest(name, self.held)

    def segment_base(self, name: str) -> int | None:
        return 0x1_0000 if name == "ss" else None

    def memory(self, linear: int, size: int) -> int | None:
        return linear & (1 << 8 * size) - 1 if linear < 0x10_0000 else None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x7c00", 0x7C00),
        ("10", 10),
        ("eax + 4", 0x1238),
        ("main+2*3", 0x7C06),
        ("(main + 2) * 3", 3 * 0x7C02),
        ("ss:0x20", 0x1_0020),
        ("0x40:0x17", 0x417),
        ("word[0x12345]", 0x2345),
        ("[main] == 0x7c00", 1),
        ("eax & 0xff == 0x34", 0x1234 & 0),
        ("(eax & 0xff) == 0x34", 1),
        ("1 << 4 | 1", 17),
        ("-1", (1 << 64) - 1),
        ("!0 && value >= 5", 1),
    ],
)
def test_an_expression_has_a_value(text: str, value: int) -> None:
    assert evaluate(text, Known()) == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("eax +", "column 6: something is missing at the end"),
        ("mian", "column 1: there is no register or symbol 'mian'; did you mean 'main'?"),
        ("4 7", "column 3: '7' is not expected"),
        ("(4", "column 3: ')' is missing"),
        ("1f0", "column 1: '1f0' is not understood; hexadecimal numbers begin with 0x"),
        ("8 / (4 - 4)", "column 3: divides by 0"),
        ("[0x200000]", "column 1: no memory can be read at 0x200000"),
        ("", "column 1: something is missing at the end"),
        ("(" * 200, "it is nested too deeply"),
        ("-" * 200, "it is nested too deeply"),
    ],
)
def test_a_wrong_expression_is_refused_with_the_place(text: str, complaint: str) -> None:
    with pytest.raises(CommandError) as refused:
        evaluate(text, Known())
    assert complaint in str(refused.value)


@given(st.text(alphabet="0x19afe ()[]+-*/%:<>=!&|^~ssmain.,\t'\\", max_size=40))
def test_whatever_is_written_there_is_a_value_or_a_complaint(text: str) -> None:
    with contextlib.suppress(CommandError):
        assert 0 <= evaluate(text, Known()) < 1 << 64
