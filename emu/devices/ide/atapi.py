"""An ATAPI CD drive: the packet commands that systems send.

[MMC] MMC-3 (T10 1363D); [SPC] SPC-2 (T10 1236D).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emu.core.backends import BlockBackend
from emu.core.state import Plain, StateError
from emu.devices.ide import packets
from emu.devices.ide.packet_device import PacketDevice
from emu.devices.ide.packets import BLOCK, MediaEvent, PacketCommand


class CdDrive(PacketDevice):
    """A CD-ROM drive with a tray; without an image the tray is empty.

    Discs are changed by somebody at the drive: at once, or, where the guest has locked the tray, when it
    lets go; `following` are put in one after the other whenever the guest ejects.
    """

    def __init__(
        self,
        name: str,
        *,
        image: BlockBackend | None = None,
        following: Sequence[BlockBackend] = (),
        serial: str = "EMU00003",
        model: str = "EMU CD-ROM",
        firmware: str = "1.0",
    ) -> None:
        self.discs: list[BlockBackend] = []
        super().__init__(name, image, (serial, firmware, model))
        if image is not None:
            self.state.disc = self.add_disc(image)
        self.state.waiting = [self.add_disc(each) for each in following]

    def add_disc(self, image: BlockBackend) -> int:
        """Let the drive know a disc; the number that it goes by."""
        self.discs.append(image)
        return len(self.discs) - 1

    def change_disc(self, disc: int | None) -> None:
        """Somebody wants to put a disc in, or to take it out: if the tray is locked, the guest is asked."""
        if not self.state.locked:
            self._put_in(disc)
            return
        if self.state.asked:
            self.state.waiting.pop(0)  # he has changed his mind
        self.state.waiting.insert(0, disc)
        self.state.asked = True
        self.state.event = MediaEvent.EJECT_REQUEST

    def reset(self) -> None:
        """Power on; what is in the tray stays there, and so does what is held ready."""
        old = self.state
        super().reset()
        self.state.disc, self.state.waiting, self.state.tray_open = old.disc, old.waiting, old.tray_open
        if old.asked:
            self._put_in(self.state.waiting.pop(0))

    def restore(self, plain: Plain) -> None:
        """Take a saved state. Raises StateError where it is of a drive that knows other discs."""
        super().restore(plain)
        known = (None, *range(len(self.discs)))
        if any(disc not in known for disc in (self.state.disc, *self.state.waiting)):
            raise StateError(f"{self.name}: the state has a disc that it does not know")
        self._hold_disc()

    def close(self) -> None:
        """The orderly end of a run: all discs are closed."""
        for disc in self.discs:
            disc.close()

    def _put_in(self, disc: int | None) -> None:
        """The tray opens, the disc is changed, the tray closes."""
        self.state.disc = disc
        self._hold_disc()
        self.state.tray_open = self.state.asked = False
        self.state.attention = disc is not None
        self.state.event = MediaEvent.MEDIA_REMOVAL if disc is None else MediaEvent.NEW_MEDIA

    def _hold_disc(self) -> None:
        self.image = None if self.state.disc is None else self.discs[self.state.disc]

    def run_packet(self, packet: bytes) -> None:
        """Carry out a packet command; a unit attention comes first."""
        operation = packet[0]
        if self.state.attention and operation not in ALWAYS_ANSWERED:
            self.state.attention = False
            self.check(packets.MEDIUM_CHANGED)
            return
        if operation in NEED_MEDIUM and self.medium is None:
            self.check(self.absence)
            return
        handler = HANDLERS.get(operation)
        if handler is None:
            self.check(packets.INVALID_COMMAND)
        else:
            handler(self, packet)

    @property
    def capacity(self) -> int:
        """Blocks on the disc."""
        return 0 if self.medium is None else -(-self.medium.size // BLOCK)

    def test_unit_ready(self, packet: bytes) -> None:
        """TEST UNIT READY: there is a disc, or the check would have failed."""
        self.end_packet()

    def request_sense(self, packet: bytes) -> None:
        """REQUEST SENSE: why the last command failed; reading clears it."""
        state = self.state
        if state.attention and not state.sense_key:
            state.attention = False
            changed = packets.MEDIUM_CHANGED
            self.set_sense(changed.key, changed.code, changed.qualifier)
        self.reply(packets.sense(state.sense_key, state.sense_code, state.sense_qualifier), packet[4])

    def inquiry(self, packet: bytes) -> None:
        """INQUIRY: standard data only."""
        if packet[1] & 0x03:
            self.check(packets.INVALID_FIELD)
            return
        vendor, _, product = self.names[2].partition(" ")
        self.reply(packets.inquiry(vendor, product, self.names[1]), packet[4])

    def read_capacity(self, packet: bytes) -> None:
        """READ CAPACITY."""
        self.reply(packets.capacity(self.capacity), 8)

    def read_blocks(self, packet: bytes) -> None:
        """READ(10), READ(12)."""
        lba = int.from_bytes(packet[2:6], "big")
        ten = packet[0] == PacketCommand.READ_10
        count = int.from_bytes(packet[7:9] if ten else packet[6:10], "big")
        if lba + count > self.capacity:
            self.check(packets.OUT_OF_RANGE)
            return
        self.state.lba = lba
        self.send(b"", count)

    def seek(self, packet: bytes) -> None:
        """SEEK."""
        if int.from_bytes(packet[2:6], "big") >= self.capacity:
            self.check(packets.OUT_OF_RANGE)
        else:
            self.end_packet()

    def read_toc(self, packet: bytes) -> None:
        """READ TOC; the format may stand where SFF-8020i had it, in the last byte."""
        msf = bool(packet[1] & 2)
        form = packet[2] & 0x0F or packet[9] >> 6
        data = None
        if form == 0:
            data = packets.tracks(self.capacity, packet[6], msf)
        elif form == 1:
            data = packets.sessions(msf)
        elif form == 2:
            data = packets.full_toc(self.capacity)
        if data is None:
            self.check(packets.INVALID_FIELD)
        else:
            self.reply(data, int.from_bytes(packet[7:9], "big"))

    def mode_sense(self, packet: bytes) -> None:
        """MODE SENSE(6) and (10)."""
        control = packet[2] >> 6
        pages = packets.mode_pages(packet[2] & 0x3F, changeable=control == 1, locked=self.state.locked)
        medium = self.medium is not None
        if control == 3:
            self.check(packets.NO_SAVED_PARAMETERS)
        elif pages is None:
            self.check(packets.INVALID_FIELD)
        elif packet[0] == PacketCommand.MODE_SENSE_6:
            self.reply(packets.mode_reply_6(pages, medium), packet[4])
        else:
            self.reply(packets.mode_reply_10(pages, medium), int.from_bytes(packet[7:9], "big"))

    def get_configuration(self, packet: bytes) -> None:
        """GET CONFIGURATION."""
        if packet[1] & 3 == 3:
            self.check(packets.INVALID_FIELD)
            return
        first = int.from_bytes(packet[2:4], "big")
        data = packets.configuration(packet[1] & 3, first, self.medium is not None)
        self.reply(data, int.from_bytes(packet[7:9], "big"))

    def get_event_status(self, packet: bytes) -> None:
        """GET EVENT STATUS NOTIFICATION: polled only; what is told is forgotten."""
        if not packet[1] & 1:
            self.check(packets.INVALID_FIELD)
            return
        data = packets.event_status(
            packet[4], self.state.event, tray_open=self.state.tray_open, medium=self.medium is not None
        )
        if packet[4] & 1 << packets.MEDIA_CLASS:
            self.state.event = MediaEvent.NONE
        self.reply(data, int.from_bytes(packet[7:9], "big"))

    def start_stop(self, packet: bytes) -> None:
        """START STOP UNIT: with LoEj it opens or closes the tray, unless a disc is put in right away."""
        load_eject, start = packet[4] & 2, packet[4] & 1
        if load_eject and not start and self.state.locked:
            self.check(packets.REMOVAL_PREVENTED)
            return
        if load_eject and not start and self.state.waiting:
            self._put_in(self.state.waiting.pop(0))
        elif load_eject and self.state.tray_open == bool(start):
            self.state.tray_open = not start
            self.state.attention = bool(start) and self.image is not None
            self.state.event = MediaEvent.NEW_MEDIA if self.state.attention else MediaEvent.MEDIA_REMOVAL
        self.end_packet()

    def prevent_allow(self, packet: bytes) -> None:
        """PREVENT ALLOW MEDIUM REMOVAL: locks the tray; who waits for it to be unlocked opens it then."""
        self.state.locked = bool(packet[4] & 1)
        if self.state.asked and not self.state.locked:
            self._put_in(self.state.waiting.pop(0))
        self.end_packet()

    def disc_information(self, packet: bytes) -> None:
        """READ DISC INFORMATION."""
        self.reply(packets.disc_information(), int.from_bytes(packet[7:9], "big"))

    def mechanism_status(self, packet: bytes) -> None:
        """MECHANISM STATUS."""
        allocation = int.from_bytes(packet[8:10], "big")
        self.reply(packets.mechanism_status(self.state.tray_open), allocation)


Handler = Callable[[CdDrive, bytes], None]

ALWAYS_ANSWERED = frozenset(
    {
        PacketCommand.INQUIRY,
        PacketCommand.REQUEST_SENSE,
        PacketCommand.GET_CONFIGURATION,
        PacketCommand.GET_EVENT_STATUS,
    }
)
"""Commands that a unit attention does not hold up. [MMC] 4.1.6.1."""

NEED_MEDIUM = frozenset(
    {
        PacketCommand.TEST_UNIT_READY,
        PacketCommand.READ_CAPACITY,
        PacketCommand.READ_10,
        PacketCommand.READ_12,
        PacketCommand.SEEK,
        PacketCommand.READ_TOC,
        PacketCommand.READ_DISC_INFORMATION,
    }
)

HANDLERS: dict[int, Handler] = {
    PacketCommand.TEST_UNIT_READY: CdDrive.test_unit_ready,
    PacketCommand.REQUEST_SENSE: CdDrive.request_sense,
    PacketCommand.INQUIRY: CdDrive.inquiry,
    PacketCommand.MODE_SENSE_6: CdDrive.mode_sense,
    PacketCommand.MODE_SENSE_10: CdDrive.mode_sense,
    PacketCommand.START_STOP_UNIT: CdDrive.start_stop,
    PacketCommand.PREVENT_ALLOW_MEDIUM_REMOVAL: CdDrive.prevent_allow,
    PacketCommand.READ_CAPACITY: CdDrive.read_capacity,
    PacketCommand.READ_10: CdDrive.read_blocks,
    PacketCommand.READ_12: CdDrive.read_blocks,
    PacketCommand.SEEK: CdDrive.seek,
    PacketCommand.READ_TOC: CdDrive.read_toc,
    PacketCommand.GET_CONFIGURATION: CdDrive.get_configuration,
    PacketCommand.GET_EVENT_STATUS: CdDrive.get_event_status,
    PacketCommand.READ_DISC_INFORMATION: CdDrive.disc_information,
    PacketCommand.SET_CD_SPEED: CdDrive.test_unit_ready,
    PacketCommand.MECHANISM_STATUS: CdDrive.mechanism_status,
}
