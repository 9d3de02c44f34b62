"""One counter of an 8254, as arithmetic.

Nothing counts here. A counter remembers at which pulse of its clock it was loaded, and says from that and
the present pulse what it holds, where its output stands and when the output next changes. Pulses are
numbered from the clock's zero, so edges never drift.

[8254] Intel 8254 Programmable Interval Timer (231164).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from emu.core.registers import Register, bit
from emu.core.registers import field as bits


class Status(Register):
    """The status byte that a read-back latches."""

    bcd = bit(0)
    mode = bits(3, 1)
    access = bits(5, 4)
    null_count = bit(6)
    output = bit(7)


class Access(IntEnum):
    """Which bytes of a count are written and read."""

    LATCH = 0
    LOW = 1
    HIGH = 2
    BOTH = 3


class Mode(IntEnum):
    """The counter modes of [8254]."""

    TERMINAL_COUNT = 0
    ONE_SHOT = 1
    RATE_GENERATOR = 2
    SQUARE_WAVE = 3
    SOFTWARE_STROBE = 4
    HARDWARE_STROBE = 5


TRIGGERED = (Mode.ONE_SHOT, Mode.HARDWARE_STROBE)
PERIODIC = (Mode.RATE_GENERATOR, Mode.SQUARE_WAVE)


@dataclass
class Counter:
    """One of the three counters; `pulse` is always the present clock pulse.

    `start` is the pulse at which the counting element took `count`, so that at pulse p it has counted
    p - start times. `frozen` holds that number while the gate stops it.
    """

    control: int = 0
    mode: int = Mode.TERMINAL_COUNT.value
    gate: bool = True
    written: int = 0
    """The count register: the count as it was last written."""
    first_byte: int | None = None
    null_count: bool = True
    armed: bool = False
    """Whether a count written since the control word has been loaded; else OUT idles and `held` is read."""
    held: int = 0
    count: int = 0x10000
    start: int = 0
    frozen: int | None = None
    load_at: int | None = None
    """The pulse at which the count register will be loaded into the counting element."""
    latched_count: int | None = None
    latched_status: int | None = None
    read_high: bool = False

    @property
    def access(self) -> int:
        """Which bytes are transferred."""
        return self.control >> 4 & 3

    @property
    def latched(self) -> bool:
        """Whether the next read gives something that was latched."""
        return self.latched_count is not None or self.latched_status is not None

    def settle(self, pulse: int) -> None:
        """Load the count if that was due by now."""
        if self.load_at is not None and self.load_at <= pulse:
            self._load(self.load_at)

    def output(self, pulse: int) -> bool:
        """OUT."""
        mode = self.mode
        if not self.armed:
            return mode != Mode.TERMINAL_COUNT
        elapsed = self._elapsed(pulse)
        if mode <= Mode.ONE_SHOT:
            return elapsed >= self.count
        if mode > Mode.SQUARE_WAVE:
            return elapsed != self.count
        if not self.gate:
            return True
        if mode == Mode.RATE_GENERATOR:
            return elapsed % self.count != self.count - 1
        return elapsed % self.count < self._high_half

    def value(self, pulse: int) -> int:
        """What the counting element holds, as it is read: binary or four decimal digits."""
        return self._digits(self._value(pulse)) if self.armed else self.held

    def next_rise(self, pulse: int) -> int | None:
        """The first pulse after `pulse` at which OUT goes high, as things stand."""
        return self._next_edge(pulse, falls=False)

    def next_edge(self, pulse: int) -> int | None:
        """The first pulse after `pulse` at which the output wire must change.

        The falling edge of the rate generator is left out: it is one pulse before the rising one, and the
        wire makes both together.
        """
        return self._next_edge(pulse, falls=self.mode != Mode.RATE_GENERATOR)

    def program(self, control: int, pulse: int) -> None:
        """A control word with a mode."""
        self._disarm(pulse)
        self.control = control & 0x3F
        mode = control >> 1 & 7
        self.mode = mode & 3 if mode > 5 else mode
        self.null_count = True
        self.first_byte = self.latched_count = self.latched_status = None
        self.read_high = False
        self.frozen = None

    def write(self, value: int, pulse: int) -> None:
        """A byte of a new count."""
        if self.access == Access.BOTH and self.first_byte is None:
            self.first_byte = value
            if self.mode == Mode.TERMINAL_COUNT:
                self._disarm(pulse)
            return
        if self.access == Access.BOTH:
            self.written = (self.first_byte or 0) | value << 8
            self.first_byte = None
        else:
            self.written = value << 8 if self.access == Access.HIGH else value
        self._take_count(pulse)

    def read(self, pulse: int) -> int:
        """A byte of the latched status, the latched count, or the present one."""
        if self.latched_status is not None:
            status, self.latched_status = self.latched_status, None
            return status
        value = self.value(pulse) if self.latched_count is None else self.latched_count
        high = self.read_high if self.access == Access.BOTH else self.access == Access.HIGH
        if self.access == Access.BOTH:
            self.read_high = not high
        if high or self.access != Access.BOTH:
            self.latched_count = None
        return value >> 8 if high else value & 0xFF

    def latch_count(self, pulse: int) -> None:
        """Hold the present count until it has been read; a count that is held already stays."""
        if self.latched_count is None:
            self.latched_count = self.value(pulse)

    def latch_status(self, pulse: int) -> None:
        """Hold the present status until it has been read; a status that is held already stays."""
        if self.latched_status is None:
            status = Status(self.control).replace(null_count=self.null_count, output=self.output(pulse))
            self.latched_status = int(status)

    def set_gate(self, level: bool, pulse: int) -> None:
        """The GATE pin: it stops, restarts or triggers the counter, by mode ([8254] figure 22)."""
        if level == self.gate:
            return
        mode = self.mode
        if mode in TRIGGERED:
            self.gate = level
            if level:
                self.load_at = pulse + 1
        elif not level:
            self.gate = False
            if self.armed:
                self.frozen = self._elapsed(pulse)
                if mode in PERIODIC:
                    self.load_at = None
        else:
            self.gate = True
            if mode in PERIODIC and self.armed:
                self.load_at = pulse + 1
            elif self.frozen is not None:
                self.start, self.frozen = pulse - self.frozen, None

    @property
    def _high_half(self) -> int:
        return (self.count + 1) // 2

    @property
    def _modulus(self) -> int:
        return 10_000 if self.control & 1 else 0x10000

    def _elapsed(self, pulse: int) -> int:
        return pulse - self.start if self.frozen is None else self.frozen

    def _value(self, pulse: int) -> int:
        elapsed = self._elapsed(pulse)
        if self.mode == Mode.RATE_GENERATOR:
            return self.count - elapsed % self.count
        if self.mode == Mode.SQUARE_WAVE:
            place = elapsed % self.count
            if place >= self._high_half:
                place -= self._high_half
            return (self.count & ~1) - 2 * place
        return self.count - elapsed

    def _digits(self, value: int) -> int:
        value %= self._modulus
        return int(f"{value:04}", 16) if self.control & 1 else value

    def _disarm(self, pulse: int) -> None:
        self.held = self.value(pulse)
        self.armed = False
        self.load_at = None

    def _take_count(self, pulse: int) -> None:
        self.null_count = True
        mode = self.mode
        if mode in TRIGGERED:
            return
        if mode in PERIODIC and self.armed:
            if self.frozen is None:
                self.load_at = self._cycle_end(pulse)
            return
        if mode == Mode.TERMINAL_COUNT:
            self._disarm(pulse)
        self.load_at = pulse + 1

    def _load(self, at: int) -> None:
        # A square wave takes a new count where either half ends: at the start of a low half the cycle
        # counts as begun one high half of the new count earlier.
        in_low_half = self.armed and self.frozen is None and not self.output(at)
        raw = self.written
        if self.control & 1:
            raw = sum((raw >> 4 * n & 0xF) * 10**n for n in range(4))
        self.count = raw or self._modulus
        self.start = at
        if self.mode == Mode.SQUARE_WAVE and in_low_half:
            self.start -= self._high_half
        self.frozen = None if self.gate or self.mode in TRIGGERED else 0
        self.armed, self.null_count, self.load_at = True, False, None

    def _cycle_end(self, pulse: int) -> int:
        end = self._periodic(pulse, 0)
        if self.mode == Mode.SQUARE_WAVE:
            end = min(end, self._periodic(pulse, self._high_half))
        return end

    def _periodic(self, pulse: int, place: int) -> int:
        """The first pulse after `pulse` that is `place` into a cycle."""
        first = self.start + place
        return first + ((pulse - first) // self.count + 1) * self.count

    def _next_edge(self, pulse: int, *, falls: bool) -> int | None:
        edge = self._edge_of_count(pulse, falls=falls)
        if self.load_at is None or (edge is not None and edge <= self.load_at):
            return edge
        after, at = replace(self), self.load_at
        after._load(at)
        if (level := after.output(at)) != self.output(at - 1) and (level or falls):
            return at
        return after._edge_of_count(at, falls=falls)

    def _edge_of_count(self, pulse: int, *, falls: bool) -> int | None:
        """The next edge that the loaded count makes if nothing else is loaded."""
        if not self.armed or self.frozen is not None:
            return None
        if self.mode in PERIODIC:
            if self.count == 1:
                return None
            return self._cycle_end(pulse) if falls else self._periodic(pulse, 0)
        end = self.start + self.count
        if self.mode <= Mode.ONE_SHOT:
            return end if end > pulse else None
        if falls and end > pulse:
            return end
        return end + 1 if end + 1 > pulse else None
