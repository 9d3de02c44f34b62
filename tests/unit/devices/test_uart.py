"""The 16550A, driven through its eight ports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.wires import IrqLine
from emu.devices.uart import Uart16550

BASE = 0x3F8
DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR = range(8)
FCR = IIR
CHARACTER_NS = 10 * 16 * 1_000_000_000 // 1_843_200
OUT2, LOOP = 0x08, 0x10


class Board:
    """A mounted port at 115200 baud, 8N1, with its interrupt let through."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sent = b""
        self.irq = IrqLine("irq4", lambda level: None)
        self.uart = Uart16550("com1", BASE, irq=self.irq, clock=self.clock, sink=self)
        self.bus = PortBus()
        for region in self.uart.ports():
            self.bus.claim(region)
        self.put(LCR, 0x83)
        self.put(DATA, 1)
        self.put(IER, 0)
        self.put(LCR, 0x03)
        self.put(MCR, OUT2)

    def write(self, data: bytes) -> None:
        self.sent += data

    def put(self, offset: int, value: int) -> None:
        self.bus.write(BASE + offset, 1, value)

    def get(self, offset: int) -> int:
        return self.bus.read(BASE + offset, 1)

    def wait(self, duration: int) -> None:
        target = self.clock.now + duration
        while (deadline := self.clock.next_deadline()) is not None and deadline <= target:
            self.clock.advance_to(deadline)
            self.clock.fire_due()
        self.clock.advance_to(target)

    def arrive(self, data: bytes) -> None:
        """Data comes from outside, and the time it takes passes."""
        self.uart.receive(data)
        self.wait(len(data) * CHARACTER_NS)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def fifo(board: Board) -> Board:
    board.put(FCR, 0x81)
    return board


def test_the_divisor_stands_behind_the_latch_bit(board: Board) -> None:
    board.put(LCR, 0x80)
    board.put(DATA, 0x34)
    board.put(IER, 0x12)
    assert (board.get(DATA), board.get(IER)) == (0x34, 0x12)
    board.put(LCR, 0x03)
    assert board.get(IER) == 0
    assert board.sent == b""


def test_scratch_and_line_control_keep_every_bit(board: Board) -> None:
    for value in (0x55, 0xAA):
        board.put(SCR, value)
        board.put(LCR, value)
        assert (board.get(SCR), board.get(LCR)) == (value, value)


def test_interrupt_enable_and_modem_control_have_no_upper_bits(board: Board) -> None:
    board.put(IER, 0xFF)
    board.put(MCR, 0xFF)
    assert (board.get(IER), board.get(MCR)) == (0x0F, 0x1F)


def test_bytes_are_sent_at_once_and_the_transmitter_is_empty_again(board: Board) -> None:
    for byte in b"hello":
        assert board.get(LSR) == 0x60
        board.put(DATA, byte)
    assert board.sent == b"hello"


def test_a_received_byte_is_ready_after_its_time_on_the_line(board: Board) -> None:
    board.uart.receive(b"A")
    board.wait(CHARACTER_NS - 1)
    assert board.get(LSR) == 0x60
    board.wait(1)
    assert board.get(LSR) == 0x61
    assert board.get(DATA) == ord("A")
    assert board.get(LSR) == 0x60


