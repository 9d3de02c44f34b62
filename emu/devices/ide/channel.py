"""One channel: command and control block, which of two positions is selected, and the interrupt wire.

[ATA6] ATA/ATAPI-6 (T13 1410D), chapter 7; what absent positions answer is that of the emulated PIIX3 that
guests of Xen know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emu.core.bus import Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.state import Plain, StateError, from_plain, items, to_plain
from emu.core.wires import IrqLine
from emu.devices.ide.atapi import CdDrive
from emu.devices.ide.drive import Drive, EmptyPosition, Position
from emu.devices.ide.registers import (
    COMMAND,
    COMMAND_BLOCK,
    COMMAND_BLOCK_SIZE,
    CONTROL_BLOCK,
    DATA,
    DEVICE,
    ERROR,
    HIGH_ORDER_BYTE,
    INTERRUPT_DISABLE,
    NOT_READY_FOR_COMMANDS,
    SOFTWARE_RESET,
    STATUS,
    Command,
    DeviceControl,
    Status,
)

Place = Position[Any]
BUSY = Status(0).replace(busy=1)


@dataclass(frozen=True)
class Mechanics:
    """What makes drives take time: until then they are busy. [ATA6] 7.15.6.1."""

    clock: Clock
    begin: Callable[[int], int]
    """The drive in a position is given a command: how many nanoseconds it will be busy."""


@dataclass
class ChannelState:
    """Which position is selected, the device control register, and the level of INTRQ.

    While a drive is busy, the command that it will carry out, and when.
    """

    selected: int = 0
    control: DeviceControl = field(default_factory=DeviceControl)
    interrupt: bool = False
    command: int | None = None
    ready_at: int = 0


class Channel(Device[ChannelState]):
    """Two positions, 0 the master and 1 the slave."""

    def __init__(
        self,
        name: str,
        *,
        irq: IrqLine,
        command_base: int,
        control_base: int,
        master: Place | None = None,
        slave: Place | None = None,
        mechanics: Mechanics | None = None,
    ) -> None:
        """Without `mechanics` all commands complete at once."""
        super().__init__(name, ChannelState())
        self._mechanics = mechanics
        self._timer = mechanics.clock.timer(f"{name} busy", self._carry_out) if mechanics else None
        self.positions: tuple[Place, Place] = (
            master or EmptyPosition(f"{name} master"),
            slave or EmptyPosition(f"{name} slave"),
        )
        self._irq = irq
        self._ports = self._regions(command_base, control_base)
        self.serve_dma: Callable[[], None] = lambda: None
        """The bus master's chance to move data, after each change."""
        self.interrupt_raised: Callable[[], None] = lambda: None
        """Told when INTRQ goes high."""

    def ports(self) -> tuple[Region, ...]:
        """The command block of eight ports, and the one port of the control block."""
        return self._ports

    def _regions(self, command_base: int, control_base: int) -> tuple[Region, ...]:
        return (
            Region(
                self.name,
                command_base,
                COMMAND_BLOCK_SIZE,
                self._read,
                self._write,
                widest=4,
                registers=COMMAND_BLOCK,
                read_string=self._read_string,
                write_string=self._write_string,
            ),
            Region(
                f"{self.name} control",
                control_base,
                1,
                lambda offset, width: self.alternate_status,
                self._write_control,
                registers=CONTROL_BLOCK,
            ),
        )

    @property
    def selected(self) -> Place:
        """The position that the device register selects."""
        return self.positions[self.state.selected]

    @property
    def alternate_status(self) -> int:
        """The status register, read without lowering the interrupt."""
        selected = self.positions[self.state.selected]
        if not (selected.present or self._empty_answers):
            return 0
        busy = self.state.control & SOFTWARE_RESET or self.state.command is not None
        return int(BUSY if busy else selected.state.status)

    @property
    def _empty_answers(self) -> bool:
        """Whether an empty position shows status and error: the master's does, beside a slave."""
        return self.state.selected == 0 and self.positions[1].present

    @property
    def _populated(self) -> bool:
        return self.positions[0].present or self.positions[1].present

    def unplug(self, number: int) -> None:
        """Remove the drive in position `number`; the channel is reset. Idempotent."""
        drive = self.positions[number]
        if not isinstance(drive, Drive) or not drive.present:
            return
        drive.unplug()
        self.state = ChannelState()
        for position in self.positions:
            position.software_reset()
        self.drive_outputs()

    def reset(self) -> None:
        """Power on."""
        for position in self.positions:
            position.reset()
        super().reset()

    def save(self) -> Plain:
        """The channel's state and that of both positions."""
        return {"channel": to_plain(self.state), "positions": [each.save() for each in self.positions]}

    def restore(self, plain: Plain) -> None:
        """Take a saved state. Raises StateError where it does not fit."""
        if not isinstance(plain, dict) or set(plain) != {"channel", "positions"}:
            raise StateError(f"{self.name}: no channel and positions")
        for position, saved in zip(self.positions, items(plain["positions"], 2, self.name), strict=True):
            position.restore(saved)
        self.state = from_plain(ChannelState, plain["channel"], self.name)
        if self.state.selected not in (0, 1):
            raise StateError(f"{self.name}: there is no position {self.state.selected}")
        self._drive_interrupt()
        self._arm()

    def drive_outputs(self) -> None:
        """Let the bus master move data, then drive INTRQ."""
        if self.positions[self.state.selected].wants_dma:
            self.serve_dma()
        self._drive_interrupt()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None and self.state.command is not None:
            self._timer.arm(self.state.ready_at)
        elif self._timer is not None and self._timer.deadline is not None:
            self._timer.cancel()

    def _drive_interrupt(self) -> None:
        """INTRQ is the selected drive's, unless nIEN is set. [ATA6] 7.8."""
        state = self.state
        level = self.positions[state.selected].state.interrupt and not state.control & INTERRUPT_DISABLE
        if level != state.interrupt:
            state.interrupt = level
            if level:
                self.interrupt_raised()
        self._irq.set(level)

    # The command block

    def _read(self, offset: int, width: int) -> int:
        if offset == DATA:
            value = self.selected.read_data(width)
            self.drive_outputs()
            return value
        if width > 1:
            return sum(self._read_register(offset + n) << 8 * n for n in range(width))
        return self._read_register(offset)

    def _write(self, offset: int, width: int, value: int) -> None:
        if offset == DATA:
            self.selected.write_data(width, value)
            self.drive_outputs()
        else:
            for n in range(width):
                self._write_register(offset + n, value >> 8 * n & 0xFF)

    def _read_string(self, offset: int, width: int, count: int) -> bytes:
        if offset != DATA:
            return self._read(offset, width).to_bytes(width, "little")
        data = self.positions[self.state.selected].read_string(width, count)
        self.drive_outputs()
        return data

    def _write_string(self, offset: int, width: int, data: bytes) -> int:
        if offset != DATA:
            self._write(offset, width, int.from_bytes(data[:width], "little"))
            return width
        taken = self.selected.write_string(width, data)
        self.drive_outputs()
        return taken

    def _read_register(self, offset: int) -> int:
        if offset == STATUS:
            value = self.alternate_status
            self.selected.state.interrupt = False
            self.drive_outputs()
            return value
        if not self._populated:
            return 0
        if offset == ERROR and not (self.selected.present or self._empty_answers):
            return 0
        value = self.selected.read(offset, high=bool(self.state.control.high_order_byte))
        return value | self.state.selected << 4 if offset == DEVICE else value

    def _write_register(self, offset: int, value: int) -> None:
        """Both drives latch the command block; while data is due it can only be moved or reset."""
        state = self.state
        if state.control & HIGH_ORDER_BYTE:
            state.control = state.control.replace(high_order_byte=0)
        busy = self.alternate_status & NOT_READY_FOR_COMMANDS
        if offset == COMMAND:
            self._execute(value, bool(busy))
        elif not busy:
            for position in self.positions:
                position.write(offset, value)
            if offset != DEVICE:
                return  # a latch drives nothing
            state.selected = value >> 4 & 1
        self.drive_outputs()

    def _execute(self, command: int, busy: bool) -> None:
        if self.state.control & SOFTWARE_RESET:
            return
        if busy:
            if command == Command.DEVICE_RESET and isinstance(self.selected, CdDrive):
                self.state.command = None
                self.selected.execute(command)
            return
        self._withdraw_interrupt()
        if command == Command.EXECUTE_DEVICE_DIAGNOSTIC:
            self._run_diagnostics()
        elif self.selected.present:
            self._begin(command)

    def _begin(self, command: int) -> None:
        """Carry out a command, at once or when the drive has been busy with it for a while."""
        delay = self._mechanics.begin(self.state.selected) if self._mechanics else 0
        if self._mechanics and delay:
            self.state.command, self.state.ready_at = command, self._mechanics.clock.now + delay
        else:
            self.selected.execute(command)

    def _carry_out(self) -> None:
        command, self.state.command = self.state.command, None
        if command is not None:
            self.selected.execute(command)
        self.drive_outputs()

    def _withdraw_interrupt(self) -> None:
        """A command negates INTRQ, so that its own interrupt has an edge. [ATA6] 5.2.9."""
        self.selected.state.interrupt = False
        self._drive_interrupt()

    def _run_diagnostics(self) -> None:
        """EXECUTE DEVICE DIAGNOSTIC: both drives, whichever is selected; the master reports. [ATA6] 8.9."""
        if not self._populated:
            return
        for position in self.positions:
            position.settle()
        self.state.selected = 0
        self.positions[0].state.interrupt = self.positions[0].present

    # The control block

    def _write_control(self, offset: int, width: int, value: int) -> None:
        """Device control: SRST holds both drives in reset, and lets go of them when it falls."""
        before = self.state.control
        self.state.control = before.written(value)
        if self.state.control.software_reset and not before.software_reset:
            for position in self.positions:
                position.software_reset()
            self.state.selected, self.state.command = 0, None
        self.drive_outputs()
