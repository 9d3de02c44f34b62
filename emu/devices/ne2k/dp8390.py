"""The DP8390 network interface controller: registers, transmitter, receiver and remote DMA.

[DP8390] National Semiconductor DP8390D/NS32490D data sheet. The board around it decodes the local memory and
gives it ports. Deviations: a packet is on the link at once where hardware takes its time on the wire (nobody
polls for that), and an overflow leaves the ring untouched where hardware stores the packet's beginning.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from emu.core.backends import NetBackend
from emu.core.device import Device
from emu.core.wires import IrqLine
from emu.devices.ne2k.registers import (
    REMOTE_ABORT,
    SEND_PACKET,
    Command,
    DataConfiguration,
    InterruptMask,
    Page0,
    Page1,
    Page2,
    ReceiveConfiguration,
    ReceiveStatus,
    TransmitConfiguration,
    TransmitStatus,
)
from emu.devices.ne2k.state import CRC_SIZE, FIFO_SIZE, Dp8390State, frame_check, multicast_index

PAGE_SIZE = 256
HEADER_SIZE = 4
RUNT = 60
"""Frames (without their CRC) shorter than this are runts."""
COUNTER_LIMIT = 0xC0
COUNTER_ALARM = 0x80
BROADCAST = b"\xff" * 6

_LOOPBACK_STATUS = {0: 0x03, 1: 0x53, 2: 0x43, 3: 0x03}
"""TSR by loopback mode: inside, carrier sense (mode 1) and heartbeat (1 and 2) are missed [DP8390] 12."""
_ON_THE_WIRE = (0, 3)
"""Loopback modes in which a packet reaches the link."""


S = TypeVar("S", bound=Dp8390State)


class Dp8390(Device[S], ABC):
    """The controller. A board subclasses it, decodes `read_memory` and `write_memory`, and adds ports."""

    def __init__(self, name: str, state: S, *, irq: IrqLine, link: NetBackend) -> None:
        super().__init__(name, state)
        self._irq = irq
        self._link = link
        link.attach(self.receive)

    @abstractmethod
    def read_memory(self, address: int, length: int) -> bytes:
        """Local memory as the board decodes it."""

    @abstractmethod
    def write_memory(self, address: int, data: bytes) -> None:
        """Local memory as the board decodes it."""

    def drive_outputs(self) -> None:
        """INT is the OR of the interrupts that the mask lets through: a level."""
        self._irq.set(bool(self.state.interrupt_status & self.state.interrupt_mask))

    def hardware_reset(self) -> None:
        """The RESET pin [DP8390] 11: what it does not name keeps its value."""
        state = self.state
        state.command = Command(0x21)
        state.interrupt_status = state.interrupt_status.replace(reset_status=1)
        state.interrupt_mask = InterruptMask(0)
        state.data_configuration = state.data_configuration.replace(long_address=1)
        state.transmit_configuration = state.transmit_configuration.replace(loopback=0)

    # registers

    def read_register(self, page: int, offset: int) -> int:
        """A register of `page` (0 to 3); offset 0 is the command register on all of them."""
        if offset == 0:
            return self.state.command
        return (self._read_page0, self._read_page1, self._read_page2, self._read_page3)[page](offset)

    def write_register(self, page: int, offset: int, value: int) -> None:
        """A byte to a register of `page`; page 2 is read-only."""
        if offset == 0:
            self._write_command(value)
        elif page == 0:
            self._write_page0(offset, value)
        elif page == 1:
            self._write_page1(offset, value)
        elif page == 3:
            self._write_page3(offset, value)

    def _read_page0(self, offset: int) -> int:
        state = self.state
        match offset:
            case Page0.LOCAL_ADDRESS_LOW:
                return state.local_address & 0xFF
            case Page0.LOCAL_ADDRESS_HIGH:
                return state.local_address >> 8
            case Page0.BOUNDARY:
                return state.boundary
            case Page0.TRANSMIT_STATUS:
                return state.transmit_status
            case Page0.FIFO:
                return self._read_fifo()
            case Page0.INTERRUPT_STATUS:
                return state.interrupt_status
            case Page0.REMOTE_ADDRESS_LOW:
                return state.remote_address & 0xFF
            case Page0.REMOTE_ADDRESS_HIGH:
                return state.remote_address >> 8
            case Page0.RECEIVE_STATUS:
                return state.receive_status
            case Page0.ALIGNMENT_ERRORS | Page0.CRC_ERRORS | Page0.MISSED_PACKETS:
                return self._read_counter(offset)
            case _:
                return 0

    def _write_page0(self, offset: int, value: int) -> None:
        state = self.state
        match offset:
            case Page0.PAGE_START:
                state.page_start = value
            case Page0.PAGE_STOP:
                state.page_stop = value
            case Page0.BOUNDARY:
                self._move_boundary(value)
            case Page0.TRANSMIT_PAGE:
                state.transmit_page = value
            case Page0.TRANSMIT_COUNT_LOW:
                state.transmit_count = state.transmit_count & 0xFF00 | value
            case Page0.TRANSMIT_COUNT_HIGH:
                state.transmit_count = state.transmit_count & 0xFF | value << 8
            case Page0.INTERRUPT_STATUS:
                state.interrupt_status = state.interrupt_status.written(value)
            case Page0.REMOTE_ADDRESS_LOW:
                state.remote_address = state.remote_address & 0xFF00 | value
            case Page0.REMOTE_ADDRESS_HIGH:
                state.remote_address = state.remote_address & 0xFF | value << 8
            case Page0.REMOTE_COUNT_LOW:
                state.remote_count = state.remote_count & 0xFF00 | value
            case Page0.REMOTE_COUNT_HIGH:
                state.remote_count = state.remote_count & 0xFF | value << 8
            case _:
                self._configure(offset, value)

    def _configure(self, offset: int, value: int) -> None:
        state = self.state
        match offset:
            case Page0.RECEIVE_CONFIGURATION:
                state.receive_configuration = ReceiveConfiguration().written(value)
            case Page0.TRANSMIT_CONFIGURATION:
                state.transmit_configuration = TransmitConfiguration().written(value)
            case Page0.DATA_CONFIGURATION:
                state.data_configuration = DataConfiguration().written(value)
            case Page0.INTERRUPT_MASK:
                state.interrupt_mask = InterruptMask().written(value)

    def _read_page1(self, offset: int) -> int:
        if offset == Page1.CURRENT_PAGE:
            return self.state.current_page
        if offset >= Page1.MULTICAST:
            return self.state.multicast[offset - Page1.MULTICAST]
        return self.state.physical_address[offset - Page1.PHYSICAL_ADDRESS]

    def _write_page1(self, offset: int, value: int) -> None:
        if offset == Page1.CURRENT_PAGE:
            self.state.current_page = value
        elif offset >= Page1.MULTICAST:
            self.state.multicast[offset - Page1.MULTICAST] = value
        else:
            self.state.physical_address[offset - Page1.PHYSICAL_ADDRESS] = value

    def _read_page2(self, offset: int) -> int:
        """Bits that do not exist read 1 in the configuration registers, as the RTL8029 has it."""
        state = self.state
        match offset:
            case Page2.PAGE_START:
                return state.page_start
            case Page2.PAGE_STOP:
                return state.page_stop
            case Page2.TRANSMIT_PAGE:
                return state.transmit_page
            case Page2.RECEIVE_CONFIGURATION:
                return state.receive_configuration | 0xC0
            case Page2.TRANSMIT_CONFIGURATION:
                return state.transmit_configuration | 0xE0
            case Page2.DATA_CONFIGURATION:
                return state.data_configuration | 0x80
            case Page2.INTERRUPT_MASK:
                return state.interrupt_mask
            case _:
                return 0

    def _read_page3(self, offset: int) -> int:
        return 0

    def _write_page3(self, offset: int, value: int) -> None:
        pass

    def _read_counter(self, offset: int) -> int:
        """A tally counter is cleared by reading it."""
        name = {
            Page0.ALIGNMENT_ERRORS: "alignment_errors",
            Page0.CRC_ERRORS: "crc_errors",
            Page0.MISSED_PACKETS: "missed_packets",
        }[offset]
        count: int = getattr(self.state, name)
        setattr(self.state, name, 0)
        return count

    def _read_fifo(self) -> int:
        state = self.state
        value = state.fifo[state.fifo_position]
        state.fifo_position = (state.fifo_position + 1) % FIFO_SIZE
        return value

    def _interrupt(self, **causes: int) -> None:
        self.state.interrupt_status = self.state.interrupt_status.replace(**causes)

    # commands

    def _write_command(self, value: int) -> None:
        """The RTL8029 runs whenever STP is clear; STA alone means nothing to it."""
        state = self.state
        state.command = Command(value).replace(transmit=0)
        self._interrupt(reset_status=state.command.stop)
        if state.command.remote == SEND_PACKET:
            self._load_packet()
        if 0 < state.command.remote < REMOTE_ABORT and state.remote_count == 0:
            self._interrupt(remote_dma_complete=1)
        if Command(value).transmit and not state.command.stop:
            self._transmit()

    def _move_boundary(self, page: int) -> None:
        """Packets were taken from the ring: an overflow's reset status ends."""
        self.state.boundary = page
        self._interrupt(reset_status=self.state.command.stop)

    # transmitter

    def _transmit(self) -> None:
        state = self.state
        packet = self.read_memory(state.transmit_page * PAGE_SIZE, state.transmit_count)
        state.local_address = state.transmit_page * PAGE_SIZE + len(packet) & 0xFFFF
        mode = state.transmit_configuration.loopback
        state.transmit_status = TransmitStatus(_LOOPBACK_STATUS[mode])
        self._interrupt(packet_transmitted=1)
        own_crc = bool(state.transmit_configuration.inhibit_crc)
        sound = not own_crc or packet[-CRC_SIZE:] == frame_check(packet[:-CRC_SIZE])
        if mode:
            self._loop_back(packet, own_crc=own_crc, sound=sound)
        frame = packet[:-CRC_SIZE] if own_crc else packet
        if mode in _ON_THE_WIRE and sound and frame:
            self._link.send(frame)

    def _loop_back(self, packet: bytes, *, own_crc: bool, sound: bool) -> None:
        """The receiver keeps the end of the packet in the FIFO, then its length [DP8390] 12.

        It finds a CRC error where the transmitter made the CRC: both share one generator.
        """
        state = self.state
        data = packet if own_crc else packet + frame_check(packet)
        length = len(data).to_bytes(3, "little")
        stream = data + bytes((length[0], length[1], length[1]))
        for position in range(max(0, len(stream) - FIFO_SIZE), len(stream)):
            state.fifo[position % FIFO_SIZE] = stream[position]
        state.fifo_position = 0
        good = own_crc and sound and self._accepts(packet)
        state.receive_status = ReceiveStatus().replace(
            received=good, crc_error=not (own_crc and sound), group_address=packet[0] & 1 if packet else 0
        )

    # receiver

    def receive(self, frame: bytes) -> None:
        """A frame (without CRC) arrives from the link."""
        state = self.state
        configuration = state.receive_configuration
        if state.command.stop or state.transmit_configuration.loopback or not self._accepts(frame):
            return
        if len(frame) < RUNT and not configuration.accept_runts:
            return
        status = ReceiveStatus().replace(group_address=frame[0] & 1)
        if configuration.monitor:
            self._miss(status.replace(receiver_disabled=1))
        elif not self._store(frame, status.replace(received=1)):
            self._miss(status)
            self._interrupt(overwrite_warning=1, reset_status=1)
        self.drive_outputs()

    def _accepts(self, frame: bytes) -> bool:
        configuration = self.state.receive_configuration
        destination = frame[:6]
        if len(destination) < 6:
            return False
        if destination == BROADCAST:
            return bool(configuration.accept_broadcast)
        if destination[0] & 1:
            index = multicast_index(destination)
            chosen = self.state.multicast[index >> 3] >> (index & 7) & 1
            return bool(configuration.accept_multicast and chosen)
        return bool(configuration.promiscuous) or destination == self.state.physical_address

    def _store(self, frame: bytes, status: ReceiveStatus) -> bool:
        """Put a packet into the ring; False where it would reach the boundary page."""
        state = self.state
        data = bytes(HEADER_SIZE) + frame + frame_check(frame)
        following = state.current_page
        for _ in range(0, len(data), PAGE_SIZE):
            following = self._page_after(following)
            if following == state.boundary:
                return False
        # The length counts the header but not the CRC, although that is stored, too.
        length = len(frame) + HEADER_SIZE
        data = bytes((status, following, length & 0xFF, length >> 8 & 0xFF)) + data[HEADER_SIZE:]
        page = state.current_page
        for start in range(0, len(data), PAGE_SIZE):
            self.write_memory(page * PAGE_SIZE, data[start : start + PAGE_SIZE])
            page = self._page_after(page)
        state.local_address = state.current_page * PAGE_SIZE
        state.current_page = following
        state.receive_status = status
        self._interrupt(packet_received=1)
        return True

    def _page_after(self, page: int) -> int:
        following = page + 1 & 0xFF
        return self.state.page_start if following == self.state.page_stop else following

    def _miss(self, status: ReceiveStatus) -> None:
        state = self.state
        state.missed_packets = min(state.missed_packets + 1, COUNTER_LIMIT)
        state.receive_status = status.replace(missed=1)
        self._interrupt(receive_error=1)
        if state.missed_packets >= COUNTER_ALARM:
            self._interrupt(counter_overflow=1)

    # remote DMA

    @property
    def remote_pointer(self) -> int:
        """Where remote DMA reads or writes next; by words the lowest address line is not used."""
        return self.state.remote_address & ~self.state.data_configuration.word_transfer

    def remote_read(self, length: int) -> bytes:
        """`length` bytes to the host; past the count the address moves on, but nothing is completed again."""
        data = self.read_memory(self.remote_pointer, length)
        self._remote_moved(length)
        return data

    def remote_write(self, data: bytes) -> None:
        """Bytes from the host; past the count they vanish."""
        if self.state.remote_count:
            self.write_memory(self.remote_pointer, data)
            self._remote_moved(len(data))

    def _remote_moved(self, length: int) -> None:
        """The address wraps from the ring's end to its start; the count may be overshot by half a word."""
        state = self.state
        state.remote_address = state.remote_address + length & 0xFFFF
        if state.remote_address == state.page_stop * PAGE_SIZE:
            state.remote_address = state.page_start * PAGE_SIZE
        if state.remote_count:
            state.remote_count = max(0, state.remote_count - length)
            if state.remote_count == 0:
                self._remote_complete()

    def _remote_complete(self) -> None:
        if self.state.command.remote == SEND_PACKET:
            header = self.read_memory(self.state.boundary * PAGE_SIZE, HEADER_SIZE)
            self._move_boundary(header[1])
        self._interrupt(remote_dma_complete=1)

    def _load_packet(self) -> None:
        """The send packet command reads the packet at the boundary, as its header describes it."""
        start = self.state.boundary * PAGE_SIZE
        header = self.read_memory(start, HEADER_SIZE)
        self.state.remote_address = start
        self.state.remote_count = int.from_bytes(header[2:], "little")
