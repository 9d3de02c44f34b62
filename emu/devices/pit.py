"""The 8254 programmable interval timer: three counters at 1.193182 MHz.

[8254] Intel 8254 Programmable Interval Timer (231164).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.core.bus import Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.registers import Named, Register, bit, registers
from emu.core.registers import field as bits
from emu.core.wires import IrqLine
from emu.devices.pit_counter import Access, Counter
from emu.devices.timing import schedule

FREQUENCY_HZ = 1_193_182
NS_PER_SECOND = 1_000_000_000
FLOATING_BUS = 0xFF


def pulses_at(now_ns: int) -> int:
    """The number of the clock pulse that has last occurred at `now_ns`."""
    return now_ns * FREQUENCY_HZ // NS_PER_SECOND


def instant_of(pulse: int) -> int:
    """The first nanosecond at which `pulse` has occurred."""
    return -(-pulse * NS_PER_SECOND // FREQUENCY_HZ)


class ControlWord(Register):
    """What is written to the control word register."""

    bcd = bit(0)
    mode = bits(3, 1)
    access = bits(5, 4)
    select = bits(7, 6)


class ReadBack(Register):
    """The read-back command: `select` is 3."""

    counter_0 = bit(1)
    counter_1 = bit(2)
    counter_2 = bit(3)
    keep_status = bit(4)
    keep_count = bit(5)
    select = bits(7, 6)


def _power_on_counters() -> list[Counter]:
    return [Counter(), Counter(), Counter(gate=False)]


@dataclass
class PitState:
    """The counters, and how far channel 0's wire has followed its counter."""

    counters: list[Counter] = field(default_factory=_power_on_counters)
    output: bool = False
    followed: int = 0
    next_edge: int | None = None


CONTROL_OFFSET = 3
READ_BACK = 3
COUNTER = Named("count/status", "count")


class Pit8254(Device[PitState]):
    """The chip as a PC mounts it: counter 0 makes IRQ 0, counter 2 has a gate and an output for port 0x61."""

    def __init__(self, *, clock: Clock, irq: IrqLine) -> None:
        """`irq` follows OUT of counter 0; gates 0 and 1 are tied high."""
        super().__init__("pit", PitState())
        self._clock = clock
        self._irq = irq
        self._timer = clock.timer("pit", self._reach_edge)

    def ports(self) -> tuple[Region, ...]:
        """Three counters and the control word register."""
        names = registers(
            {0: COUNTER, 1: COUNTER, 2: COUNTER, 3: Named("", "control word", write_fields=ControlWord)}
        )
        return (Region("pit", 0x40, 4, self._read, self._write, registers=names),)

    def set_gate(self, number: int, level: bool) -> None:
        """Drive the GATE pin of a counter; where its level does not change, not even time is looked at."""
        if level == self.state.counters[number].gate:
            return
        pulse = self._present(number)
        self.state.counters[number].set_gate(level, pulse)
        self._changed(number, pulse)

    def output(self, number: int) -> bool:
        """The level at the OUT pin of a counter."""
        pulse = self._present(number)
        return self.state.counters[number].output(pulse)

    def drive_outputs(self) -> None:
        """IRQ 0 where channel 0 has put it, and the timer at its next edge."""
        state = self.state
        self._irq.set(state.output)
        schedule(self._timer, None if state.next_edge is None else instant_of(state.next_edge))

    def _read(self, offset: int, width: int) -> int:
        if offset == CONTROL_OFFSET:
            return FLOATING_BUS
        counter = self.state.counters[offset]
        return counter.read(0 if counter.latched else self._present(offset))

    def _write(self, offset: int, width: int, value: int) -> None:
        if offset == CONTROL_OFFSET:
            self._control(value, value >> 6)
            return
        pulse = self._present(offset)
        self.state.counters[offset].write(value, pulse)
        self._changed(offset, pulse)

    def _control(self, word: int, select: int) -> None:
        if select == READ_BACK:
            self._read_back(ReadBack(word))
            return
        pulse = self._present(select)
        counter = self.state.counters[select]
        if word >> 4 & 3 == Access.LATCH:
            counter.latch_count(pulse)
        else:
            counter.program(word, pulse)
            self._changed(select, pulse)

    def _read_back(self, command: ReadBack) -> None:
        for number, counter in enumerate(self.state.counters):
            if command >> 1 + number & 1:
                pulse = self._present(number)
                if not command.keep_count:
                    counter.latch_count(pulse)
                if not command.keep_status:
                    counter.latch_status(pulse)

    def _present(self, number: int) -> int:
        """Bring a counter up to the present pulse, which is returned."""
        if number == 0:
            return self._follow()
        pulse = pulses_at(self._clock.now)
        self.state.counters[number].settle(pulse)
        return pulse

    def _changed(self, number: int, pulse: int) -> None:
        if number == 0:
            state = self.state
            state.output = state.counters[0].output(pulse)
            state.next_edge = state.counters[0].next_edge(pulse)
            self.drive_outputs()

    def _reach_edge(self) -> None:
        self._follow()

    def _follow(self) -> int:
        """Let the wire of channel 0 do what its counter has done since last time; the present pulse."""
        state = self.state
        counter = state.counters[0]
        pulse = pulses_at(self._clock.now)
        if pulse == state.followed:
            return pulse
        passed = state.next_edge is not None and state.next_edge <= pulse
        rise = counter.next_rise(state.followed) if passed else None
        counter.settle(pulse)
        level = counter.output(pulse)
        dips = level and state.output and rise is not None and rise <= pulse
        state.output, state.followed = level, pulse
        if passed:
            state.next_edge = counter.next_edge(pulse)
        if dips:
            self._irq.set(False)
        self.drive_outputs()
        return pulse
