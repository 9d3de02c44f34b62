"""The i8042 and its keyboard, driven through ports 0x60 and 0x64."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.wires import IrqLine
from emu.devices.i8042 import I8042, TRANSFER_NS
from emu.devices.keyboard import to_set_1

DATA, COMMAND = 0x60, 0x64


class Board:
    """A mounted controller with its wires."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.edges = 0
        self.a20 = True
        self.resets = 0
        self.irq = IrqLine("irq1", self._feel)
        self.mouse_irq = IrqLine("irq12", lambda level: None)
        self.chip = I8042(
            irq=self.irq, mouse_irq=self.mouse_irq, clock=self.clock, a20=self._set_a20, reset=self._reset
        )
        self.bus = PortBus()
        for region in self.chip.ports():
            self.bus.claim(region)

    def _feel(self, level: bool) -> None:
        self.edges += level

    def _set_a20(self, level: bool) -> None:
        self.a20 = level

    def _reset(self) -> None:
        self.resets += 1

    def status(self) -> int:
        return self.bus.read(COMMAND, 1)

    def data(self) -> int:
        return self.bus.read(DATA, 1)

    def command(self, value: int, *parameters: int) -> None:
        self.bus.write(COMMAND, 1, value)
        for each in parameters:
            self.send(each)

    def send(self, value: int) -> None:
        self.bus.write(DATA, 1, value)

    def wait(self, duration: int = TRANSFER_NS) -> None:
        target = self.clock.now + duration
        while (deadline := self.clock.next_deadline()) is not None and deadline <= target:
            self.clock.advance_to(deadline)
            self.clock.fire_due()
        self.clock.advance_to(target)

    def drain(self) -> list[int]:
        """Everything that comes, each byte after its time on the cable."""
        taken = []
        for _ in range(40):
            self.wait()
            if self.status() & 1:
                taken.append(self.data())
        return taken

    def ask(self, *values: int) -> list[int]:
        """What the keyboard answers to bytes sent one after the other."""
        answers = []
        for value in values:
            self.send(value)
            answers += self.drain()
        return answers


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def raw(board: Board) -> Board:
    """Without translation."""
    board.command(0x60, 0x01)
    return board


def test_the_command_byte_and_the_rest_of_the_ram_read_back(board: Board) -> None:
    board.command(0x60, 0x47)
    board.command(0x7F, 0x99)
    board.command(0x20)
    assert board.data() == 0x47
    board.command(0x3F)
    assert board.data() == 0x99


def test_self_test_passes_and_sets_the_system_flag(board: Board) -> None:
    assert board.status() & 0x04 == 0
    board.command(0xAA)
    assert board.status() & 0x05 == 0x05
    assert board.data() == 0x55
    assert board.status() & 0x01 == 0


@pytest.mark.parametrize(("command", "answer"), [(0xAB, 0), (0xA9, 0), (0xC0, 0x80)])
def test_port_tests_and_the_input_port_are_answered_at_once(board: Board, command: int, answer: int) -> None:
    board.command(command)
    assert board.status() & 1
    assert board.data() == answer


def test_the_status_tells_commands_from_data(board: Board) -> None:
    board.command(0xAE)
    assert board.status() & 0x08
    board.send(0xF4)
    assert not board.status() & 0x08


def test_ports_are_disabled_and_enabled_in_the_command_byte(board: Board) -> None:
    for command, bits in ((0xAD, 0x71), (0xA8, 0x51), (0xAE, 0x41), (0xA7, 0x61)):
        board.command(command)
        board.command(0x20)
        assert board.data() == bits


def test_a20_is_open_at_power_on_and_follows_the_output_port(board: Board) -> None:
    board.command(0xD0)
    assert board.data() & 0x03 == 0x03
    board.command(0xD1, 0xDD)
    assert not board.a20
    board.command(0xD0)
    assert board.data() & 0x03 == 0x01
    board.command(0xD1, 0xDF)
    assert board.a20
    board.command(0xDD)
    assert not board.a20
    board.command(0xDF)
    assert board.a20
    assert board.resets == 0


