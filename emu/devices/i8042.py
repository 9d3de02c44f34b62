"""The i8042 keyboard controller with a keyboard at its first port and nothing at its second.

The controller's own answers are there at once; a byte from the keyboard takes its time on the cable, so
that each has an edge of IRQ 1 to itself.

[8042] IBM PC/AT Technical Reference, "Keyboard Controller"; the second port as on the PS/2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from emu.core.bus import Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.registers import Named, Register, bit, registers
from emu.core.state import Plain, StateError
from emu.core.wires import IrqLine
from emu.devices.keyboard import BREAK_PREFIX, RESEND, Keyboard, set_1_code
from emu.devices.keyboard import Command as KeyboardCommand
from emu.devices.timing import schedule
from emu.devices.typist import Typist

DATA_PORT, COMMAND_PORT = 0x60, 0x64
TRANSFER_NS = 660_000
"""Eleven bits at 16.7 kHz, the fastest that the cable's clock may be."""
INPUT_PORT = 0x80
"""Port 1 of the chip: only the keyboard lock, which is open."""
OUTPUT_PORT_ONES = 0xCC
FROM_MOUSE, TIMED_OUT = 0x100, 0x200
"""Marks of a byte on its way to the output buffer."""


class Status(Register):
    """Port 0x64, read."""

    output_full = bit(0)
    input_full = bit(1)
    system = bit(2)
    command_written = bit(3)
    unlocked = bit(4)
    mouse_output_full = bit(5)
    timeout = bit(6)
    parity = bit(7)


class CommandByte(Register):
    """Byte 0 of the controller's RAM."""

    keyboard_interrupt = bit(0)
    mouse_interrupt = bit(1)
    system = bit(2)
    keyboard_disabled = bit(4)
    mouse_disabled = bit(5)
    translate = bit(6)


class OutputPort(Register):
    """Port 2 of the chip."""

    not_reset = bit(0)
    a20 = bit(1)
    keyboard_output_full = bit(4)
    mouse_output_full = bit(5)


class Command(IntEnum):
    """What port 0x64 takes, besides 0x20-0x3f and 0x60-0x7f (RAM) and 0xf0-0xff (pulses)."""

    READ_RAM = 0x20
    WRITE_RAM = 0x60
    DISABLE_MOUSE = 0xA7
    ENABLE_MOUSE = 0xA8
    TEST_MOUSE_PORT = 0xA9
    SELF_TEST = 0xAA
    TEST_KEYBOARD_PORT = 0xAB
    DISABLE_KEYBOARD = 0xAD
    ENABLE_KEYBOARD = 0xAE
    READ_INPUT_PORT = 0xC0
    READ_OUTPUT_PORT = 0xD0
    WRITE_OUTPUT_PORT = 0xD1
    WRITE_KEYBOARD_OUTPUT = 0xD2
    WRITE_MOUSE_OUTPUT = 0xD3
    WRITE_TO_MOUSE = 0xD4
    CLOSE_A20 = 0xDD
    OPEN_A20 = 0xDF
    PULSE = 0xF0


RAM_SIZE = 0x20
SELF_TEST_PASSED, PORT_TEST_PASSED = 0x55, 0x00
POWER_ON_COMMAND_BYTE = CommandByte(0).replace(keyboard_interrupt=1, mouse_disabled=1, translate=1)


def _power_on_ram() -> bytearray:
    return bytearray((POWER_ON_COMMAND_BYTE,)).ljust(RAM_SIZE, b"\0")


@dataclass
class I8042State:
    """The controller, and the keyboard behind it."""

    ram: bytearray = field(default_factory=_power_on_ram)
    output: int = 0
    """The output buffer with its marks; it keeps the byte after it has been read."""
    output_full: bool = False
    reply: int | None = None
    """The controller's own answer while the output buffer is still full; a newer one takes its place."""
    command_written: bool = False
    expects: int = 0
    """The command whose parameter is to come at port 0x60; 0 where none is."""
    a20: bool = True
    released: bool = False
    """Translation has swallowed the prefix of a key's release."""
    transfer_at: int | None = None
    keyboard: Keyboard = field(default_factory=Keyboard)
    typist: Typist = field(default_factory=Typist)


