"""The 8259A pair, driven through its ports as system software does it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.core.bus import PortBus
from emu.devices.pic import PicPair

MASTER, SLAVE = 0x20, 0xA0
EOI = 0x20


class Board:
    """A mounted pair with its INTR pin and its inputs."""

    def __init__(self) -> None:
        self.intr = False
        self.changes: list[bool] = []
        self.pic = PicPair(output=self._feel)
        self.bus = PortBus()
        for region in self.pic.ports():
            self.bus.claim(region)
        self.lines: dict[int, Callable[[bool], None]] = {n: self.pic.input(n) for n in range(16) if n != 2}

    def _feel(self, level: bool) -> None:
        self.intr = level
        self.changes.append(level)

    def out(self, port: int, *values: int) -> None:
        for value in values:
            self.bus.write(port, 1, value)

    def initialize(self, master4: int = 1, slave4: int = 1, word1: int = 0x11) -> None:
        self.out(MASTER, word1)
        self.out(MASTER + 1, 0x08, 0x04, master4)
        self.out(SLAVE, word1)
        self.out(SLAVE + 1, 0x70, 0x02, slave4)

    def raise_line(self, number: int) -> None:
        self.lines[number](True)

    def lower_line(self, number: int) -> None:
        self.lines[number](False)

    def in_service(self, port: int) -> int:
        self.out(port, 0x0B)
        return self.bus.read(port, 1)

    def requests(self, port: int) -> int:
        self.out(port, 0x0A)
        return self.bus.read(port, 1)


@pytest.fixture
def board() -> Board:
    board = Board()
    board.initialize()
    return board


def test_an_edge_raises_intr_and_is_acknowledged_with_the_programmed_vector(board: Board) -> None:
    board.raise_line(3)
    assert board.intr
    assert board.pic.acknowledge() == 0x0B
    assert not board.intr
    assert board.in_service(MASTER) == 1 << 3


def test_nothing_interrupts_before_the_initialization_words() -> None:
    board = Board()
    board.raise_line(0)
    assert not board.intr


def test_there_is_no_irq_2() -> None:
    with pytest.raises(ValueError, match="IRQ 2"):
        Board().pic.input(2)


def test_a_slave_request_is_acknowledged_through_both_chips(board: Board) -> None:
    board.raise_line(14)
    assert board.pic.acknowledge() == 0x76
    assert board.in_service(MASTER) == 1 << 2
    assert board.in_service(SLAVE) == 1 << 6


def test_a_line_that_stays_high_interrupts_once_when_edge_triggered(board: Board) -> None:
    board.raise_line(5)
    board.pic.acknowledge()
    board.out(MASTER, EOI)
    assert not board.intr
    board.lower_line(5)
    board.raise_line(5)
    assert board.intr


def test_a_line_that_stays_high_interrupts_again_when_level_triggered(board: Board) -> None:
    board.out(0x4D0, 0xFF)
    assert board.bus.read(0x4D0, 1) == 0xF8
    board.raise_line(5)
    board.pic.acknowledge()
    assert not board.intr
    board.out(MASTER, EOI)
    assert board.intr
    board.lower_line(5)
    assert not board.intr


def test_the_edge_level_register_of_the_slave_holds_only_the_inputs_that_may_be_level(board: Board) -> None:
    board.out(0x4D1, 0xFF)
    assert board.bus.read(0x4D1, 1) == 0xDE
    assert board.bus.read(0x4D0, 2) == 0xDE00


def test_word1_can_make_every_input_level_triggered() -> None:
    board = Board()
    board.initialize(word1=0x19)
    board.raise_line(0)
    board.pic.acknowledge()
    board.out(MASTER, EOI)
    assert board.intr


def test_a_masked_request_waits_until_it_is_unmasked(board: Board) -> None:
    board.out(MASTER + 1, 0xFF)
    board.raise_line(1)
    assert not board.intr
    assert board.requests(MASTER) == 2
    board.out(MASTER + 1, 0x00)
    assert board.intr


def test_a_request_that_falls_before_its_acknowledge_becomes_spurious_7(board: Board) -> None:
    board.raise_line(1)
    board.lower_line(1)
    assert not board.intr
    assert board.pic.acknowledge() == 0x0F
    assert board.in_service(MASTER) == 0


def test_a_slave_request_that_falls_before_the_slave_answers_becomes_spurious_15(board: Board) -> None:
    board.out(SLAVE + 1, 0x40)
    board.raise_line(14)
    state = board.pic.state
    state.master.set_input(4, True)
    assert board.pic.acknowledge() == 0x77
    assert board.in_service(MASTER) == 4
    assert board.in_service(SLAVE) == 0


def test_a_higher_request_interrupts_one_in_service_and_a_lower_one_waits(board: Board) -> None:
    board.raise_line(4)
    board.pic.acknowledge()
    board.raise_line(6)
    assert not board.intr
    board.raise_line(1)
    assert board.intr
    assert board.pic.acknowledge() == 0x09
    board.out(MASTER, EOI)
    assert board.in_service(MASTER) == 1 << 4
    board.out(MASTER, EOI)
    assert board.pic.acknowledge() == 0x0E


def test_a_specific_end_clears_that_level_only(board: Board) -> None:
    for line in (4, 1):
        board.raise_line(line)
        board.pic.acknowledge()
    board.out(MASTER, 0x60 | 4)
    assert board.in_service(MASTER) == 1 << 1


def test_the_slave_is_locked_out_while_one_of_its_requests_is_in_service(board: Board) -> None:
    board.raise_line(12)
    board.pic.acknowledge()
    board.raise_line(8)
    assert not board.intr
    board.out(SLAVE, EOI)
    board.out(MASTER, EOI)
    assert board.pic.acknowledge() == 0x70


def test_special_fully_nested_mode_lets_a_higher_request_of_the_slave_through() -> None:
    board = Board()
    board.initialize(master4=0x11)
    board.raise_line(12)
    board.pic.acknowledge()
    board.raise_line(8)
    assert board.intr
    assert board.pic.acknowledge() == 0x70


def test_special_fully_nested_mode_does_not_let_a_lower_request_of_the_master_through() -> None:
    board = Board()
    board.initialize(master4=0x11)
    board.raise_line(12)
    board.pic.acknowledge()
    board.raise_line(5)
    assert not board.intr


def test_a_second_slave_request_makes_a_new_edge_at_the_master(board: Board) -> None:
    board.raise_line(9)
    board.raise_line(10)
    assert board.pic.acknowledge() == 0x71
    board.out(SLAVE, EOI)
    board.out(MASTER, EOI)
    assert board.pic.acknowledge() == 0x72


def test_automatic_end_leaves_nothing_in_service() -> None:
    board = Board()
    board.initialize(master4=3, slave4=3)
    board.raise_line(9)
    board.raise_line(10)
    assert board.pic.acknowledge() == 0x71
    assert board.intr
    assert board.pic.acknowledge() == 0x72
    assert board.in_service(MASTER) == board.in_service(SLAVE) == 0


def test_rotation_on_automatic_end_makes_the_served_input_the_lowest() -> None:
    board = Board()
    board.initialize(master4=3)
    board.out(MASTER, 0x80)
    board.raise_line(0)
    board.pic.acknowledge()
    board.lower_line(0)
    board.raise_line(0)
    board.raise_line(1)
    assert board.pic.acknowledge() == 0x09
    board.out(MASTER, 0x00)
    assert board.pic.acknowledge() == 0x08
    assert board.pic.state.master.highest == 2


def test_rotation_on_a_nonspecific_end_makes_the_served_input_the_lowest(board: Board) -> None:
    board.raise_line(4)
    board.pic.acknowledge()
    board.out(MASTER, 0xA0)
    board.raise_line(3)
    board.raise_line(5)
    assert board.pic.acknowledge() == 0x0D


def test_rotation_on_a_specific_end_names_the_lowest_input(board: Board) -> None:
    board.raise_line(6)
    board.pic.acknowledge()
    board.out(MASTER, 0xE0 | 6)
    board.raise_line(0)
    board.raise_line(7)
    assert board.pic.acknowledge() == 0x0F


def test_set_priority_names_the_lowest_input(board: Board) -> None:
    board.out(MASTER, 0xC0 | 4)
    board.raise_line(1)
    board.raise_line(6)
    assert board.pic.acknowledge() == 0x0E


def test_special_mask_mode_lets_lower_requests_through_a_masked_level_in_service(board: Board) -> None:
    board.raise_line(3)
    board.pic.acknowledge()
    board.raise_line(6)
    assert not board.intr
    board.out(MASTER + 1, 1 << 3)
    assert not board.intr
    board.out(MASTER, 0x68)
    assert board.intr
    board.out(MASTER, 0x48)
    assert not board.intr


def test_a_nonspecific_end_in_special_mask_mode_spares_masked_levels(board: Board) -> None:
    for line in (6, 3):
        board.raise_line(line)
        board.pic.acknowledge()
    board.out(MASTER + 1, 1 << 3)
    board.out(MASTER, 0x68, EOI)
    assert board.in_service(MASTER) == 1 << 3


def test_a_poll_acknowledges_and_names_the_input(board: Board) -> None:
    board.raise_line(4)
    board.out(MASTER, 0x0C)
    assert board.bus.read(MASTER, 1) == 0x84
    assert not board.intr
    assert board.in_service(MASTER) == 1 << 4


def test_a_poll_without_a_request_reads_0_and_lasts_for_one_read(board: Board) -> None:
    board.out(MASTER + 1, 0x55)
    board.out(MASTER, 0x0C)
    assert board.bus.read(MASTER + 1, 1) == 0
    assert board.bus.read(MASTER + 1, 1) == 0x55


def test_a_poll_of_the_slave_takes_the_request_off_the_master(board: Board) -> None:
    board.raise_line(11)
    board.out(SLAVE, 0x0C)
    assert board.bus.read(SLAVE, 1) == 0x83
    assert not board.intr


def test_initialization_clears_mask_and_service_and_forgets_edges(board: Board) -> None:
    board.out(MASTER + 1, 0xF0)
    board.raise_line(1)
    board.pic.acknowledge()
    board.raise_line(3)
    board.initialize()
    assert not board.intr
    assert board.bus.read(MASTER + 1, 1) == 0
    assert board.in_service(MASTER) == board.requests(MASTER) == 0


def test_without_word4_the_chip_speaks_to_an_8085(board: Board) -> None:
    board.out(MASTER, 0x16 | 0x40)
    board.out(MASTER + 1, 0x12)
    board.raise_line(3)
    assert board.pic.acknowledge() == 0x4C
    board.out(MASTER, 0x12 | 0x40)
    board.out(MASTER + 1, 0x12)
    board.raise_line(4)
    assert board.pic.acknowledge() == 0x60


def test_a_single_chip_skips_word3_and_has_no_slave(board: Board) -> None:
    board.out(MASTER, 0x13)
    board.out(MASTER + 1, 0x40, 0x01, 0xEE)
    assert board.bus.read(MASTER + 1, 1) == 0xEE
    board.out(MASTER + 1, 0)
    board.raise_line(8)
    assert board.pic.acknowledge() == 0x42


def test_a_slave_with_another_identity_leaves_the_bus_floating(board: Board) -> None:
    board.out(SLAVE, 0x11)
    board.out(SLAVE + 1, 0x70, 0x03, 0x01)
    board.raise_line(8)
    assert board.pic.acknowledge() == 0xFF


def test_intr_is_told_only_when_it_changes(board: Board) -> None:
    board.changes.clear()
    board.raise_line(3)
    board.raise_line(4)
    board.pic.acknowledge()
    board.out(MASTER, EOI)
    assert board.changes == [True, False, True]


def test_reset_keeps_the_levels_of_the_wires_and_drops_intr(board: Board) -> None:
    board.raise_line(3)
    board.pic.reset()
    assert not board.intr
    board.initialize()
    board.raise_line(3)
    assert not board.intr
    board.lower_line(3)
    board.raise_line(3)
    assert board.intr


def test_a_restored_pair_tells_its_intr(board: Board) -> None:
    board.raise_line(3)
    twin = Board()
    twin.pic.restore(board.pic.save())
    assert twin.changes[-1] is True
    assert twin.pic.acknowledge() == 0x0B


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 3, 4, 5, 6, 7]), st.booleans()), max_size=40),
    st.integers(0, 255),
)
def test_intr_is_high_exactly_while_an_unmasked_request_is_pending(
    changes: list[tuple[int, bool]], mask: int
) -> None:
    board = Board()
    board.initialize()
    board.out(MASTER + 1, mask)
    for line, level in changes:
        board.lines[line](level)
        assert board.intr == bool(board.requests(MASTER) & ~mask)


@given(st.integers(1, 255), st.integers(0, 7))
def test_requests_are_served_in_order_of_the_rotated_priority(requests: int, lowest: int) -> None:
    board = Board()
    board.initialize()
    board.out(MASTER, 0xC0 | lowest)
    pending = [n for n in range(8) if requests >> n & 1 and n != 2]
    for line in pending:
        board.raise_line(line)
    served = []
    while board.intr:
        served.append(board.pic.acknowledge() - 8)
        board.out(MASTER, EOI)
    assert served == sorted(pending, key=lambda n: (n - lowest - 1) & 7)
