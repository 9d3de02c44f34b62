"""An ATAPI CD drive: the packet commands that systems send.

[MMC] MMC-3 (T10 1363D); [SPC] SPC-2 (T10 1236D).
"""

from __future__ import annotations

from collections.abc import Callable

from emu.core.backends import BlockBackend
from emu.devices.ide import packets
from emu.devices.ide.packet_device import PacketDevice
from emu.devices.ide.packets import BLOCK, MediaEvent, PacketCommand


class CdDrive(PacketDevice):
    """A CD-ROM drive with a tray; without an image the tray is empty."""

    def __init__(
        self,
        name: str,
        *,
        image: BlockBackend | None = None,
        serial: str = "EMU00003",
        model: str = "EMU CD-ROM",
        firmware: str = "1.0",
    ) -> None:
        super().__init__(name, image, (serial, firmware, model))

    def change_medium(self, image: BlockBackend | None) -> None:
        """Someone puts another disc in, or takes it out; the guest sees UNIT ATTENTION."""
        self.image = image
        self.state.tray_open = False
        self.state.attention = image is not None
        self.state.event = MediaEvent.MEDIA_REMOVAL if image is None else MediaEvent.NEW_MEDIA

    def run_packet(self, packet: bytes) -> None:
        """Carry out a packet command; a unit attention comes first."""
        operation = packet[0]
        if self.state.attention and operation not in ALWAYS_ANSWERED:
            self.state.attention = False
            self.check(packets.MEDIUM_CHANGED)
            return
        if operation in NEED_MEDIUM and self.medium is None:
            self.check(packets.NO_MEDIUM)
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
        """START STOP UNIT: with LoEj it opens or closes the tray."""
        load_eject, start = packet[4] & 2, packet[4] & 1
        if load_eject and not start and self.state.locked:
            self.check(packets.REMOVAL_PREVENTED)
            return
        if load_eject and self.state.tray_open == bool(start):
            self.state.tray_open = not start
            self.state.attention = bool(start) and self.image is not None
            self.state.event = MediaEvent.NEW_MEDIA if self.state.attention else MediaEvent.MEDIA_REMOVAL
        self.end_packet()

    def prevent_allow(self, packet: bytes) -> None:
        """PREVENT ALLOW MEDIUM REMOVAL: locks the tray."""
        self.state.locked = bool(packet[4] & 1)
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
