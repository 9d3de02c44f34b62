"""The 16550A UART as a PC mounts it: OUT2 gates its interrupt.

What is transmitted goes to the sink at once, so the transmitter is always empty: console output then costs
no virtual time beyond its port accesses, and no driver can see the difference but by measuring. What is
received arrives a character time apart, at the programmed rate. A byte from outside waits while the
receiver is full or in loopback, as a peer with hardware flow control does; only loopback can overrun it.

[16550] National PC16550D (TL/C/8652), June 1995.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.core.backends import ByteSink
from emu.core.bus import Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.registers import Named, registers
from emu.core.state import Plain, StateError
from emu.core.wires import IrqLine
from emu.devices.timing import schedule
from emu.devices.uart_registers import (
    FifoControl,
    Interrupt,
    InterruptEnable,
    LineControl,
    LineStatus,
    ModemControl,
    ModemStatus,
    Offset,
)

CLOCKS_PER_BIT = 16
CRYSTAL_HZ = 1_843_200
NS_PER_SECOND = 1_000_000_000
FIFO_SIZE = 16
TRIGGER_LEVELS = (1, 4, 8, 14)
TIMEOUT_CHARACTERS = 4
POWER_ON_DIVISOR = 12
BREAK_FLAG = 0x100
"""Marks a character in the FIFO that came with a break."""


FIFOS_ENABLED = 0xC0
DIVISOR_LATCH = LineControl.divisor_latch.mask
OUT2, LOOPBACK = ModemControl.out2.mask, ModemControl.loopback.mask
DATA_READY, FIFO_ERROR = LineStatus.data_ready.mask, LineStatus.fifo_error.mask
TRANSMITTER_IDLE = LineStatus.holding_register_empty.mask | LineStatus.transmitter_empty.mask
CONNECTED = ModemStatus(0).replace(clear_to_send=1, data_set_ready=1, carrier_detect=1)


@dataclass
class UartState:
    """Registers, receiver FIFO, and what is still on the line."""

    interrupt_enable: InterruptEnable = field(default_factory=InterruptEnable)
    fifo_control: FifoControl = field(default_factory=FifoControl)
    line_control: LineControl = field(default_factory=LineControl)
    modem_control: ModemControl = field(default_factory=ModemControl)
    modem_inputs: int = CONNECTED
    """The four modem lines from outside, in their places in MSR."""
    modem_levels: int = CONNECTED
    """The lines that MSR shows: those from outside, or in loopback our own outputs."""
    modem_deltas: int = 0
    line_errors: int = 0
    scratch: int = 0
    divisor: int = POWER_ON_DIVISOR
    received: list[int] = field(default_factory=list)
    transmitter_interrupt: bool = False
    timed_out: bool = False
    timeout_at: int | None = None
    on_the_line: bytearray = field(default_factory=bytearray)
    arrives_at: int | None = None


class Uart16550(Device[UartState]):
    """A serial port."""

    def __init__(self, name: str, base: int, *, irq: IrqLine, clock: Clock, sink: ByteSink) -> None:
        super().__init__(name, UartState())
        self._base = base
        self._irq = irq
        self._clock = clock
        self._sink = sink
        self._arrival = clock.timer(f"{name} arrival", self._arrive)
        self._timeout = clock.timer(f"{name} timeout", self._time_out)

    def ports(self) -> tuple[Region, ...]:
        """Eight registers."""
        names = registers(
            {
                Offset.DATA: "RBR/THR",
                Offset.INTERRUPT_ENABLE: Named("IER", "", InterruptEnable, InterruptEnable),
                Offset.INTERRUPT_IDENTITY: Named("IIR", "FCR", None, FifoControl),
                Offset.LINE_CONTROL: Named("LCR", "", LineControl, LineControl),
                Offset.MODEM_CONTROL: Named("MCR", "", ModemControl, ModemControl),
                Offset.LINE_STATUS: Named("LSR", "", LineStatus),
                Offset.MODEM_STATUS: Named("MSR", "", ModemStatus),
                Offset.SCRATCH: "SCR",
            }
        )
        return (Region(self.name, self._base, 8, self._read, self._write, registers=names),)

    def receive(self, data: bytes) -> None:
        """Bytes come from outside, one each character time."""
        self.state.on_the_line += data
        self._expect_arrival()
        self.drive_outputs()

    @property
    def unread(self) -> bytes:
        """What has come from outside and the guest has not read."""
        return bytes(character & 0xFF for character in self.state.received) + bytes(self.state.on_the_line)

    def receive_break(self) -> None:
        """The line is held at space for longer than a character."""
        self._accept(BREAK_FLAG)
        self.drive_outputs()

    def set_modem_inputs(self, levels: int) -> None:
        """The modem lines from outside, in their places in MSR; at first CTS, DSR and DCD are on."""
        self.state.modem_inputs = levels & 0xF0
        self._sense_modem()
        self.drive_outputs()

    def reset(self) -> None:
        """Power-on state; the modem lines and what is on the line belong to the other end and stay."""
        inputs, coming = self.state.modem_inputs, self.state.on_the_line
        self.state = UartState(modem_inputs=inputs, modem_levels=inputs, on_the_line=coming)
        self._expect_arrival()
        self.drive_outputs()

    def restore(self, plain: Plain) -> None:
        """Take a saved state. Raises StateError where it does not fit."""
        super().restore(plain)
        if self.state.arrives_at is not None and not self.state.on_the_line:
            raise StateError(f"{self.name}: nothing is on the line that could arrive")

    def drive_outputs(self) -> None:
        """The interrupt, if OUT2 lets it through (its pin is off in loopback), and the timers."""
        state = self.state
        control = state.modem_control
        self._irq.set(control & (OUT2 | LOOPBACK) == OUT2 and self._source() is not Interrupt.NONE)
        schedule(self._arrival, state.arrives_at)
        schedule(self._timeout, state.timeout_at)

    @property
    def _character_ns(self) -> int:
        """How long a character takes: start, data, parity and stop bits (one and a half count as two)."""
        control = self.state.line_control
        length = 1 + 5 + control.word_length + (control.parity & 1) + 1 + control.two_stop_bits
        return length * CLOCKS_PER_BIT * (self.state.divisor or 0x10000) * NS_PER_SECOND // CRYSTAL_HZ

    def _read(self, offset: int, width: int) -> int:
        state = self.state
        match offset:
            case Offset.LINE_STATUS:
                return self._read_line_status()
            case Offset.DATA:
                return state.divisor & 0xFF if state.line_control.divisor_latch else self._take_received()
            case Offset.INTERRUPT_ENABLE:
                return state.divisor >> 8 if state.line_control.divisor_latch else state.interrupt_enable
            case Offset.INTERRUPT_IDENTITY:
                return self._identify()
            case Offset.LINE_CONTROL:
                return state.line_control
            case Offset.MODEM_CONTROL:
                return state.modem_control
            case Offset.MODEM_STATUS:
                value = state.modem_levels | state.modem_deltas
                state.modem_deltas = 0
                self.drive_outputs()
                return value
            case _:
                return state.scratch

    def _write(self, offset: int, width: int, value: int) -> None:
        state = self.state
        latch = state.line_control & DIVISOR_LATCH
        if offset == Offset.DATA and not latch:
            self._transmit(value)
            return
        match offset:
            case Offset.DATA:
                state.divisor = state.divisor & 0xFF00 | value
            case Offset.INTERRUPT_ENABLE if latch:
                state.divisor = state.divisor & 0x00FF | value << 8
            case Offset.INTERRUPT_ENABLE:
                self._enable_interrupts(state.interrupt_enable.written(value))
            case Offset.INTERRUPT_IDENTITY:
                self._control_fifo(FifoControl(value))
            case Offset.LINE_CONTROL:
                state.line_control = LineControl(value)
            case Offset.MODEM_CONTROL:
                self._control_modem(state.modem_control.written(value))
            case Offset.SCRATCH:
                state.scratch = value
        self.drive_outputs()

    def _source(self) -> Interrupt:
        """The enabled source of the highest priority."""
        state = self.state
        enabled = state.interrupt_enable
        if not enabled:
            return Interrupt.NONE
        if enabled.line_status and state.line_errors:
            return Interrupt.LINE_STATUS
        if enabled.received_data and len(state.received) >= self._trigger:
            return Interrupt.RECEIVED_DATA
        if enabled.received_data and state.timed_out:
            return Interrupt.CHARACTER_TIMEOUT
        if enabled.transmitter_empty and state.transmitter_interrupt:
            return Interrupt.TRANSMITTER_EMPTY
        if enabled.modem_status and state.modem_deltas:
            return Interrupt.MODEM_STATUS
        return Interrupt.NONE

    @property
    def _trigger(self) -> int:
        control = self.state.fifo_control
        return TRIGGER_LEVELS[control.trigger] if control.enable else 1

    @property
    def _capacity(self) -> int:
        return FIFO_SIZE if self.state.fifo_control.enable else 1

    def _identify(self) -> int:
        source = self._source()
        if source is Interrupt.TRANSMITTER_EMPTY:
            self.state.transmitter_interrupt = False
            self.drive_outputs()
        return source | (FIFOS_ENABLED if self.state.fifo_control.enable else 0)

    def _enable_interrupts(self, enable: InterruptEnable) -> None:
        # The transmitter is empty, so enabling its interrupt raises it.
        if enable.transmitter_empty and not self.state.interrupt_enable.transmitter_empty:
            self.state.transmitter_interrupt = True
        self.state.interrupt_enable = enable

    def _read_line_status(self) -> int:
        state = self.state
        status = TRANSMITTER_IDLE
        if state.received:
            status |= DATA_READY
            if state.fifo_control.enable and max(state.received) > 0xFF:
                status |= FIFO_ERROR
        if state.line_errors:
            status |= state.line_errors
            state.line_errors = 0
            if state.received:
                state.received[0] &= 0xFF
            self.drive_outputs()
        return status

    def _transmit(self, value: int) -> None:
        state = self.state
        state.transmitter_interrupt = True
        if state.modem_control & LOOPBACK:
            self._accept(value)
        else:
            self._sink.write(bytes((value,)))
            if not state.interrupt_enable:
                return
        self.drive_outputs()

    def _take_received(self) -> int:
        state = self.state
        if not state.received:
            return 0
        value = state.received.pop(0) & 0xFF
        state.timed_out = False
        self._reveal()
        self._restart_timeout()
        self._expect_arrival()
        self.drive_outputs()
        return value

    def _accept(self, character: int) -> None:
        """A character reaches the receiver. Without room it is lost; without FIFO it replaces the old one."""
        state = self.state
        if len(state.received) >= self._capacity:
            state.line_errors |= LineStatus.overrun.mask
            if not state.fifo_control.enable:
                state.received[0] = character
                self._reveal()
            return
        state.received.append(character)
        if len(state.received) == 1:
            self._reveal()
        self._restart_timeout()

    def _reveal(self) -> None:
        """Show the error that came with the character that is next to be read."""
        if self.state.received and self.state.received[0] & BREAK_FLAG:
            self.state.line_errors |= LineStatus.break_interrupt.mask

    def _restart_timeout(self) -> None:
        state = self.state
        waiting = state.fifo_control.enable and state.received
        state.timeout_at = self._clock.now + TIMEOUT_CHARACTERS * self._character_ns if waiting else None

    def _time_out(self) -> None:
        self.state.timeout_at = None
        self.state.timed_out = True
        self.drive_outputs()

    def _expect_arrival(self) -> None:
        """Let the next byte on the line arrive a character time from now, if the receiver can take it."""
        state = self.state
        if not state.on_the_line or state.modem_control.loopback or len(state.received) >= self._capacity:
            state.arrives_at = None
        elif state.arrives_at is None:
            state.arrives_at = self._clock.now + self._character_ns

    def _arrive(self) -> None:
        state = self.state
        state.arrives_at = None
        self._accept(state.on_the_line.pop(0))
        self._expect_arrival()
        self.drive_outputs()

    def _control_fifo(self, control: FifoControl) -> None:
        state = self.state
        changed = control.enable != state.fifo_control.enable
        if changed or (control.enable and control.reset_receiver):
            state.received.clear()
            state.timed_out = False
            self._restart_timeout()
        # [16550] 8.4: the other bits are programmed only together with the enable bit.
        kept = control.replace(reset_receiver=0, reset_transmitter=0)
        state.fifo_control = kept if control.enable else FifoControl(0)
        self._expect_arrival()

    def _control_modem(self, control: ModemControl) -> None:
        self.state.modem_control = control
        self._sense_modem()
        self._expect_arrival()

    def _sense_modem(self) -> None:
        """Bring MSR up to its lines; each change sets its delta, RI only when it goes off."""
        state = self.state
        control = state.modem_control
        levels = ModemStatus(state.modem_inputs)
        if control.loopback:
            levels = ModemStatus(0).replace(
                clear_to_send=control.request_to_send,
                data_set_ready=control.data_terminal_ready,
                ring=control.out1,
                carrier_detect=control.out2,
            )
        changed = levels ^ state.modem_levels
        if levels.ring:
            changed &= ~ModemStatus.ring.mask
        state.modem_deltas |= changed >> 4
        state.modem_levels = int(levels)