def test_the_line_speed_follows_divisor_and_format(board: Board) -> None:
    board.put(LCR, 0x80)
    board.put(DATA, 12)
    board.put(LCR, 0x1F)
    board.uart.receive(b"A")
    board.wait(12 * 12 * 16 * 1_000_000_000 // 1_843_200 - 1)
    assert board.get(LSR) == 0x60
    board.wait(1)
    assert board.get(LSR) == 0x61


def test_without_fifo_further_bytes_wait_on_the_line(board: Board) -> None:
    board.arrive(b"abc")
    for byte in b"abc":
        board.wait(CHARACTER_NS)
        assert board.get(LSR) == 0x61
        assert board.get(DATA) == byte
    assert board.get(LSR) == 0x60


def test_the_fifo_holds_sixteen_bytes_and_the_rest_waits(fifo: Board) -> None:
    data = bytes(range(40))
    fifo.arrive(data)
    assert len(fifo.uart.state.received) == 16
    taken = []
    while fifo.get(LSR) & 1:
        taken.append(fifo.get(DATA))
        fifo.wait(CHARACTER_NS)
    assert bytes(taken) == data


def test_reading_without_data_gives_0(board: Board) -> None:
    assert board.get(DATA) == 0


@pytest.mark.parametrize(("trigger", "level"), [(0x00, 1), (0x40, 4), (0x80, 8), (0xC0, 14)])
def test_received_data_interrupts_at_the_trigger_level(board: Board, trigger: int, level: int) -> None:
    board.put(FCR, trigger | 1)
    board.put(IER, 1)
    board.arrive(bytes(level - 1))
    assert not board.irq.level
    board.arrive(b"x")
    assert board.irq.level
    assert board.get(IIR) == 0xC4
    board.get(DATA)
    assert not board.irq.level
    assert board.get(IIR) == 0xC1


def test_a_byte_below_the_trigger_level_interrupts_after_four_characters(fifo: Board) -> None:
    fifo.put(IER, 1)
    fifo.arrive(b"xy")
    fifo.wait(4 * CHARACTER_NS - 1)
    assert not fifo.irq.level
    fifo.wait(1)
    assert fifo.irq.level
    assert fifo.get(IIR) == 0xCC
    assert fifo.get(DATA) == ord("x")
    assert not fifo.irq.level
    fifo.wait(4 * CHARACTER_NS)
    assert fifo.get(IIR) == 0xCC
    fifo.get(DATA)
    fifo.wait(10 * CHARACTER_NS)
    assert fifo.get(IIR) == 0xC1


def test_enabling_the_transmitter_interrupt_raises_it_and_reading_iir_clears_it(board: Board) -> None:
    board.put(IER, 2)
    assert board.irq.level
    assert board.get(IIR) == 0x02
    assert not board.irq.level
    assert board.get(IIR) == 0x01
    board.put(IER, 0)
    board.put(IER, 2)
    assert board.get(IIR) == 0x02


def test_a_byte_sent_raises_the_transmitter_interrupt_again(board: Board) -> None:
    board.put(IER, 2)
    board.get(IIR)
    board.put(DATA, 0x41)
    assert board.irq.level
    assert board.get(IIR) == 0x02


def test_interrupts_are_identified_in_order_of_priority(board: Board) -> None:
    board.put(FCR, 0x01)
    board.put(IER, 0x0F)
    board.uart.set_modem_inputs(0)
    board.uart.receive_break()
    assert board.get(IIR) == 0xC6
    board.get(LSR)
    assert board.get(IIR) == 0xC4
    board.get(DATA)
    assert board.get(IIR) == 0xC2
    assert board.get(IIR) == 0xC0
    board.get(MSR)
    assert board.get(IIR) == 0xC1


def test_out2_gates_the_interrupt(board: Board) -> None:
    board.put(MCR, 0)
    board.put(IER, 2)
    assert not board.irq.level
    board.put(MCR, OUT2)
    assert board.irq.level


def test_fifos_show_in_iir_only_when_enabled(board: Board) -> None:
    assert board.get(IIR) == 0x01
    board.put(FCR, 0xC7)
    assert board.get(IIR) == 0xC1
    board.put(FCR, 0xC6)
    assert board.get(IIR) == 0x01


def test_resetting_the_receiver_empties_its_fifo(fifo: Board) -> None:
    fifo.put(IER, 1)
    fifo.arrive(bytes(10))
    fifo.put(FCR, 0x83)
    assert fifo.get(LSR) == 0x60
    assert not fifo.irq.level


def test_turning_the_fifos_on_or_off_empties_them(fifo: Board) -> None:
    fifo.arrive(bytes(3))
    fifo.put(FCR, 0x00)
    assert fifo.get(LSR) == 0x60


def test_loopback_returns_what_is_sent_and_sends_nothing(board: Board) -> None:
    board.put(MCR, LOOP)
    board.put(DATA, 0x5A)
    assert board.get(LSR) == 0x61
    assert board.get(DATA) == 0x5A
    assert board.sent == b""


def test_loopback_ties_the_modem_outputs_to_the_inputs(board: Board) -> None:
    for outputs, inputs in ((0x01, 0x20), (0x02, 0x10), (0x04, 0x40), (0x08, 0x80), (0x0A, 0x90)):
        board.put(MCR, LOOP | outputs)
        assert board.get(MSR) & 0xF0 == inputs


def test_loopback_holds_off_what_comes_from_outside(board: Board) -> None:
    board.put(MCR, LOOP)
    board.arrive(b"A")
    assert board.get(LSR) == 0x60
    board.put(MCR, OUT2)
    board.wait(CHARACTER_NS)
    assert board.get(DATA) == ord("A")


def test_an_overrun_loses_the_newest_byte_of_a_full_fifo(fifo: Board) -> None:
    fifo.put(MCR, LOOP)
    for byte in range(17):
        fifo.put(DATA, byte)
    assert fifo.get(LSR) == 0x63
    assert fifo.get(LSR) == 0x61
    assert [fifo.get(DATA) for _ in range(17)] == [*range(16), 0]


def test_an_overrun_without_fifo_replaces_the_byte(board: Board) -> None:
    board.put(MCR, LOOP)
    board.put(DATA, 1)
    board.put(DATA, 2)
    assert board.get(LSR) == 0x63
    assert board.get(DATA) == 2


def test_a_break_is_a_zero_byte_with_its_flag_and_interrupt(board: Board) -> None:
    board.put(IER, 4)
    board.uart.receive_break()
    assert board.irq.level
    assert board.get(IIR) == 0x06
    assert board.get(LSR) == 0x71
    assert not board.irq.level
    assert board.get(LSR) == 0x61
    assert board.get(DATA) == 0


def test_a_break_in_the_fifo_shows_when_it_is_next_to_be_read(fifo: Board) -> None:
    fifo.arrive(b"A")
    fifo.uart.receive_break()
    assert fifo.get(LSR) == 0xE1
    assert fifo.get(DATA) == ord("A")
    assert fifo.get(LSR) == 0xF1
    assert fifo.get(LSR) == 0x61


def test_sending_a_break_acts_on_the_output_pin_alone_which_loopback_holds(board: Board) -> None:
    board.put(MCR, LOOP)
    board.put(LCR, 0x43)
    assert board.get(LSR) == 0x60


def test_modem_inputs_show_with_their_changes_once(board: Board) -> None:
    board.get(MSR)
    assert board.get(MSR) == 0xB0
    board.put(IER, 8)
    board.uart.set_modem_inputs(0x40)
    assert board.irq.level
    assert board.get(MSR) == 0x4B
    assert not board.irq.level
    assert board.get(MSR) == 0x40
    board.uart.set_modem_inputs(0x00)
    assert board.get(MSR) == 0x04


def test_reset_forgets_registers_but_not_what_is_on_the_line(fifo: Board) -> None:
    fifo.put(IER, 0x0F)
    fifo.put(SCR, 0x77)
    fifo.uart.receive(b"A")
    fifo.uart.reset()
    assert not fifo.irq.level
    assert [fifo.get(offset) for offset in (IER, IIR, LCR, MCR, SCR)] == [0, 1, 0, 0, 0]
    fifo.wait(20_000_000)
    assert fifo.get(DATA) == ord("A")


@given(st.binary(max_size=100), st.integers(0, 3), st.booleans())
def test_whatever_arrives_is_read_in_order_and_whole(data: bytes, trigger: int, enabled: bool) -> None:
    board = Board()
    board.put(FCR, trigger << 6 | enabled)
    board.put(IER, 1)
    board.uart.receive(data)
    taken = []
    for _ in range(len(data) * 3):
        board.wait(4 * CHARACTER_NS)
        if board.irq.level:
            assert board.get(IIR) & 0x0F in (0x04, 0x0C)
            while board.get(LSR) & 1:
                taken.append(board.get(DATA))
    assert bytes(taken) == data
    assert not board.irq.level
