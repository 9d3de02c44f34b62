"""The bus master of one channel: its registers, and the walk through the descriptor table.

[PIIX3] Intel 82371SB datasheet 290550, 2.7 and 3.6.2. [SFF8038] Programming Interface for Bus Master IDE
Controller 1.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.core.bus import ALL_ONES
from emu.devices.ide.channel import Channel
from emu.devices.ide.registers import BusMasterCommand, BusMasterStatus

DESCRIPTOR = 8
LARGEST_REGION = 0x1_0000
COMMAND, STATUS, TABLE = 0, 2, 4


@dataclass
class BusMasterState:
    """The registers; while active, the descriptor to fetch next and what is left of the current region."""

    command: BusMasterCommand = field(default_factory=BusMasterCommand)
    status: BusMasterStatus = field(default_factory=BusMasterStatus)
    table: int = 0
    next_descriptor: int = 0
    address: int = 0
    left: int = 0
    last: bool = False


class BusMaster:
    """Moves data between a drive that asks for DMA and memory, as the descriptor table says."""

    def __init__(
        self,
        channel: Channel,
        state: BusMasterState,
        read_memory: Callable[[int, int], bytes],
        write_memory: Callable[[int, bytes], None],
        may_master: Callable[[], bool],
    ) -> None:
        self.state = state
        self._channel = channel
        self._read_memory = read_memory
        self._write_memory = write_memory
        self._may_master = may_master
        channel.serve_dma = self.serve
        channel.interrupt_raised = self._note_interrupt

    def read(self, offset: int, width: int) -> int:
        """A register; command and status answer bytes alone."""
        if offset >= TABLE:
            return self.state.table >> 8 * (offset - TABLE) & ALL_ONES[width]
        if width > 1:
            return ALL_ONES[width]
        if offset == COMMAND:
            return int(self.state.command)
        return int(self.state.status) if offset == STATUS else 0

    def write(self, offset: int, width: int, value: int) -> None:
        """Write a register."""
        if offset >= TABLE:
            shift = 8 * (offset - TABLE)
            mask = ALL_ONES[width] << shift
            self.state.table = (self.state.table & ~mask | value << shift & mask) & 0xFFFF_FFFC
        elif width == 1 and offset == COMMAND:
            self._write_command(value)
        elif width == 1 and offset == STATUS:
            self.state.status = self.state.status.written(value)

    def serve(self) -> None:
        """Move data until the drive has done or the table ends; called whenever either may be ready."""
        state = self.state
        drive = self._channel.selected
        while state.status.active and drive.wants_dma and self._may_master():
            if not state.left:
                if state.last:
                    state.status = state.status.replace(active=0)
                    return
                self._fetch_descriptor()
            if not self._move():
                return
        if state.last and not state.left:
            state.status = state.status.replace(active=0)

    def _write_command(self, value: int) -> None:
        """Starting begins at the head of the table; stopping forgets where it was. [PIIX3] 2.7.1."""
        state = self.state
        running = state.command.start
        state.command = state.command.written(value)
        if state.command.start and not running:
            state.next_descriptor, state.left, state.last = state.table, 0, False
            state.status = state.status.replace(active=1)
            self._channel.drive_outputs()
        elif not state.command.start:
            state.left, state.last = 0, False
            state.status = state.status.replace(active=0)

    def _fetch_descriptor(self) -> None:
        state = self.state
        entry = self._read_memory(state.next_descriptor, DESCRIPTOR)
        state.address = int.from_bytes(entry[0:4], "little") & ~1
        state.left = int.from_bytes(entry[4:6], "little") & ~1 or LARGEST_REGION
        state.last = bool(entry[7] & 0x80)
        # The table does not cross 64 KiB: only the low half of the pointer counts.
        low = (state.next_descriptor + DESCRIPTOR) & 0xFFFF
        state.next_descriptor = state.next_descriptor & ~0xFFFF | low

    def _move(self) -> bool:
        """Move what the drive and the region allow; False where nothing moves."""
        state = self.state
        drive = self._channel.selected
        if state.command.to_memory:
            data = drive.dma_read(state.left)
            self._write_memory(state.address, data)
            moved = len(data)
        else:
            moved = min(state.left, drive.dma_room())
            if moved:
                drive.dma_write(self._read_memory(state.address, moved))
        state.address = (state.address + moved) & 0xFFFF_FFFF
        state.left -= moved
        return moved > 0

    def _note_interrupt(self) -> None:
        self.state.status = self.state.status.replace(interrupt=1)
