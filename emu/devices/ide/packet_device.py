"""The packet protocol, by PIO and by DMA: how an ATAPI device takes a packet and sends its reply.

[ATA6] ATA/ATAPI-6 (T13 1410D), 8.23 (PACKET), 9.8 and 9.9 (the protocols).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

from emu.core.backends import BlockBackend
from emu.core.errors import HostError
from emu.devices.ide import identify, packets
from emu.devices.ide.drive import Drive, DriveState, Phase
from emu.devices.ide.packets import BLOCK, Condition, MediaEvent, SenseKey
from emu.devices.ide.registers import (
    ABORTED,
    DATA_READY,
    Command,
    Error,
    Feature,
    InterruptReason,
    Status,
)

PACKET_SIZE = 12
PIECE = 0x1_0000
LARGEST_COUNT = 0xFFFE
PIO_4 = 0x0C

AWAITS_PACKET = InterruptReason(0).replace(command=1)
DATA_TO_HOST = InterruptReason(0).replace(to_host=1)
DONE = InterruptReason(0).replace(command=1, to_host=1)


@dataclass
class CdState(DriveState):
    """The packet command under way (bytes at hand, blocks to come), sense data, the tray and the disc in it.

    Discs go by their numbers among those that the drive knows; None is no disc. `waiting` are those that
    somebody holds ready for when the tray opens, `asked` says that he has pressed the button of a locked one.
    """

    in_packet: bool = False
    by_dma: bool = False
    limit: int = LARGEST_COUNT
    reply: bytes = b""
    lba: int = 0
    blocks: int = 0
    sense_key: SenseKey = SenseKey.NO_SENSE
    sense_code: int = 0
    sense_qualifier: int = 0
    attention: bool = False
    event: MediaEvent = MediaEvent.NONE
    tray_open: bool = False
    locked: bool = False
    disc: int | None = None
    waiting: list[int | None] = field(default_factory=list)
    asked: bool = False
    transfer_mode: int = PIO_4


class PacketDevice(Drive[CdState]):
    """A drive that takes packet commands and answers with bytes or with blocks of its medium."""

    signature = (0x14, 0xEB)
    idle_status = Status(0)

    def __init__(
        self,
        name: str,
        image: BlockBackend | None,
        names: tuple[str, str, str],
    ) -> None:
        self.names = names
        super().__init__(name, CdState(), image)

    @property
    def medium(self) -> BlockBackend | None:
        """The disc that can be read: none while the tray is empty or open."""
        return None if self.state.tray_open else self.image

    @property
    def absence(self) -> Condition:
        """Why there is no medium."""
        return packets.TRAY_OPEN if self.state.tray_open else packets.NO_MEDIUM

    def stop_transfer(self) -> None:
        """No data is to be moved any more, and no packet command is under way."""
        super().stop_transfer()
        self.state.in_packet = False
        self.state.reply, self.state.blocks = b"", 0

    # ATA commands

    def execute(self, command: int) -> None:
        """Carry out an ATA command; those of disks are aborted, some with the signature."""
        self.state.error = 0
        self.state.interrupt = False
        match command:
            case Command.PACKET:
                self._await_packet()
            case Command.IDENTIFY_PACKET_DEVICE:
                mode = self.state.transfer_mode
                self.offer(identify.packet_data(transfer_mode=mode, names=self.names))
                self.state.interrupt = True
            case Command.DEVICE_RESET:
                self.settle()
            case Command.IDENTIFY_DEVICE | Command.READ_SECTORS:
                self.show_signature()
                self.fail(ABORTED)
            case Command.SET_FEATURES:
                self._set_features()
            case Command.CHECK_POWER_MODE:
                self.state.count = 0xFF
                self.complete()
            case Command.IDLE_IMMEDIATE | Command.STANDBY_IMMEDIATE | Command.SLEEP:
                self.complete()
            case _:
                self.fail(ABORTED)

    def _set_features(self) -> None:
        mode = self.state.count & 0xFF
        known = mode <= 0x01 or 0x08 <= mode <= PIO_4 or 0x20 <= mode <= 0x22
        if self.state.features & 0xFF != Feature.SET_TRANSFER_MODE or not known:
            self.fail(ABORTED)
            return
        self.state.transfer_mode = mode if mode > 0x01 else PIO_4
        self.complete()

    # The packet protocol

    def _await_packet(self) -> None:
        """PACKET: the twelve bytes may follow at once, without an interrupt. [ATA6] 9.8."""
        if self.state.features & 0xFE:  # overlapped, or reserved
            self.fail(ABORTED)
            return
        self.state.by_dma = bool(self.state.features & 1)
        self.state.limit = (self.state.lba_high & 0xFF) << 8 | self.state.lba_mid & 0xFF
        self.accept(PACKET_SIZE)
        self.state.count = AWAITS_PACKET

    def block_written(self, data: bytes) -> None:
        """The packet is here."""
        self.stop_transfer()
        self.state.in_packet = True
        self.run_packet(data)

    @abstractmethod
    def run_packet(self, packet: bytes) -> None:
        """Carry out a packet command."""

    def block_read(self) -> None:
        """The next piece of the reply, or the end of the command."""
        if self.state.reply or self.state.blocks:
            self._next_piece()
        elif self.state.in_packet:
            self.end_packet()
        else:
            self.complete(interrupt=False)  # IDENTIFY PACKET DEVICE has no status phase

    def dma_read(self, limit: int) -> bytes:
        """Data for the bus master."""
        if self.state.phase is not Phase.DMA_IN:
            return b""
        data = self._take(limit)
        if data is None:
            return b""
        if not (self.state.reply or self.state.blocks):
            self.end_packet()
        return data

    def reply(self, data: bytes, allocation: int) -> None:
        """Send `data`, or as much as the host allocated room for."""
        self.send(data[:allocation], 0)

    def end_packet(self) -> None:
        """The packet command has succeeded."""
        self.set_sense(SenseKey.NO_SENSE, 0, 0)
        self.complete()
        self.state.count = DONE

    def check(self, condition: Condition) -> None:
        """The packet command ends with CHECK CONDITION; REQUEST SENSE tells why."""
        self.set_sense(condition.key, condition.code, condition.qualifier)
        self.fail(Error(condition.key << 4))
        self.state.count = DONE

    def set_sense(self, key: SenseKey, code: int, qualifier: int) -> None:
        """What REQUEST SENSE tells."""
        self.state.sense_key, self.state.sense_code, self.state.sense_qualifier = key, code, qualifier

    def send(self, data: bytes, blocks: int) -> None:
        """Begin the data phase: `data`, then `blocks` blocks from `state.lba`."""
        self.state.reply, self.state.blocks = data, blocks
        if not (data or blocks):
            self.end_packet()
        elif self.state.by_dma:
            self.state.phase = Phase.DMA_IN
            self.state.status = DATA_READY
            self.state.count = DATA_TO_HOST
        elif not self.state.limit:
            self.stop_transfer()
            self.fail(ABORTED)
            self.state.count = DONE
        else:
            self._next_piece()

    def _next_piece(self) -> None:
        """Announce at most as many bytes as the host asked for; an even number but for the last."""
        limit = min(self.state.limit, LARGEST_COUNT)
        total = len(self.state.reply) + self.state.blocks * BLOCK
        data = self._take(limit if total <= limit else max(limit & ~1, 2))
        if data is None:
            return
        self.offer(data)
        self.state.count = DATA_TO_HOST
        self.state.lba_mid, self.state.lba_high = len(data) & 0xFF, len(data) >> 8
        self.state.interrupt = True

    def _take(self, limit: int) -> bytes | None:
        """At most `limit` bytes of the reply; None where the command has failed on an unreadable block."""
        state = self.state
        missing = min(limit, PIECE) - len(state.reply)
        if missing > 0 and state.blocks:
            count = min(-(-missing // BLOCK), state.blocks)
            data = self._blocks(state.lba, count)
            if data is None:
                return None
            state.reply += data
            state.lba += count
            state.blocks -= count
        taken, state.reply = state.reply[:limit], state.reply[limit:]
        return taken

    def _blocks(self, lba: int, count: int) -> bytes | None:
        medium = self.medium
        if medium is None:
            self.check(self.absence)
            return None
        start, end = lba * BLOCK, (lba + count) * BLOCK
        try:
            # Another disc, with fewer blocks, may be in the tray by now.
            data = medium.read(start, max(min(end, medium.size) - start, 0))
        except HostError:
            self.check(packets.UNREADABLE)
            return None
        return data.ljust(end - start, b"\0")
