"""The MC146818 real-time clock with 128 bytes of battery-backed memory.

Time is the configured start instant plus the machine's clock. The chip looks at the clock only when it is
asked or when an interrupt is due: `followed_ns` says up to where its registers have followed.

[MC146818] Motorola MC146818A (ADI1154). Beyond it: the century byte 0x32 is carried with the year, as the
clocks in PC chip sets do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from emu.core.bus import Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.registers import Access, Named, Register, bit, registers
from emu.core.registers import field as bits
from emu.core.wires import IrqLine
from emu.devices.calendar import date_of, days_of, weekday_of
from emu.devices.timing import schedule

NS_PER_SECOND = 1_000_000_000
SECONDS_PER_DAY = 86_400
CRYSTAL_HZ = 32_768
UPDATE_IN_PROGRESS_NS = 244_000 + 1_984_000
"""UIP rises 244 us before an update cycle, which takes 1984 us ([MC146818] table 5)."""
MEMORY_SIZE = 128


class Address(IntEnum):
    """Registers of the clock."""

    SECONDS = 0x00
    SECONDS_ALARM = 0x01
    MINUTES = 0x02
    MINUTES_ALARM = 0x03
    HOURS = 0x04
    HOURS_ALARM = 0x05
    WEEKDAY = 0x06
    DAY = 0x07
    MONTH = 0x08
    YEAR = 0x09
    REGISTER_A = 0x0A
    REGISTER_B = 0x0B
    REGISTER_C = 0x0C
    REGISTER_D = 0x0D
    CENTURY = 0x32


class RegisterA(Register):
    """Rate of the periodic interrupt, divider, update in progress."""

    rate = bits(3, 0)
    divider = bits(6, 4)
    update_in_progress = bit(7, Access.READ_ONLY)


class RegisterB(Register):
    """Interrupt enables, formats, SET."""

    daylight_saving = bit(0)
    hours_24 = bit(1)
    binary = bit(2)
    square_wave = bit(3)
    update_interrupt = bit(4)
    alarm_interrupt = bit(5)
    periodic_interrupt = bit(6)
    set = bit(7)


class RegisterC(Register):
    """Flags; each has the place of its enable in register B."""

    update = bit(4)
    alarm = bit(5)
    periodic = bit(6)
    interrupt_request = bit(7)


class Index(Register):
    """Port 0x70."""

    address = bits(6, 0)
    nmi_masked = bit(7)


INTERRUPTS = 0x70
VALID = 0x80
DO_NOT_CARE = 0xC0
"""An alarm byte with both bits set matches whatever the time is."""
LAST_RUNNING_DIVIDER = 2
FOLLOWING = frozenset({*range(Address.WEEKDAY + 4), Address.REGISTER_C, Address.CENTURY})
"""What must be brought up to date before it is read."""


@dataclass
class RtcState:
    """The memory with the clock's registers in front, and how they relate to the machine's clock."""

    memory: bytearray = field(default_factory=lambda: bytearray(MEMORY_SIZE))
    index: Index = field(default_factory=Index)
    divider_start_ns: int = 0
    """Updates happen whole seconds after this, periodic edges whole periods after this."""
    followed_ns: int = 0


class Rtc(Device[RtcState]):
    """Ports 0x70 and 0x71; the memory lives on a battery and survives a reset."""

    def __init__(
        self, *, irq: IrqLine, clock: Clock, start: int, contents: Mapping[int, int] | None = None
    ) -> None:
        """At virtual time 0 it is `start` seconds after the epoch; `contents` is memory by address."""
        super().__init__("rtc", RtcState())
        self._irq = irq
        self._clock = clock
        self._timer = clock.timer("rtc", self._reach_deadline)
        memory = self.state.memory
        memory[Address.REGISTER_A] = RegisterA(0).replace(divider=LAST_RUNNING_DIVIDER, rate=6)
        memory[Address.REGISTER_B] = RegisterB(0).replace(hours_24=1)
        memory[Address.REGISTER_D] = VALID
        for address, value in (contents or {}).items():
            memory[address] = value
        self._store_time(start)
        memory[Address.WEEKDAY] = weekday_of(start // SECONDS_PER_DAY)

    def ports(self) -> tuple[Region, ...]:
        """The index port and the data port."""
        names = registers({0: Named("", "CMOS index", write_fields=Index), 1: "CMOS data"})
        return (Region("rtc", 0x70, 2, self._read, self._write, registers=names),)

    @property
    def nmi_masked(self) -> bool:
        """Whether port 0x70 keeps NMI from the processor."""
        return bool(self.state.index.nmi_masked)

    def reset(self) -> None:
        """The RESET pin: no interrupts enabled or flagged; time, calendar and memory go on."""
        self._follow()
        memory = self.state.memory
        memory[Address.REGISTER_B] &= ~(INTERRUPTS | RegisterB.square_wave.mask)
        memory[Address.REGISTER_C] = 0
        self.state.index = Index(0)
        self.drive_outputs()

    def drive_outputs(self) -> None:
        """IRQ 8, and the timer at the next instant that will raise it."""
        self._irq.set(self._requests)
        schedule(self._timer, self._deadline())

    def _read(self, offset: int, width: int) -> int:
        if offset == 0:
            return 0xFF
        address = self.state.index.address
        if address in FOLLOWING:
            self._follow()
        match address:
            case Address.REGISTER_A:
                a = RegisterA(self.state.memory[address])
                return a.replace(update_in_progress=self._updating)
            case Address.REGISTER_C:
                return self._take_flags()
            case _:
                return self.state.memory[address]

    def _write(self, offset: int, width: int, value: int) -> None:
        if offset == 0:
            self.state.index = Index(value)
            return
        address = self.state.index.address
        memory = self.state.memory
        if address > Address.REGISTER_D and address != Address.CENTURY:
            memory[address] = value
            return
        self._follow()
        match address:
            case Address.REGISTER_A:
                self._write_a(value)
            case Address.REGISTER_B:
                b = RegisterB(value)
                memory[address] = b.replace(update_interrupt=0) if b.set else b
            case Address.REGISTER_C | Address.REGISTER_D:
                return
            case _:
                memory[address] = value
        self.drive_outputs()

    def _write_a(self, value: int) -> None:
        was_running = self._running
        self.state.memory[Address.REGISTER_A] = RegisterA(0).written(value)
        if self._running and not was_running:
            # [MC146818] "the first update cycle begins one-half second later".
            self.state.divider_start_ns = self._clock.now - NS_PER_SECOND // 2

    def _take_flags(self) -> int:
        flags = RegisterC(self.state.memory[Address.REGISTER_C]).replace(interrupt_request=self._requests)
        self.state.memory[Address.REGISTER_C] = 0
        self.drive_outputs()
        return flags

    @property
    def _b(self) -> RegisterB:
        return RegisterB(self.state.memory[Address.REGISTER_B])

    @property
    def _running(self) -> bool:
        return RegisterA(self.state.memory[Address.REGISTER_A]).divider <= LAST_RUNNING_DIVIDER

    @property
    def _requests(self) -> bool:
        memory = self.state.memory
        return memory[Address.REGISTER_B] & memory[Address.REGISTER_C] & INTERRUPTS != 0

    @property
    def _updating(self) -> bool:
        into_second = (self._clock.now - self.state.divider_start_ns) % NS_PER_SECOND
        return self._running and not self._b.set and into_second >= NS_PER_SECOND - UPDATE_IN_PROGRESS_NS

    @property
    def _period(self) -> int:
        """Crystal cycles from one periodic edge to the next; 0 for none ([MC146818] table 5)."""
        rate = RegisterA(self.state.memory[Address.REGISTER_A]).rate
        return 0 if rate == 0 else 1 << (rate + 6 if rate < 3 else rate - 1)

    def _seconds_at(self, now_ns: int) -> int:
        return (now_ns - self.state.divider_start_ns) // NS_PER_SECOND

    def _periods_at(self, now_ns: int) -> int:
        return (now_ns - self.state.divider_start_ns) * CRYSTAL_HZ // NS_PER_SECOND // self._period

    def _reach_deadline(self) -> None:
        self._follow()
        self.drive_outputs()

    def _follow(self) -> None:
        """Set the flags and carry the time that have changed since last time."""
        now, state = self._clock.now, self.state
        if self._running:
            if self._period and self._periods_at(now) > self._periods_at(state.followed_ns):
                state.memory[Address.REGISTER_C] |= RegisterC.periodic.mask
            updates = self._seconds_at(now) - self._seconds_at(state.followed_ns)
            if updates > 0 and not self._b.set:
                self._update(updates)
        state.followed_ns = now
        self._irq.set(self._requests)

    def _update(self, seconds: int) -> None:
        time = self._time()
        flags = RegisterC.update.mask
        alarm = self._seconds_to_alarm(time)
        if alarm is not None and alarm <= seconds:
            flags |= RegisterC.alarm.mask
        memory = self.state.memory
        memory[Address.REGISTER_C] |= flags
        days = (time + seconds) // SECONDS_PER_DAY - time // SECONDS_PER_DAY
        memory[Address.WEEKDAY] = (memory[Address.WEEKDAY] - 1 + days) % 7 + 1
        self._store_time(time + seconds)

    def _deadline(self) -> int | None:
        """When the next enabled flag will be set, counted from where the registers have followed."""
        state, b = self.state, self._b
        if self._requests or not self._running or not b & INTERRUPTS:
            return None
        second = self._seconds_at(state.followed_ns)
        waits = []
        if b.periodic_interrupt and self._period:
            cycles = (self._periods_at(state.followed_ns) + 1) * self._period
            waits.append(-(-cycles * NS_PER_SECOND // CRYSTAL_HZ))
        if b.update_interrupt and not b.set:
            waits.append((second + 1) * NS_PER_SECOND)
        if b.alarm_interrupt and not b.set and (alarm := self._seconds_to_alarm(self._time())) is not None:
            waits.append((second + alarm) * NS_PER_SECOND)
        return state.divider_start_ns + min(waits) if waits else None

    def _time(self) -> int:
        """Seconds since the epoch by the registers; values that are no time count on into the next unit."""
        memory = self.state.memory
        year = self._decode(memory[Address.CENTURY]) * 100 + self._decode(memory[Address.YEAR])
        days = days_of(year, self._decode(memory[Address.MONTH]), self._decode(memory[Address.DAY]))
        hours = self._decode_hours(memory[Address.HOURS])
        minutes = hours * 60 + self._decode(memory[Address.MINUTES])
        return days * SECONDS_PER_DAY + minutes * 60 + self._decode(memory[Address.SECONDS])

    def _store_time(self, time: int) -> None:
        days, second = divmod(time, SECONDS_PER_DAY)
        year, month, day = date_of(days)
        memory = self.state.memory
        memory[Address.CENTURY] = self._encode(year // 100 % 100)
        memory[Address.YEAR] = self._encode(year % 100)
        memory[Address.MONTH] = self._encode(month)
        memory[Address.DAY] = self._encode(day)
        memory[Address.HOURS] = self._encode_hours(second // 3600)
        memory[Address.MINUTES] = self._encode(second // 60 % 60)
        memory[Address.SECONDS] = self._encode(second % 60)

    def _decode(self, value: int) -> int:
        return value if self._b.binary else (value >> 4) * 10 + (value & 0xF)

    def _encode(self, value: int) -> int:
        return value if self._b.binary else value // 10 << 4 | value % 10

    def _decode_hours(self, value: int) -> int:
        if self._b.hours_24:
            return self._decode(value)
        return self._decode(value & 0x7F) % 12 + (12 if value & 0x80 else 0)

    def _encode_hours(self, hour: int) -> int:
        if self._b.hours_24:
            return self._encode(hour)
        return self._encode((hour - 1) % 12 + 1) | (0x80 if hour >= 12 else 0)

    def _seconds_to_alarm(self, time: int) -> int | None:
        """Seconds after `time` until the alarm registers match; None where they never do."""
        memory = self.state.memory
        hours = self._matching(memory[Address.HOURS_ALARM], self._decode_hours, 24)
        minutes = self._matching(memory[Address.MINUTES_ALARM], self._decode, 60)
        seconds = self._matching(memory[Address.SECONDS_ALARM], self._decode, 60)
        now = time % SECONDS_PER_DAY
        of_both_days: list[int] = [*hours, *(hour + 24 for hour in hours)]
        for hour in of_both_days:
            if hour * 3600 + 3599 <= now:
                continue
            for minute in minutes:
                start = hour * 3600 + minute * 60
                if start + 59 > now:
                    later: list[int] = [start + second - now for second in seconds if start + second > now]
                    if later:
                        return later[0]
        return None

    def _matching(self, alarm: int, decode: Callable[[int], int], count: int) -> range:
        if alarm & DO_NOT_CARE == DO_NOT_CARE:
            return range(count)
        value = decode(alarm)
        return range(value, value + 1) if value < count else range(0)
