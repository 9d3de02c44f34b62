"""Ports 0x61, 0x92 and 0xcf9."""

from __future__ import annotations

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.wires import IrqLine
from emu.devices.pit import Pit8254, instant_of
from emu.devices.power import ResetControl
from emu.devices.system_control import REFRESH_NS, SystemControlA, SystemControlB


class Board:
    """All three ports, and the timer that port 0x61 serves."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.events: list[tuple[str, bool]] = []
        self.pit = Pit8254(clock=self.clock, irq=IrqLine("irq0", lambda level: None))
        self.b = SystemControlB(
            clock=self.clock,
            gate=lambda level: self.pit.set_gate(2, level),
            output=lambda: self.pit.output(2),
        )
        self.a = SystemControlA(
            a20=lambda level: self.events.append(("a20", level)),
            reset=lambda: self.events.append(("reset", True)),
        )
        self.reset_control = ResetControl(reset=lambda hard: self.events.append(("reset", hard)))
        self.bus = PortBus()
        for device in (self.pit, self.b, self.a, self.reset_control):
            for region in device.ports():
                self.bus.claim(region)

    def out(self, port: int, *values: int) -> None:
        for value in values:
            self.bus.write(port, 1, value)


def test_the_lower_half_of_port_61_reads_back() -> None:
    board = Board()
    board.out(0x61, 0xFF)
    assert board.bus.read(0x61, 1) & 0xCF == 0x0F


def test_the_refresh_bit_toggles_with_each_refresh() -> None:
    board = Board()
    seen = []
    for n in range(6):
        board.clock.advance_to(n * REFRESH_NS)
        seen.append(board.bus.read(0x61, 1) >> 4 & 1)
    assert seen == [0, 1, 0, 1, 0, 1]


def test_port_61_gates_timer_2_and_shows_its_output() -> None:
    board = Board()
    board.out(0x61, 0x00)
    board.out(0x43, 0xB0)
    board.out(0x42, 100, 0)
    board.clock.advance_to(instant_of(1000))
    assert not board.bus.read(0x61, 1) & 0x20
    board.out(0x61, 0x01)
    board.clock.advance_to(instant_of(1099))
    assert not board.bus.read(0x61, 1) & 0x20
    board.clock.advance_to(instant_of(1100))
    assert board.bus.read(0x61, 1) & 0x20


def test_port_92_drives_a20_and_reads_back() -> None:
    board = Board()
    board.out(0x92, 0x02)
    assert board.events == [("a20", True)]
    assert board.bus.read(0x92, 1) == 0x02
    board.out(0x92, 0x00)
    assert board.events[-1] == ("a20", False)


def test_port_92_resets_once_when_its_bit_rises() -> None:
    board = Board()
    board.out(0x92, 0x01, 0x01)
    assert board.events.count(("reset", True)) == 1
    board.out(0x92, 0x00, 0x01)
    assert board.events.count(("reset", True)) == 2


def test_the_reset_control_register_resets_hard_or_softly_when_its_bit_rises() -> None:
    board = Board()
    board.out(0xCF9, 0x02)
    assert board.events == []
    board.out(0xCF9, 0x06)
    assert board.events == [("reset", True)]
    board.out(0xCF9, 0x00, 0x04, 0x04)
    assert board.events == [("reset", True), ("reset", False)]
    assert board.bus.read(0xCF9, 1) == 0x04


def test_reset_clears_the_latches() -> None:
    board = Board()
    board.out(0x61, 0x0F)
    board.out(0x92, 0x02)
    board.out(0xCF9, 0x06)
    for device in (board.a, board.b, board.reset_control):
        device.reset()
    assert board.bus.read(0x61, 1) & 0x0F == 0
    assert board.bus.read(0x92, 1) == 0
    assert board.bus.read(0xCF9, 1) == 0
    assert board.events[-1] == ("reset", True)


def test_restoring_port_92_leaves_a20_to_who_wrote_it_last() -> None:
    board = Board()
    board.out(0x92, 0x02)
    twin = Board()
    twin.a.restore(board.a.save())
    assert twin.bus.read(0x92, 1) == 0x02
    assert twin.events == []
