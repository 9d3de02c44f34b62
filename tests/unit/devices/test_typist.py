"""What a user types waits until the guest wants keys."""

from __future__ import annotations

import pytest

from emu.devices.typist import PATIENT_POLLS, STROKE_NS
from tests.unit.devices.test_i8042 import Board

PRESSED, RELEASED = 0x1E, 0x9E
A = [b"\x1c", b"\xf0\x1c"]


@pytest.fixture
def board() -> Board:
    board = Board()
    board.chip.type(list(A))
    return board


def drained(board: Board) -> list[int]:
    """All that comes while the guest reads what there is, for a while."""
    taken = []
    for _ in range(60):
        board.wait(STROKE_NS // 10)
        if board.chip.state.output_full:
            taken.append(board.data())
    return taken


def test_nothing_is_typed_before_the_guest_wants_keys(board: Board) -> None:
    board.status()
    assert drained(board) == []


def test_enabling_the_keyboard_asks_for_keys(board: Board) -> None:
    board.send(0xF4)
    assert drained(board) == [0xFA, PRESSED, RELEASED]


def test_enabling_its_interrupt_asks_for_keys(board: Board) -> None:
    board.command(0x60, 0x45)
    assert drained(board) == [PRESSED, RELEASED]
    assert board.chip.state.typist.strokes == []


def test_looking_for_a_key_over_and_over_asks_for_keys(board: Board) -> None:
    for _ in range(PATIENT_POLLS):
        board.status()
    assert drained(board) == [PRESSED, RELEASED]


def test_looking_for_an_answer_does_not_ask_for_keys(board: Board) -> None:
    board.send(0xF6)
    for _ in range(PATIENT_POLLS):
        board.status()
    assert drained(board) == [0xFA]


@pytest.mark.parametrize("command", [0xFF, 0xF5])
def test_a_keyboard_that_is_reset_or_disabled_waits_until_it_is_enabled(board: Board, command: int) -> None:
    board.command(0x60, 0x45)
    board.send(command)
    assert PRESSED not in drained(board)
    board.send(0xF4)
    assert drained(board) == [0xFA, PRESSED, RELEASED]


def test_a_stroke_waits_until_the_one_before_has_been_read(board: Board) -> None:
    board.send(0xF4)
    board.wait(20 * STROKE_NS)
    assert len(board.chip.state.typist.strokes) == 2
    board.data()
    board.wait(20 * STROKE_NS)
    assert len(board.chip.state.typist.strokes) == 1


def test_what_was_to_be_typed_outlives_a_reset_and_waits_anew(board: Board) -> None:
    board.send(0xF4)
    board.chip.reset()
    assert drained(board) == []
    board.send(0xF4)
    assert drained(board) == [0xFA, PRESSED, RELEASED]


def test_a_machine_restored_amid_typing_types_on(board: Board) -> None:
    board.send(0xF4)
    board.wait()
    board.data()
    saved = board.chip.save()
    other = Board()
    other.clock.advance_to(board.clock.now)
    other.chip.restore(saved)
    assert drained(other) == drained(board) == [PRESSED, RELEASED]
