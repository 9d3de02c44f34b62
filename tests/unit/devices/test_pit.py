"""The 8254, driven through ports 0x40 to 0x43 at exact clock pulses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.events import Observer, Observers
from emu.core.wires import IrqLine
from emu.devices.pit import Pit8254, instant_of, pulses_at

CONTROL = 0x43
LOW, HIGH, BOTH = 0x10, 0x20, 0x30


class Edges(Observer):
    """Rising edges of the wire, by clock pulse."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rising: list[int] = []
        self.all: list[tuple[int, bool]] = []

    def line_changed(self, name: str, level: bool) -> None:
        pulse = pulses_at(self.clock.now)
        self.all.append((pulse, level))
        if level:
            self.rising.append(pulse)


class Board:
    """A mounted timer; time is given in clock pulses."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.edges = Edges(self.clock)
        self.irq = IrqLine("irq0", lambda level: None, Observers(self.edges))
        self.pit = Pit8254(clock=self.clock, irq=self.irq)
        self.bus = PortBus()
        for region in self.pit.ports():
            self.bus.claim(region)

    def out(self, port: int, *values: int) -> None:
        for value in values:
            self.bus.write(port, 1, value)

    def program(self, channel: int, mode: int, count: int, bcd: int = 0) -> None:
        self.out(CONTROL, channel << 6 | BOTH | mode << 1 | bcd)
        self.out(0x40 + channel, count & 0xFF, count >> 8)

    def run_to(self, pulse: int) -> None:
        """Advance as an idle processor does: from deadline to deadline."""
        target = instant_of(pulse)
        while (deadline := self.clock.next_deadline()) is not None and deadline <= target:
            self.clock.advance_to(deadline)
            self.clock.fire_due()
        self.clock.advance_to(target)

    def jump_to(self, pulse: int) -> None:
        """Advance as one long block does: timers fire behind it."""
        self.clock.advance_to(instant_of(pulse))
        self.clock.fire_due()

    def count(self, channel: int) -> int:
        self.out(CONTROL, channel << 6)
        low = self.bus.read(0x40 + channel, 1)
        return low | self.bus.read(0x40 + channel, 1) << 8

    def status(self, channel: int) -> int:
        self.out(CONTROL, 0xE0 | 2 << channel)
        return self.bus.read(0x40 + channel, 1)

    def output(self, channel: int) -> int:
        return self.status(channel) >> 7

    def wave(self, channel: int, first: int, last: int) -> str:
        """OUT at each pulse."""
        levels = []
        for pulse in range(first, last + 1):
            self.run_to(pulse)
            levels.append("-" if self.output(channel) else "_")
        return "".join(levels)


@pytest.fixture
def board() -> Board:
    return Board()


@given(st.integers(0, 10**15))
def test_an_instant_is_the_first_nanosecond_of_its_pulse(pulse: int) -> None:
    assert pulses_at(instant_of(pulse)) == pulse
    assert pulse == 0 or pulses_at(instant_of(pulse) - 1) == pulse - 1


def test_mode_0_goes_high_one_pulse_later_than_its_count(board: Board) -> None:
    board.program(2, 0, 4)
    board.pit.set_gate(2, True)
    assert board.wave(2, 0, 8) == "_____----"


def test_mode_0_counts_on_through_zero(board: Board) -> None:
    board.program(1, 0, 2)
    board.run_to(4)
    assert board.count(1) == 0xFFFF


def test_mode_0_stops_while_the_gate_is_low(board: Board) -> None:
    board.pit.set_gate(2, True)
    board.program(2, 0, 10)
    board.run_to(5)
    assert board.count(2) == 6
    board.pit.set_gate(2, False)
    board.run_to(50)
    assert board.count(2) == 6
    board.pit.set_gate(2, True)
    board.run_to(55)
    assert board.output(2) == 0
    board.run_to(56)
    assert board.output(2) == 1


def test_mode_0_stops_and_goes_low_at_the_first_byte_of_a_new_count(board: Board) -> None:
    board.program(0, 0, 2)
    board.run_to(3)
    assert board.irq.level
    board.out(0x40, 0x08)
    assert not board.irq.level
    board.run_to(100)
    assert board.count(0) == 0
    board.out(0x40, 0x00)
    board.run_to(108)
    assert not board.irq.level
    board.run_to(109)
    assert board.irq.level


def test_mode_1_is_low_for_its_count_after_each_trigger(board: Board) -> None:
    board.program(2, 1, 3)
    assert board.wave(2, 0, 4) == "-----"
    board.pit.set_gate(2, True)
    assert board.wave(2, 4, 10) == "-___---"
    board.pit.set_gate(2, False)
    board.pit.set_gate(2, True)
    assert board.wave(2, 10, 12) == "-__"
    board.pit.set_gate(2, False)
    board.pit.set_gate(2, True)
    assert board.wave(2, 12, 17) == "____--"


def test_mode_2_is_low_for_one_pulse_of_each_period(board: Board) -> None:
    board.program(1, 2, 4)
    assert board.wave(1, 0, 12) == "----_---_---_"


def test_mode_2_counts_from_n_to_1(board: Board) -> None:
    board.program(1, 2, 3)
    seen = []
    for pulse in range(1, 8):
        board.run_to(pulse)
        seen.append(board.count(1))
    assert seen == [3, 2, 1, 3, 2, 1, 3]


def test_mode_2_takes_a_new_count_at_the_end_of_the_period(board: Board) -> None:
    board.program(1, 2, 6)
    board.run_to(3)
    board.out(0x41, 3, 0)
    assert board.status(1) & 0x40
    assert board.wave(1, 3, 13) == "---_--_--_-"
    assert not board.status(1) & 0x40


def test_a_gate_that_is_driven_as_it_stands_leaves_the_saved_state_alone(board: Board) -> None:
    board.pit.set_gate(2, True)
    board.program(2, 3, 100)
    board.run_to(50)
    saved = board.pit.save()
    board.pit.set_gate(2, True)
    assert board.pit.save() == saved


def test_mode_2_goes_high_and_stops_with_the_gate_and_restarts_with_it(board: Board) -> None:
    board.pit.set_gate(2, True)
    board.program(2, 2, 3)
    board.run_to(3)
    assert board.output(2) == 0
    board.pit.set_gate(2, False)
    assert board.output(2) == 1
    board.run_to(10)
    assert board.count(2) == 1
    board.pit.set_gate(2, True)
    assert board.wave(2, 11, 17) == "--_--_-"


def test_mode_3_halves_an_even_count_evenly(board: Board) -> None:
    board.program(1, 3, 4)
    assert board.wave(1, 1, 12) == "--__--__--__"


def test_mode_3_is_high_one_pulse_longer_with_an_odd_count(board: Board) -> None:
    board.program(1, 3, 5)
    assert board.wave(1, 1, 10) == "---__---__"


def test_mode_3_counts_by_two(board: Board) -> None:
    board.program(1, 3, 6)
    seen = []
    for pulse in range(1, 8):
        board.run_to(pulse)
        seen.append(board.count(1))
    assert seen == [6, 4, 2, 6, 4, 2, 6]


def test_mode_3_takes_a_new_count_at_the_end_of_either_half(board: Board) -> None:
    board.program(1, 3, 8)
    board.run_to(2)
    board.out(0x41, 4, 0)
    assert board.wave(1, 2, 12) == "---__--__--"


def test_mode_4_strobes_once(board: Board) -> None:
    board.program(1, 4, 3)
    assert board.wave(1, 0, 8) == "----_----"
    board.run_to(0x10000 + 4)
    assert board.output(1) == 1


def test_mode_4_starts_again_with_a_new_count(board: Board) -> None:
    board.program(1, 4, 5)
    board.run_to(3)
    board.out(0x41, 2, 0)
    assert board.wave(1, 3, 8) == "---_--"


def test_mode_5_strobes_after_each_trigger(board: Board) -> None:
    board.program(2, 5, 3)
    board.run_to(10)
    board.pit.set_gate(2, True)
    assert board.wave(2, 10, 16) == "----_--"


def test_modes_6_and_7_are_2_and_3(board: Board) -> None:
    board.program(1, 6, 4)
    assert board.wave(1, 0, 5) == "----_-"
    assert board.status(1) >> 1 & 7 == 6
    board.program(1, 7, 4)
    assert board.wave(1, 6, 10) == "--__-"


def test_a_count_of_zero_is_the_largest(board: Board) -> None:
    board.program(1, 2, 0)
    board.run_to(1)
    assert board.count(1) == 0
    board.run_to(2)
    assert board.count(1) == 0xFFFF
    board.run_to(0x10000)
    assert board.output(1) == 0


def test_decimal_counts_wrap_at_ten_thousand(board: Board) -> None:
    board.program(1, 0, 0x0010, bcd=1)
    board.run_to(4)
    assert board.count(1) == 0x0007
    board.run_to(12)
    assert board.count(1) == 0x9999
    board.program(1, 2, 0, bcd=1)
    board.run_to(13)
    assert board.count(1) == 0
    board.run_to(14)
    assert board.count(1) == 0x9999


def test_a_latched_count_stays_until_both_bytes_are_read(board: Board) -> None:
    board.program(1, 2, 0x1234)
    board.run_to(1)
    board.out(CONTROL, 0x40)
    board.run_to(100)
    board.out(CONTROL, 0x40)
    assert board.bus.read(0x41, 1) == 0x34
    assert board.bus.read(0x41, 1) == 0x12
    low = board.bus.read(0x41, 1)
    assert low | board.bus.read(0x41, 1) << 8 == 0x1234 - 99


def test_single_byte_access_reads_and_writes_one_byte(board: Board) -> None:
    board.out(CONTROL, 0x40 | HIGH | 2 << 1)
    board.out(0x41, 0x12)
    board.run_to(1)
    assert board.bus.read(0x41, 1) == 0x12
    board.out(CONTROL, 0x40 | LOW | 2 << 1)
    board.out(0x41, 0x80)
    board.run_to(2)
    assert board.bus.read(0x41, 1) == 0x80
    assert board.bus.read(0x41, 1) == 0x80


def test_read_back_gives_status_before_count_for_every_selected_counter(board: Board) -> None:
    board.program(1, 2, 0x0300)
    board.pit.set_gate(2, True)
    board.program(2, 3, 0x0100)
    board.run_to(1)
    board.out(CONTROL, 0xCC)
    board.run_to(50)
    for port, status, count in ((0x41, 0xB4, 0x300), (0x42, 0xB6, 0x100)):
        assert board.bus.read(port, 1) == status
        assert board.bus.read(port, 1) | board.bus.read(port, 1) << 8 == count


def test_null_count_is_set_until_the_count_is_loaded(board: Board) -> None:
    board.out(CONTROL, 0x40 | BOTH | 2 << 1)
    assert board.status(1) & 0x40
    board.out(0x41, 9, 0)
    assert board.status(1) & 0x40
    board.run_to(1)
    assert not board.status(1) & 0x40


def test_the_control_word_register_cannot_be_read(board: Board) -> None:
    assert board.bus.read(CONTROL, 1) == 0xFF


@pytest.mark.parametrize("mode", [2, 3])
def test_irq_0_rises_once_a_period_without_drift(board: Board, mode: int) -> None:
    board.program(0, mode, 11932)
    board.run_to(11932 * 1000 + 1)
    assert board.edges.rising == [0] + [1 + 11932 * n for n in range(1, 1001)]


def test_irq_0_rises_after_a_one_shot_count_and_stays_high(board: Board) -> None:
    board.program(0, 0, 100)
    board.run_to(500)
    assert board.edges.all == [(101, True)]


def test_edges_that_a_long_block_passed_make_one_edge_at_its_end(board: Board) -> None:
    board.program(0, 2, 10)
    board.run_to(11)
    board.edges.all.clear()
    board.jump_to(46)
    assert board.edges.all == [(46, False), (46, True)]
    board.run_to(51)
    assert board.edges.rising[-1] == 51


def test_a_count_read_behind_an_edge_does_not_lose_it(board: Board) -> None:
    board.program(0, 2, 10)
    board.run_to(11)
    before = len(board.edges.rising)
    board.clock.advance_to(instant_of(22))
    board.count(0)
    board.clock.fire_due()
    assert len(board.edges.rising) == before + 1


def test_programming_mode_2_raises_the_output_at_once(board: Board) -> None:
    board.out(CONTROL, 0x30)
    assert not board.irq.level
    board.out(CONTROL, 0x34)
    assert board.irq.level


def test_a_count_of_one_makes_no_periodic_edges(board: Board) -> None:
    board.program(0, 2, 1)
    board.run_to(2)
    assert board.clock.next_deadline() is None


def test_a_restored_timer_makes_the_edges_that_the_saved_one_makes(board: Board) -> None:
    board.program(0, 3, 1001)
    board.run_to(5000)
    twin = Board()
    twin.clock.restore(board.clock.ticks)
    twin.irq.restore(board.irq.level)
    twin.pit.restore(board.pit.save())
    board.edges.all.clear()
    for each in (board, twin):
        each.run_to(20000)
    assert twin.edges.all == board.edges.all


def simulate(mode: int, count: int, pulses: int) -> list[bool]:
    """[8254] read literally, pulse by pulse: the counter is loaded by the first."""
    levels, element, output = [], 0, mode != 0
    for pulse in range(1, pulses + 1):
        if pulse == 1:
            element = count & ~1 if mode == 3 else count
            extra = mode == 3 and count & 1
        elif mode == 2:
            element = element - 1 or count
            output = element != 1
        elif mode == 3:
            element -= 2
            if element == 0 and extra and output:
                pass
            elif element <= 0:
                output = not output
                element = count & ~1
        else:
            element -= 1
            output = (output or element == 0) if mode == 0 else element != 0
        levels.append(output)
    return levels


@given(st.sampled_from([0, 2, 3, 4]), st.integers(2, 40))
def test_the_output_is_that_of_a_counter_that_counts(mode: int, count: int) -> None:
    board = Board()
    board.program(1, mode, count)
    wave = board.wave(1, 1, 100)
    assert wave == "".join("-" if level else "_" for level in simulate(mode, count, 100))


@given(st.sampled_from([0, 2, 3, 4]), st.integers(2, 40))
def test_the_wire_rises_where_the_output_rises(mode: int, count: int) -> None:
    board = Board()
    board.program(0, mode, count)
    board.run_to(100)
    levels = [mode != 0, *simulate(mode, count, 100)]
    expected = [n for n in range(1, 101) if levels[n] and not levels[n - 1]]
    assert [pulse for pulse in board.edges.rising if pulse] == expected