def test_opening_a20_again_drives_it_again_as_port_92_may_have_closed_it(board: Board) -> None:
    board.a20 = False
    board.command(0xD1, 0xDF)
    assert board.a20
    board.a20 = False
    board.command(0x20)
    board.data()
    assert not board.a20


def test_the_output_port_shows_a_full_buffer(board: Board) -> None:
    board.command(0xD2, 0x11)
    board.command(0xD0)
    assert board.data() == 0x11
    assert board.data() & 0x30 == 0x10


@pytest.mark.parametrize(("command", "resets"), [(0xFE, 1), (0xF0, 1), (0xFF, 0), (0xFD, 0)])
def test_a_pulse_of_bit_0_resets(board: Board, command: int, resets: int) -> None:
    board.command(command)
    assert board.resets == resets


def test_the_output_port_can_reset(board: Board) -> None:
    board.command(0xD1, 0xFE)
    assert board.resets == 1


def test_a_byte_can_be_put_into_the_output_buffer_as_if_from_the_keyboard(board: Board) -> None:
    board.command(0xD2, 0x42)
    assert board.irq.level
    assert board.status() & 0x21 == 0x01
    assert board.data() == 0x42
    assert not board.irq.level


def test_a_byte_can_be_put_into_the_output_buffer_as_if_from_the_mouse(board: Board) -> None:
    board.command(0x60, 0x03)
    board.command(0xD3, 0x42)
    assert board.mouse_irq.level
    assert not board.irq.level
    assert board.status() & 0x21 == 0x21
    assert board.data() == 0x42
    assert not board.mouse_irq.level


def test_nobody_answers_at_the_mouse_port(board: Board) -> None:
    board.command(0xD4, 0xFF)
    assert board.status() & 0x61 == 0x61
    assert board.data() == 0xFE
    board.command(0x20)
    assert board.status() & 0x61 == 0x01


def test_the_keyboard_resets_with_acknowledge_and_passed(board: Board) -> None:
    assert board.ask(0xFF) == [0xFA, 0xAA]


def test_the_keyboard_identifies_itself(raw: Board) -> None:
    assert raw.ask(0xF2) == [0xFA, 0xAB, 0x83]


def test_the_identity_is_translated_like_everything_else(board: Board) -> None:
    assert board.ask(0xF2) == [0xFA, 0xAB, 0x41]


def test_the_keyboard_echoes(board: Board) -> None:
    assert board.ask(0xEE) == [0xEE]


def test_lights_and_typematic_rate_take_a_parameter(board: Board) -> None:
    assert board.ask(0xED, 0x05, 0xF3, 0x20) == [0xFA] * 4
    assert (board.chip.state.keyboard.lights, board.chip.state.keyboard.typematic) == (5, 0x20)


def test_a_command_in_place_of_a_parameter_is_a_command(raw: Board) -> None:
    assert raw.ask(0xED, 0xF2) == [0xFA, 0xFA, 0xAB, 0x83]


def test_the_scan_code_set_can_be_asked_and_changed(raw: Board) -> None:
    assert raw.ask(0xF0, 0) == [0xFA, 0xFA, 2]
    assert raw.ask(0xF0, 1) == [0xFA, 0xFA]
    assert raw.ask(0xF0, 0) == [0xFA, 0xFA, 1]
    assert raw.ask(0xF0, 3) == [0xFA, 0xFE]
    assert raw.ask(0xF6) == [0xFA]
    assert raw.ask(0xF0, 0) == [0xFA, 0xFA, 2]


def test_the_last_byte_is_sent_again(raw: Board) -> None:
    assert raw.ask(0xF2, 0xFE) == [0xFA, 0xAB, 0x83, 0x83]


def test_an_unknown_command_is_to_be_sent_again(board: Board) -> None:
    assert board.ask(0xEF) == [0xFE]


