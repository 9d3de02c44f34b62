"""System control ports B (0x61: timer 2, speaker, refresh) and A (0x92: fast A20 and reset).

[PIIX3] Intel 82371SB (290550) 2.5.6 (NMI status and control), 2.5.7 (port 92).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.core.bus import Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.registers import Access, Named, Register, bit, registers

REFRESH_NS = 15_085
"""The time between two refresh cycles: 18 pulses of the 1.193182 MHz clock."""


class ControlB(Register):
    """Port 0x61."""

    timer_2_gate = bit(0)
    speaker = bit(1)
    parity_disable = bit(2)
    channel_check_disable = bit(3)
    refresh_toggle = bit(4, Access.READ_ONLY)
    timer_2_output = bit(5, Access.READ_ONLY)
    channel_check = bit(6, Access.READ_ONLY)
    parity_error = bit(7, Access.READ_ONLY)


class ControlA(Register):
    """Port 0x92."""

    fast_reset = bit(0)
    fast_a20 = bit(1)


@dataclass
class SystemControlBState:
    """What was written; the upper half is sensed, not stored."""

    control: ControlB = field(default_factory=ControlB)


class SystemControlB(Device[SystemControlBState]):
    """Port 0x61."""

    def __init__(self, *, clock: Clock, gate: Callable[[bool], None], output: Callable[[], bool]) -> None:
        """`gate` drives the gate of timer 2, `output` senses its output."""
        super().__init__("system control b", SystemControlBState())
        self._clock = clock
        self._gate = gate
        self._output = output

    def ports(self) -> tuple[Region, ...]:
        """Port 0x61."""
        names = registers({0: Named("NMI status and control", "", ControlB, ControlB)})
        return (Region("system control b", 0x61, 1, self._read, self._write, registers=names),)

    def drive_outputs(self) -> None:
        """The gate of timer 2."""
        self._gate(bool(self.state.control.timer_2_gate))

    def _read(self, offset: int, width: int) -> int:
        return self.state.control.replace(
            refresh_toggle=self._clock.now // REFRESH_NS & 1, timer_2_output=self._output()
        )

    def _write(self, offset: int, width: int, value: int) -> None:
        self.state.control = self.state.control.written(value)
        self.drive_outputs()


@dataclass
class SystemControlAState:
    """What was written."""

    control: ControlA = field(default_factory=ControlA)


class SystemControlA(Device[SystemControlAState]):
    """Port 0x92. The keyboard controller has a say in A20, too, so only a write drives it."""

    def __init__(self, *, a20: Callable[[bool], None], reset: Callable[[], None]) -> None:
        """`a20` is told the bit that is written, `reset` is called when the reset bit goes from 0 to 1."""
        super().__init__("system control a", SystemControlAState())
        self._a20 = a20
        self._reset = reset

    def ports(self) -> tuple[Region, ...]:
        """Port 0x92."""
        names = registers({0: Named("port 92", "", ControlA, ControlA)})
        return (Region("system control a", 0x92, 1, self._read, self._write, registers=names),)

    def _read(self, offset: int, width: int) -> int:
        return self.state.control

    def _write(self, offset: int, width: int, value: int) -> None:
        pulse = ControlA(value).fast_reset and not self.state.control.fast_reset
        self.state.control = self.state.control.written(value)
        self._a20(bool(self.state.control.fast_a20))
        if pulse:
            self._reset()