class I8042(Device[I8042State]):
    """Ports 0x60 and 0x64."""

    def __init__(
        self,
        *,
        irq: IrqLine,
        mouse_irq: IrqLine,
        clock: Clock,
        a20: Callable[[bool], None],
        reset: Callable[[], None],
    ) -> None:
        """`irq` is IRQ 1, `mouse_irq` IRQ 12; `a20` is told the bit that is written, `reset` is called."""
        super().__init__("i8042", I8042State())
        self._irq = irq
        self._mouse_irq = mouse_irq
        self._clock = clock
        self._a20 = a20
        self._reset = reset
        self._timer = clock.timer("keyboard", self._transfer)
        self._fingers = clock.timer("typist", self._stroke)

    def ports(self) -> tuple[Region, ...]:
        """The data port and the command port."""
        data = registers({0: "keyboard data"})
        command = registers({0: Named("status", "command", Status)})
        return (
            Region("i8042 data", DATA_PORT, 1, self._read_data, self._write_data, registers=data),
            Region(
                "i8042 command", COMMAND_PORT, 1, self._read_status, self._write_command, registers=command
            ),
        )

    def press(self, codes: bytes) -> None:
        """The user presses or releases a key: its scan codes in set 2."""
        self.state.keyboard.press(codes)
        self._refill()
        self.drive_outputs()

    def type(self, strokes: list[bytes]) -> None:
        """The user types, as soon as the guest wants keys: strokes of scan codes in set 2."""
        self.state.typist.strokes += strokes
        self._refill()
        self.drive_outputs()

    def reset(self) -> None:
        """Power on: A20 is open. What the user was about to type is still to come."""
        strokes = self.state.typist.strokes
        super().reset()
        self.state.typist.strokes = strokes
        self._open_a20(True)

    def restore(self, plain: Plain) -> None:
        """Take a saved state. Raises StateError where it does not fit."""
        super().restore(plain)
        if self.state.typist.due_at is not None and not self.state.typist.strokes:
            raise StateError(f"{self.name}: there is nothing to be typed")

    def drive_outputs(self) -> None:
        """Both interrupts follow the output buffer; the timers at the end of a transfer and of a stroke."""
        state = self.state
        of_mouse = bool(state.output & FROM_MOUSE)
        command = self._command_byte
        self._irq.set(state.output_full and not of_mouse and bool(command.keyboard_interrupt))
        self._mouse_irq.set(state.output_full and of_mouse and bool(command.mouse_interrupt))
        schedule(self._timer, state.transfer_at)
        schedule(self._fingers, state.typist.due_at)

    @property
    def _command_byte(self) -> CommandByte:
        return CommandByte(self.state.ram[0])

    def _change_command_byte(self, **values: int) -> None:
        self.state.ram[0] = self._command_byte.replace(**values)

    def _read_data(self, offset: int, width: int) -> int:
        state = self.state
        value = state.output & 0xFF
        if state.output_full:
            state.output_full = False
            # Each byte has an edge of its own, even if the next one is there at once.
            self._irq.set(False)
            self._mouse_irq.set(False)
            self._refill()
            self.drive_outputs()
        return value

    def _read_status(self, offset: int, width: int) -> int:
        state = self.state
        if state.typist.strokes and not state.typist.invited:
            state.typist.notice_poll(in_vain=self._is_quiet)
            self._refill()
            self.drive_outputs()
        return Status(0).replace(
            output_full=state.output_full,
            system=self._command_byte.system,
            command_written=state.command_written,
            unlocked=1,
            mouse_output_full=state.output_full and state.output & FROM_MOUSE != 0,
            timeout=state.output & TIMED_OUT != 0,
        )

    def _write_data(self, offset: int, width: int, value: int) -> None:
        state = self.state
        command, state.expects = state.expects, 0
        state.command_written = False
        if command:
            self._take_parameter(command, value)
        else:
            self._change_command_byte(keyboard_disabled=0)
            state.keyboard.write(value)
            if value in (KeyboardCommand.ENABLE, KeyboardCommand.DISABLE, KeyboardCommand.RESET):
                state.typist.invite(value == KeyboardCommand.ENABLE)
        self._refill()
        self.drive_outputs()
        if command == Command.WRITE_OUTPUT_PORT and not OutputPort(value).not_reset:
            self._reset()

    def _write_command(self, offset: int, width: int, value: int) -> None:
        state = self.state
        state.command_written = True
        state.expects = 0
        self._execute(value)
        self._refill()
        self.drive_outputs()
        if value >= Command.PULSE and not OutputPort(value).not_reset:
            self._reset()

    def _execute(self, command: int) -> None:
        match command:
            case _ if Command.READ_RAM <= command < Command.READ_RAM + RAM_SIZE:
                self._reply(self.state.ram[command - Command.READ_RAM])
            case _ if Command.WRITE_RAM <= command < Command.WRITE_RAM + RAM_SIZE:
                self.state.expects = command
            case Command.DISABLE_MOUSE | Command.ENABLE_MOUSE:
                self._change_command_byte(mouse_disabled=command == Command.DISABLE_MOUSE)
            case Command.DISABLE_KEYBOARD | Command.ENABLE_KEYBOARD:
                self._change_command_byte(keyboard_disabled=command == Command.DISABLE_KEYBOARD)
            case Command.SELF_TEST:
                self._change_command_byte(system=1)
                self._reply(SELF_TEST_PASSED)
            case Command.TEST_KEYBOARD_PORT | Command.TEST_MOUSE_PORT:
                self._reply(PORT_TEST_PASSED)
            case Command.READ_INPUT_PORT:
                self._reply(INPUT_PORT)
            case Command.READ_OUTPUT_PORT:
                self._reply(self._output_port)
            case Command.CLOSE_A20 | Command.OPEN_A20:
                self._open_a20(command == Command.OPEN_A20)
            case _ if Command.WRITE_OUTPUT_PORT <= command <= Command.WRITE_TO_MOUSE:
                self.state.expects = command

    def _open_a20(self, level: bool) -> None:
        """Port 0x92 has a say in A20, too, so it is driven by writes, and not whenever it stands here so."""
        self.state.a20 = level
        self._a20(level)

    def _take_parameter(self, command: int, value: int) -> None:
        match command:
            case Command.WRITE_OUTPUT_PORT:
                self._open_a20(bool(OutputPort(value).a20))
            case Command.WRITE_KEYBOARD_OUTPUT:
                self._reply(value)
            case Command.WRITE_MOUSE_OUTPUT:
                self._reply(value | FROM_MOUSE)
            case Command.WRITE_TO_MOUSE:
                # Nobody answers on the cable: the controller says so itself.
                self._reply(RESEND | FROM_MOUSE | TIMED_OUT)
            case _:
                self.state.ram[command - Command.WRITE_RAM] = value
                if self._command_byte.keyboard_interrupt:
                    self.state.typist.invite(True)

    @property
    def _output_port(self) -> int:
        state = self.state
        of_mouse = bool(state.output & FROM_MOUSE)
        return OutputPort(OUTPUT_PORT_ONES).replace(
            not_reset=1,
            a20=state.a20,
            keyboard_output_full=state.output_full and not of_mouse,
            mouse_output_full=state.output_full and of_mouse,
        )

    def _reply(self, value: int) -> None:
        self.state.reply = value

    @property
    def _is_quiet(self) -> bool:
        """Whether nothing from the keyboard is there or on its way."""
        return not (self.state.output_full or self.state.keyboard.has_byte)

    def _refill(self) -> None:
        """Fill the output buffer if it is empty: replies at once, the keyboard's bytes by a transfer.

        What the user types comes when all that has been read.
        """
        state = self.state
        if not state.output_full and state.reply is not None:
            state.output, state.output_full, state.reply = state.reply, True, None
        if state.output_full or self._command_byte.keyboard_disabled or not state.keyboard.has_byte:
            state.transfer_at = None
        elif state.transfer_at is None:
            state.transfer_at = self._clock.now + TRANSFER_NS
        listening = state.keyboard.scanning and not self._command_byte.keyboard_disabled
        state.typist.plan(self._clock.now, possible=listening and self._is_quiet)

    def _stroke(self) -> None:
        """The user presses or releases keys."""
        self.press(self.state.typist.take())

    def _transfer(self) -> None:
        """A byte of the keyboard has arrived."""
        state = self.state
        state.transfer_at = None
        value = state.keyboard.take()
        if not self._command_byte.translate:
            state.released = False
            state.output, state.output_full = value, True
        elif value == BREAK_PREFIX:
            state.released = True
        else:
            state.output, state.output_full = set_1_code(value) | (0x80 if state.released else 0), True
            state.released = False
        self._refill()
        self.drive_outputs()