def test_a_key_interrupts_once_for_each_byte_in_set_1(board: Board) -> None:
    board.chip.press(b"\x1c")
    board.chip.press(b"\xf0\x1c")
    assert not board.status() & 1
    assert board.drain() == [0x1E, 0x9E]
    assert board.edges == 2
    board.chip.press(b"\xe0\x75\xe0\xf0\x75")
    assert board.drain() == [0xE0, 0x48, 0xE0, 0xC8]


def test_a_key_comes_in_set_2_without_translation(raw: Board) -> None:
    raw.chip.press(b"\x1c\xf0\x1c")
    assert raw.drain() == [0x1C, 0xF0, 0x1C]


def test_a_keyboard_in_set_1_needs_no_translation(raw: Board) -> None:
    raw.ask(0xF0, 1)
    raw.chip.press(b"\x1c\xf0\x1c")
    assert raw.drain() == [0x1E, 0x9E]


def test_the_data_port_keeps_its_byte_until_the_next_one_has_crossed_the_cable(board: Board) -> None:
    board.chip.press(b"\x1c\x32")
    board.wait()
    assert [board.data(), board.data()] == [0x1E, 0x1E]
    board.wait(TRANSFER_NS - 1)
    assert not board.status() & 1
    board.wait(1)
    assert board.data() == 0x30


def test_the_keyboard_interrupt_can_be_masked(board: Board) -> None:
    board.command(0x60, 0x40)
    board.chip.press(b"\x1c")
    assert board.drain() == [0x1E]
    assert board.edges == 0


def test_a_disabled_keyboard_keeps_its_bytes(board: Board) -> None:
    board.command(0xAD)
    board.chip.press(b"\x1c")
    assert board.drain() == []
    board.command(0xAE)
    assert board.drain() == [0x1E]


def test_sending_to_the_keyboard_enables_it(board: Board) -> None:
    board.command(0xAD)
    assert board.ask(0xEE) == [0xEE]


def test_scanning_can_be_turned_off_and_on(board: Board) -> None:
    board.ask(0xF5)
    board.chip.press(b"\x1c")
    assert board.drain() == []
    board.ask(0xF4)
    board.chip.press(b"\x1c")
    assert board.drain() == [0x1E]


def test_a_full_keyboard_loses_whole_keys(board: Board) -> None:
    for _ in range(20):
        board.chip.press(b"\xf0\x1c\x1c")
    assert board.drain() == [0x9E, 0x1E] * 5


def test_a_controllers_answer_waits_for_the_byte_before_it_and_has_its_own_edge(board: Board) -> None:
    board.chip.press(b"\x1c")
    board.wait()
    board.command(0x20)
    assert board.data() == 0x1E
    assert board.irq.level
    assert board.data() == 0x61
    assert board.edges == 2


def test_a_key_whose_release_was_half_translated_when_saved_is_released_after_a_restore(board: Board) -> None:
    board.chip.press(b"\xf0\x1c")
    board.wait()
    twin = Board()
    twin.clock.restore(board.clock.ticks)
    twin.chip.restore(board.chip.save())
    assert twin.drain() == board.drain() == [0x9E]


def test_reset_gives_back_the_power_on_state(board: Board) -> None:
    board.command(0xDD)
    board.chip.press(b"\x1c")
    board.chip.reset()
    assert board.a20
    assert board.drain() == []


@given(st.binary(min_size=1, max_size=8))
def test_the_controller_translates_as_a_keyboard_in_set_1_would(codes: bytes) -> None:
    translated = Board()
    translated.chip.press(codes)
    assert translated.drain() == list(to_set_1(codes))


@given(st.lists(st.tuples(st.sampled_from([DATA, COMMAND]), st.integers(0, 255)), max_size=300))
def test_no_sequence_of_writes_makes_the_state_grow(writes: list[tuple[int, int]]) -> None:
    board = Board()
    for port, value in writes:
        board.bus.write(port, 1, value)
    keyboard = board.chip.state.keyboard
    assert len(keyboard.replies) <= 3
    assert len(keyboard.codes) == 0
