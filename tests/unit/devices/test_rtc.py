"""The MC146818, driven through ports 0x70 and 0x71."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.wires import IrqLine
from emu.devices.calendar import date_of, days_of, weekday_of
from emu.devices.cmos import BootDevice, boot_order, memory_sizes
from emu.devices.rtc import Rtc

SECOND = 1_000_000_000
MIB = 1 << 20
START = datetime(2000, 2, 28, 23, 59, 58, tzinfo=UTC)
PIE, AIE, UIE, SET, BINARY, HOURS_24 = 0x40, 0x20, 0x10, 0x80, 0x04, 0x02


class Board:
    """A mounted clock chip."""

    def __init__(self, start: datetime = START, contents: dict[int, int] | None = None) -> None:
        self.clock = Clock()
        self.edges: list[int] = []
        self.irq = IrqLine("irq8", self._feel)
        self.rtc = Rtc(irq=self.irq, clock=self.clock, start=int(start.timestamp()), contents=contents)
        self.bus = PortBus()
        for region in self.rtc.ports():
            self.bus.claim(region)

    def _feel(self, level: bool) -> None:
        if level:
            self.edges.append(self.clock.now)

    def read(self, address: int) -> int:
        self.bus.write(0x70, 1, address)
        return self.bus.read(0x71, 1)

    def write(self, address: int, value: int) -> None:
        self.bus.write(0x70, 1, address)
        self.bus.write(0x71, 1, value)

    def time(self) -> list[int]:
        """Century, year, month, day, weekday, hours, minutes, seconds as they stand in the registers."""
        return [self.read(address) for address in (0x32, 9, 8, 7, 6, 4, 2, 0)]

    def run_to(self, now: int) -> None:
        while (deadline := self.clock.next_deadline()) is not None and deadline <= now:
            self.clock.advance_to(deadline)
            self.clock.fire_due()
        self.clock.advance_to(now)


@pytest.fixture
def board() -> Board:
    return Board()


def test_time_starts_where_it_was_configured_to(board: Board) -> None:
    assert board.time() == [0x20, 0x00, 0x02, 0x28, 2, 0x23, 0x59, 0x58]


def test_time_goes_on_with_the_machines_clock_and_knows_leap_years(board: Board) -> None:
    board.run_to(2 * SECOND - 1)
    assert board.time() == [0x20, 0x00, 0x02, 0x28, 2, 0x23, 0x59, 0x59]
    board.run_to(2 * SECOND)
    assert board.time() == [0x20, 0x00, 0x02, 0x29, 3, 0x00, 0x00, 0x00]


def test_the_century_turns_with_the_year() -> None:
    board = Board(datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC))
    board.run_to(SECOND)
    assert board.time() == [0x20, 0x00, 0x01, 0x01, 7, 0, 0, 0]


@given(st.datetimes(datetime(1970, 1, 1), datetime(9960, 1, 1)), st.integers(0, 10**9))
def test_any_time_reads_as_the_calendar_says(start: datetime, seconds: int) -> None:
    start = start.replace(tzinfo=UTC, microsecond=0)
    board = Board(start)
    board.write(0x0B, BINARY | HOURS_24 | SET)
    board.write(0x0B, BINARY | HOURS_24)
    for address, value in zip((0x32, 9, 8, 7, 4, 2, 0), _fields(start), strict=True):
        board.write(address, value)
    board.clock.advance_to(seconds * SECOND)
    then = start + timedelta(seconds=seconds)
    assert [board.read(address) for address in (0x32, 9, 8, 7, 4, 2, 0)] == _fields(then)
    assert board.read(6) == then.isoweekday() % 7 + 1


def _fields(time: datetime) -> list[int]:
    return [time.year // 100, time.year % 100, time.month, time.day, time.hour, time.minute, time.second]


@given(st.integers(-800_000, 3_000_000))
def test_days_and_dates_are_inverse(days: int) -> None:
    assert days_of(*date_of(days)) == days
    if 0 <= days < 2_900_000:
        date = datetime(1970, 1, 1) + timedelta(days=days)
        assert date_of(days) == (date.year, date.month, date.day)
        assert weekday_of(days) == date.isoweekday() % 7 + 1


@pytest.mark.parametrize(
    ("hour", "decimal"), [(0, 0x12), (1, 0x01), (11, 0x11), (12, 0x92), (13, 0x81), (23, 0x91)]
)
def test_twelve_hour_format_has_a_pm_bit(board: Board, hour: int, decimal: int) -> None:
    board.write(0x0B, SET)
    board.write(4, 0x12 if hour == 0 else decimal)
    board.write(2, 0x59)
    board.write(0, 0x58)
    board.write(0x0B, 0)
    board.run_to(SECOND)
    assert board.read(4) == decimal
    board.run_to(2 * SECOND)
    following = (hour + 1) % 24
    expected = int(str((following - 1) % 12 + 1), 16) | (0x80 if following >= 12 else 0)
    assert board.read(4) == expected


def test_set_holds_the_time_and_stops_update_interrupts(board: Board) -> None:
    board.write(0x0B, SET | UIE | HOURS_24)
    assert board.read(0x0B) == SET | HOURS_24
    board.run_to(10 * SECOND)
    assert board.read(0) == 0x58
    assert board.read(0x0C) & (UIE | AIE) == 0
    board.write(0, 0x30)
    board.write(0x0B, HOURS_24)
    board.run_to(11 * SECOND)
    assert board.read(0) == 0x31


def test_update_in_progress_precedes_each_change_by_more_than_244_us(board: Board) -> None:
    for now, expected in ((0, 0), (SECOND - 2_228_001, 0), (SECOND - 2_228_000, 0x80), (SECOND - 1, 0x80)):
        board.run_to(now)
        assert board.read(0x0A) & 0x80 == expected
    assert board.read(0) == 0x58
    board.run_to(SECOND)
    assert board.read(0x0A) & 0x80 == 0
    assert board.read(0) == 0x59


def test_update_in_progress_stays_clear_while_set(board: Board) -> None:
    board.write(0x0B, SET)
    board.run_to(SECOND - 1)
    assert board.read(0x0A) == 0x26


def test_register_a_keeps_its_rate_and_ignores_writes_to_uip(board: Board) -> None:
    board.write(0x0A, 0xAF)
    assert board.read(0x0A) == 0x2F


def test_registers_c_and_d_cannot_be_written(board: Board) -> None:
    board.write(0x0C, 0xFF)
    board.write(0x0D, 0x00)
    assert board.read(0x0C) == 0
    assert board.read(0x0D) == 0x80


def test_reading_register_c_lowers_the_interrupt_and_clears_the_flags(board: Board) -> None:
    board.write(0x0B, UIE | HOURS_24)
    board.run_to(SECOND)
    assert board.irq.level
    assert board.edges == [SECOND]
    assert board.read(0x0C) == 0x80 | UIE | PIE
    assert not board.irq.level
    assert board.read(0x0C) == 0
    board.run_to(3 * SECOND)
    assert board.edges == [SECOND, 2 * SECOND]


def test_flags_are_set_even_where_no_interrupt_is_enabled(board: Board) -> None:
    board.run_to(SECOND)
    assert board.read(0x0C) == UIE | PIE
    assert board.edges == []


@pytest.mark.parametrize(("rate", "hertz"), [(1, 256), (2, 128), (3, 8192), (6, 1024), (13, 8), (15, 2)])
def test_periodic_interrupts_come_at_exact_multiples_of_their_period(
    board: Board, rate: int, hertz: int
) -> None:
    board.write(0x0A, 0x20 | rate)
    board.write(0x0B, PIE | HOURS_24)
    for n in range(1, 20):
        board.run_to(-(-n * SECOND // hertz))
        assert board.edges[-1] == -(-n * SECOND // hertz)
        assert board.read(0x0C) & 0xC0 == 0xC0
    assert len(board.edges) == 19


def test_a_rate_of_zero_makes_no_periodic_interrupts(board: Board) -> None:
    board.write(0x0A, 0x20)
    board.write(0x0B, PIE)
    board.run_to(10 * SECOND)
    assert board.edges == []


def test_the_alarm_interrupts_when_all_three_registers_match(board: Board) -> None:
    for address, value in ((1, 0x05), (3, 0x01), (5, 0x00)):
        board.write(address, value)
    board.write(0x0B, AIE | HOURS_24)
    board.run_to(100 * SECOND)
    assert board.edges == [67 * SECOND]
    assert board.read(0x0C) & 0xA0 == 0xA0
    board.run_to((67 + 86400) * SECOND)
    assert board.edges == [67 * SECOND, (67 + 86400) * SECOND]


def test_alarm_bytes_with_both_top_bits_match_always(board: Board) -> None:
    for address, value in ((1, 0x10), (3, 0xC0), (5, 0xFF)):
        board.write(address, value)
    board.write(0x0B, AIE | HOURS_24)
    for minute in range(3):
        board.run_to((12 + 60 * minute) * SECOND)
        assert board.edges[-1] == (12 + 60 * minute) * SECOND
        board.read(0x0C)


def test_an_alarm_at_no_time_of_day_never_comes(board: Board) -> None:
    board.write(1, 0x75)
    board.write(0x0B, AIE | HOURS_24)
    assert board.clock.next_deadline() is None


def test_a_long_idle_time_passes_the_alarm_but_not_unseen(board: Board) -> None:
    board.write(1, 0x05)
    board.write(3, 0x01)
    board.write(5, 0x00)
    board.clock.advance_to(66 * SECOND)
    assert board.read(0x0C) & AIE == 0
    board.clock.advance_to(90 * SECOND)
    assert board.read(0x0C) & AIE


def test_the_divider_in_reset_stops_the_clock_and_restarts_it_half_a_second_before_an_update(
    board: Board,
) -> None:
    board.write(0x0A, 0x76)
    board.run_to(5 * SECOND + 123)
    assert board.read(0) == 0x58
    board.write(0x0A, 0x26)
    board.run_to(5 * SECOND + 123 + SECOND // 2 - 1)
    assert board.read(0) == 0x58
    board.run_to(5 * SECOND + 123 + SECOND // 2)
    assert board.read(0) == 0x59


def test_reset_keeps_time_and_memory_and_disables_interrupts(board: Board) -> None:
    board.write(0x0F, 0x5A)
    board.write(0x0B, UIE | PIE | AIE | HOURS_24)
    board.run_to(SECOND)
    board.rtc.reset()
    assert not board.irq.level
    assert board.read(0x0B) == HOURS_24
    assert board.read(0x0C) == 0
    assert board.read(0x0F) == 0x5A
    assert board.read(0) == 0x59


def test_bit_7_of_the_index_masks_nmi(board: Board) -> None:
    board.bus.write(0x70, 1, 0x8D)
    assert board.rtc.nmi_masked
    assert board.bus.read(0x71, 1) == 0x80
    board.bus.write(0x70, 1, 0x0D)
    assert not board.rtc.nmi_masked


def test_the_index_port_floats(board: Board) -> None:
    assert board.bus.read(0x70, 1) == 0xFF


@pytest.mark.parametrize(
    ("below", "above", "extended", "above_16_mib", "above_4_gib"),
    [
        (8 * MIB, 0, 7 * 1024, 0, 0),
        (64 * MIB, 0, 63 * 1024, 48 * 16, 0),
        (3072 * MIB, 1024 * MIB, 0xFFFF, 3056 * 16, 1024 * 16),
    ],
)
def test_memory_sizes_stand_where_firmware_looks(
    below: int, above: int, extended: int, above_16_mib: int, above_4_gib: int
) -> None:
    board = Board(contents=memory_sizes(below_4_gib=below, above_4_gib=above))

    def number(address: int, length: int) -> int:
        return sum(board.read(address + n) << 8 * n for n in range(length))

    assert number(0x15, 2) == 640
    assert number(0x17, 2) == number(0x30, 2) == extended
    assert number(0x34, 2) == above_16_mib
    assert number(0x5B, 3) == above_4_gib


def test_the_boot_order_stands_in_two_nibbles_and_one() -> None:
    order = boot_order([BootDevice.CDROM, BootDevice.DISK, BootDevice.NETWORK])
    assert order == {0x3D: 0x23, 0x38: 0x40}
    assert boot_order([BootDevice.DISK], check_signature=False) == {0x3D: 0x02, 0x38: 0x01}


@given(st.lists(st.tuples(st.integers(0, 13), st.integers(0, 255), st.integers(0, 10**11)), max_size=30))
def test_nonsense_in_the_registers_does_no_harm(writes: list[tuple[int, int, int]]) -> None:
    board = Board()
    for address, value, pause in writes:
        board.write(address, value)
        board.clock.advance_to(board.clock.now + pause)
        board.clock.fire_due()
        assert 0 <= board.read(address) <= 255
