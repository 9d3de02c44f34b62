"""The RTL8029 through its ports, in the steps that drivers take."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import pytest

from emu.core.bus import PortBus
from emu.core.wires import IrqLine
from emu.devices.ne2k.rtl8029 import Rtl8029
from emu.devices.ne2k.state import multicast_index

BASE = 0xC100
MAC = bytes.fromhex("525400123456")
OTHER = bytes.fromhex("525400abcdef")
START, STOP_PAGE, RX_START, TX_PAGE = 0x22, 0x80, 0x4C, 0x40
PRX, PTX, RXE, OVW, CNT, RDC, RST = 0x01, 0x02, 0x04, 0x10, 0x20, 0x40, 0x80


class Wire:
    """A link whose other end is the test."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def attach(self, receive: object) -> None:
        pass

    def close(self) -> None:
        pass


class Card:
    """A card on a port bus, and what a driver does with it."""

    def __init__(self) -> None:
        self.bus = PortBus()
        self.wire = Wire()
        self.levels: list[bool] = []
        self.irq = IrqLine("nic", self.levels.append)
        self.chip = Rtl8029("nic0", mac=MAC, irq=self.irq, link=self.wire)
        self.bus.move(self.chip.region, BASE)

    def read(self, offset: int, width: int = 1) -> int:
        return self.bus.read(BASE + offset, width)

    def write(self, offset: int, value: int, width: int = 1) -> None:
        self.bus.write(BASE + offset, width, value)

    def program(self, *steps: tuple[int, int]) -> None:
        for offset, value in steps:
            self.write(offset, value)

    def start(self, receive: int = 0x04, data: int = 0x49, mask: int = 0x3F) -> None:
        """What Linux's NS8390_init does, with page 0 selected and the card running at its end."""
        self.program((0, 0x21), (0xE, data), (0xA, 0), (0xB, 0), (0xC, 0x20), (0xD, 0x02), (4, TX_PAGE))
        self.program((1, RX_START), (3, STOP_PAGE - 1), (2, STOP_PAGE), (7, 0xFF), (0xF, 0), (0, 0x61))
        self.program(*((1 + n, byte) for n, byte in enumerate(MAC)), (7, RX_START), (0, 0x21))
        self.program((7, 0xFF), (0xF, mask), (0, START), (0xD, 0), (0xC, receive))

    def remote(self, command: int, address: int, count: int) -> None:
        self.program((0, START), (0xA, count & 0xFF), (0xB, count >> 8))
        self.program((8, address & 0xFF), (9, address >> 8), (0, command | 2))

    def fetch(self, address: int, count: int, width: int = 1) -> bytes:
        self.remote(0x08, address, count)
        return b"".join(self.read(0x10, width).to_bytes(width, "little") for _ in range(0, count, width))

    def store(self, address: int, data: bytes, width: int = 1) -> None:
        self.remote(0x10, address, len(data))
        for n in range(0, len(data), width):
            self.write(0x10, int.from_bytes(data[n : n + width], "little"), width)

    def transmit(self, frame: bytes) -> None:
        self.store(TX_PAGE << 8, frame + bytes(len(frame) % 2), 2)
        self.program((7, RDC), (5, len(frame) & 0xFF), (6, len(frame) >> 8), (4, TX_PAGE), (0, 0x26))

    def page1(self, offset: int) -> int:
        self.write(0, 0x62)
        value = self.read(offset)
        self.write(0, START)
        return value


@pytest.fixture
def card() -> Card:
    return Card()


@pytest.fixture
def running(card: Card) -> Card:
    card.start()
    return card


def frame(to: bytes = MAC, size: int = 60, fill: int = 0x55) -> bytes:
    return to + OTHER + b"\x08\x00" + bytes([fill]) * (size - 14)


def addressed(chip: Card, frames: Iterable[bytes]) -> int:
    """How many of the frames raised a packet interrupt."""
    count = 0
    for each in frames:
        chip.write(7, PRX)
        chip.chip.receive(each)
        count += chip.read(7) & PRX
    return count


# probing and reset


def test_power_on_is_stopped_and_in_reset(card: Card) -> None:
    assert card.read(0) == 0x21
    assert card.read(7) == RST
    assert not card.irq.level


def test_linux_finds_an_8390_by_a_counter_that_reading_clears(card: Card) -> None:
    card.write(0, 0x61)
    card.write(0xD, 0xFF)
    card.write(0, 0x20)
    card.read(0xD)
    assert card.read(0xD) == 0


def test_reading_the_reset_port_resets_and_writing_it_does_nothing(running: Card) -> None:
    running.write(0x1F, running.read(0x1F))
    assert running.read(0) == 0x21
    assert running.read(7) & RST
    running.write(0, START)
    running.write(0x1F, 0)
    assert running.read(0) == START


def test_reset_keeps_the_address_and_masks_interrupts(running: Card) -> None:
    running.read(0x18)
    assert bytes(running.page1(1 + n) for n in range(6)) == MAC
    running.write(0, 0x82)
    assert running.read(0xF) == 0


def test_the_reset_status_cannot_be_written_away_but_starting_clears_it(card: Card) -> None:
    card.write(7, 0xFF)
    assert card.read(7) == RST
    card.write(0, START)
    assert card.read(7) == 0


def test_stopping_sets_the_reset_status(running: Card) -> None:
    running.write(0, 0x21)
    assert running.read(7) == RST


def test_page_0_shows_the_identity_of_the_realtek(card: Card) -> None:
    assert (card.read(0xA), card.read(0xB)) == (0x50, 0x43)


def test_page_3_shows_the_configuration(card: Card) -> None:
    card.write(0, 0xE1)
    assert (card.read(3), card.read(5), card.read(6)) == (0x00, 0x40, 0x40)


def test_the_configuration_is_written_only_while_unlocked(card: Card) -> None:
    card.program((0, 0xE1), (6, 0x00))
    assert card.read(6) == 0x40
    card.program((1, 0xC0), (6, 0x00), (5, 0x80), (1, 0x00))
    assert (card.read(6), card.read(5)) == (0x00, 0x80)
    card.write(1, 0x40)
    assert (card.read(1), card.read(6), card.read(5)) == (0, 0x40, 0x40)


def test_the_command_register_is_the_same_on_every_page(card: Card) -> None:
    for page in range(4):
        card.write(0, page << 6 | 0x21)
        assert card.read(0) == page << 6 | 0x21


def test_page_1_keeps_addresses_and_the_current_page(card: Card) -> None:
    card.write(0, 0x61)
    card.program(*((offset, 0x30 + offset) for offset in range(1, 16)))
    assert [card.read(offset) for offset in range(1, 16)] == [0x30 + offset for offset in range(1, 16)]


def test_page_2_reads_back_what_page_0_cannot(running: Card) -> None:
    running.write(0, 0xA2)
    assert (running.read(1), running.read(2), running.read(4)) == (RX_START, STOP_PAGE, TX_PAGE)
    assert (running.read(0xC), running.read(0xD), running.read(0xE), running.read(0xF)) == (
        0xC4,
        0xE0,
        0xC9,
        0x3F,
    )
    running.write(1, 0)
    assert running.read(1) == RX_START


# remote DMA


def test_the_prom_holds_the_address_doubled_and_marks_a_word_wide_card(card: Card) -> None:
    card.program((0, 0x21), (0xE, 0x48))
    expected = MAC + bytes(8) + b"WW"
    assert card.fetch(0, 32) == bytes(byte for byte in expected for _ in range(2))


def test_byte_reads_in_word_mode_take_words_as_linux_reads_the_prom(card: Card) -> None:
    card.program((0, 0x21), (0xE, 0x49))
    read = card.fetch(0, 32)
    assert read[:16] == MAC + bytes(8) + b"WW"
    assert card.read(7) == RDC


@pytest.mark.parametrize(
    ("mode", "write_width", "read_width"),
    [(0x48, write, read) for write in (1, 2, 4) for read in (1, 2, 4)]
    + [(0x49, write, read) for write in (2, 4) for read in (2, 4)],
)
def test_memory_keeps_what_remote_dma_writes(
    card: Card, mode: int, write_width: int, read_width: int
) -> None:
    card.write(0xE, mode)
    data = bytes(range(200))
    card.store(0x4100, data, write_width)
    assert card.read(7) == RDC
    card.write(7, RDC)
    assert card.fetch(0x4100, 200, read_width) == data


def test_the_current_remote_address_can_be_read(card: Card) -> None:
    card.write(0xE, 0x48)
    card.fetch(0x4102, 3)
    assert (card.read(8), card.read(9)) == (0x05, 0x41)


def test_a_remote_operation_of_zero_bytes_completes_at_once(running: Card) -> None:
    for command in (0x0A, 0x12):
        running.write(7, RDC)
        running.write(0, command)
        assert running.read(7) == RDC


def test_reads_past_the_count_do_not_stall_and_complete_nothing(card: Card) -> None:
    card.write(0xE, 0x48)
    card.store(0x4000, b"abcdef")
    card.remote(0x08, 0x4000, 4)
    assert bytes(card.read(0x10) for _ in range(4)) == b"abcd"
    card.write(7, RDC)
    assert bytes(card.read(0x10) for _ in range(2)) == b"ef"
    assert card.read(7) == 0


def test_writes_past_the_count_vanish(card: Card) -> None:
    card.write(0xE, 0x48)
    card.store(0x4000, b"abcd")
    card.write(0x10, ord("x"))
    assert card.fetch(0x4000, 6) == b"abcd\0\0"


def test_the_prom_and_the_gap_take_no_writes(card: Card) -> None:
    card.write(0xE, 0x48)
    before = card.fetch(0, 32)
    card.store(0, bytes(64))
    assert card.fetch(0, 64) == before + b"\xff" * 32


def test_remote_dma_wraps_at_the_end_of_the_ring(running: Card) -> None:
    running.write(0xE, 0x48)
    running.store(0x7FFC, b"tail")
    running.store(RX_START << 8, b"head")
    assert running.fetch(0x7FFC, 8) == b"tailhead"
    running.write(0xE, 0x49)
    assert running.fetch(0x7FFC, 8, 4) == b"tailhead"


@pytest.mark.parametrize("mode", [0x48, 0x49])
@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("stop", [0x60, 0x80])
@pytest.mark.parametrize(
    ("address", "count"),
    [(0x4000, 64), (0x5FF2, 40), (0x7FF2, 40), (0x0010, 24), (0x4001, 17), (0x5FFD, 30), (0x7FFD, 9)],
)
def test_strings_equal_single_accesses(mode: int, width: int, stop: int, address: int, count: int) -> None:
    """Every byte, flag and wire alike, also past the count, across the ring's end, and unaligned."""
    single, string = Card(), Card()
    for card in (single, string):
        card.start(data=mode, mask=0x7F)
        card.write(2, stop)
        card.remote(0x10, address, count)
    data = bytes(range(1, 97))
    for n in range(0, len(data), width):
        single.write(0x10, int.from_bytes(data[n : n + width], "little"), width)
    rest = data
    while rest:
        rest = rest[string.bus.write_string(BASE + 0x10, width, rest) :]
    assert string.chip.save() == single.chip.save()
    assert string.levels == single.levels
    for card in (single, string):
        card.write(7, 0xFF)
        card.remote(0x08, address, count)
    expected = b"".join(single.read(0x10, width).to_bytes(width, "little") for _ in range(0, 96, width))
    got = b""
    while len(got) < 96:
        got += string.bus.read_string(BASE + 0x10, width, (96 - len(got)) // width)
    assert got == expected
    assert string.chip.save() == single.chip.save()
    assert string.levels == single.levels


def test_a_long_string_moves_in_one_go(running: Card) -> None:
    running.remote(0x08, 0x4000, 1024)
    assert len(running.bus.read_string(BASE + 0x10, 4, 256)) == 1024
    assert running.read(7) == RDC


def test_wide_accesses_to_registers_are_bytes(running: Card) -> None:
    running.write(8, 0x1234, 2)
    assert running.read(8, 2) == 0x1234
    assert running.read(0xA, 2) == 0x4350


# transmitting


def test_a_transmitted_frame_is_on_the_link(running: Card) -> None:
    sent = frame(OTHER, 65)
    running.transmit(sent)
    assert running.wire.sent == [sent]
    assert running.read(7) == PTX
    assert running.read(4) == 0x03
    assert running.read(0) & 0x04 == 0


def test_transmitting_zero_bytes_is_harmless(running: Card) -> None:
    running.program((5, 0), (6, 0), (0, 0x26))
    assert running.wire.sent == []
    assert running.read(7) == PTX


def test_a_stopped_card_does_not_transmit(running: Card) -> None:
    running.program((5, 60), (6, 0), (0, 0x25))
    assert running.wire.sent == []
    assert running.read(0) & 0x04 == 0


def test_a_driver_that_makes_the_crc_itself_has_it_taken_off_the_frame(running: Card) -> None:
    sent = frame(OTHER, 60)
    running.write(0xD, 0x01)
    running.transmit(sent + crc32(sent).to_bytes(4, "little"))
    running.transmit(sent + b"bad!")
    assert running.wire.sent == [sent]


@pytest.mark.parametrize(("mode", "status", "on_the_wire"), [(1, 0x53, 0), (2, 0x43, 0), (3, 0x03, 1)])
def test_loopback_reports_as_the_sheet_tells(running: Card, mode: int, status: int, on_the_wire: int) -> None:
    running.write(0xD, mode << 1)
    running.transmit(frame(MAC, 60))
    assert len(running.wire.sent) == on_the_wire
    assert running.read(4) == status
    assert running.read(7) == PTX
    assert running.read(0xC) == 0x02


def test_loopback_leaves_the_packets_end_in_the_fifo(running: Card) -> None:
    sent = frame(MAC, 60)
    running.write(0xD, 0x02)
    running.transmit(sent)
    check = crc32(sent).to_bytes(4, "little")
    assert bytes(running.read(6) for _ in range(8)) == bytes([64, 0, 0, sent[-1]]) + check


def test_loopback_checks_a_crc_that_the_driver_made(running: Card) -> None:
    sent = frame(MAC, 60)
    running.write(0xD, 0x03)
    running.transmit(sent + crc32(sent).to_bytes(4, "little"))
    assert running.read(0xC) == 0x01
    running.transmit(sent + b"bad!")
    assert running.read(0xC) == 0x02


def test_nothing_arrives_in_loopback(running: Card) -> None:
    running.write(0xD, 0x02)
    running.chip.receive(frame())
    assert running.read(7) == 0


# receiving


def test_a_received_frame_is_in_the_ring_behind_its_header(running: Card) -> None:
    arrived = frame(size=100)
    running.chip.receive(arrived)
    assert running.read(7) == PRX
    assert running.read(0xC) == 0x01
    assert running.page1(7) == RX_START + 1
    header = running.fetch(RX_START << 8, 4, 4)
    assert header == bytes([0x01, RX_START + 1, 104, 0])
    assert running.fetch((RX_START << 8) + 4, 100, 4) == arrived


def test_the_crc_is_stored_and_counted_for_pages_but_not_in_the_length(running: Card) -> None:
    running.chip.receive(frame(size=248))
    assert running.page1(7) == RX_START + 1
    running.chip.receive(frame(size=249))
    assert running.page1(7) == RX_START + 3
    assert running.fetch((RX_START << 8) + 252, 4, 4) == crc32(frame(size=248)).to_bytes(4, "little")


def test_a_packet_wraps_from_the_rings_end_to_its_start(running: Card) -> None:
    running.program((0, 0x62), (7, STOP_PAGE - 1), (0, START), (3, STOP_PAGE - 2))
    arrived = bytes(frame(size=14)) + bytes(n & 0xFF for n in range(500))
    running.chip.receive(arrived)
    assert running.page1(7) == RX_START + 2
    assert running.fetch((STOP_PAGE - 1) << 8, 4, 4)[1] == RX_START + 2
    assert running.fetch(((STOP_PAGE - 1) << 8) + 4, 514, 2) == arrived


def test_frames_for_others_are_ignored_unless_promiscuous(card: Card) -> None:
    card.start(receive=0x00)
    assert addressed(card, [frame(OTHER)]) == 0
    card.write(0xC, 0x10)
    assert addressed(card, [frame(OTHER), frame(MAC)]) == 2


def test_broadcasts_are_accepted_on_request(card: Card) -> None:
    card.start(receive=0x00)
    broadcast = frame(b"\xff" * 6)
    assert addressed(card, [broadcast]) == 0
    card.write(0xC, 0x04)
    assert addressed(card, [broadcast]) == 1
    assert card.read(0xC) == 0x21


def test_multicasts_pass_by_their_hash(card: Card) -> None:
    group = bytes.fromhex("01005e000001")
    card.start(receive=0x08)
    assert addressed(card, [frame(group)]) == 0
    index = multicast_index(group)
    card.program((0, 0x62), (8 + (index >> 3), 1 << (index & 7)), (0, START))
    assert addressed(card, [frame(group), frame(bytes.fromhex("01005e000002"))]) == 1
    card.write(0xC, 0x00)
    assert addressed(card, [frame(group)]) == 0


def test_the_multicast_hash_is_the_top_of_the_crc() -> None:
    """Worked out with the bit-serial CRC of IEEE 802.3, most significant bit first, as Linux's ether_crc."""

    def ether_crc(data: bytes) -> int:
        crc = 0xFFFF_FFFF
        for byte in data:
            for n in range(8):
                carry = crc >> 31 ^ byte >> n & 1
                crc = crc << 1 & 0xFFFF_FFFF ^ (0x04C1_1DB7 if carry else 0)
        return crc

    for last in range(64):
        address = bytes.fromhex("01005e0000") + bytes([last])
        assert multicast_index(address) == ether_crc(address) >> 26


def test_runts_are_dropped_unless_asked_for(running: Card) -> None:
    assert addressed(running, [frame(size=59)]) == 0
    running.write(0xC, 0x06)
    assert addressed(running, [frame(size=59), frame(size=14)]) == 2
    assert addressed(running, [MAC[:5], b""]) == 0


def test_a_stopped_card_receives_nothing(running: Card) -> None:
    running.write(0, 0x21)
    running.chip.receive(frame())
    assert running.read(7) == RST
    assert running.read(0xF) == 0


def test_monitor_mode_counts_but_does_not_store(running: Card) -> None:
    running.write(0xC, 0x24)
    running.chip.receive(frame())
    running.chip.receive(frame(OTHER))
    assert running.read(7) == RXE
    assert running.read(0xC) == 0x50
    assert running.read(0xF) == 1
    assert running.read(0xF) == 0
    assert running.page1(7) == RX_START


def test_a_full_ring_warns_and_keeps_what_it_holds(running: Card) -> None:
    pages = STOP_PAGE - RX_START
    for n in range(pages):
        running.chip.receive(frame(fill=n))
    assert running.read(7) == PRX | RXE | OVW | RST
    assert running.read(0xF) == 2
    assert running.page1(7) == STOP_PAGE - 2
    assert running.fetch((RX_START << 8) + 18, 1) == b"\0"


def test_taking_a_packet_from_a_full_ring_lets_the_next_one_in(running: Card) -> None:
    for n in range(STOP_PAGE - RX_START):
        running.chip.receive(frame(fill=n))
    running.program((3, RX_START + 3), (7, 0x7F))
    assert running.read(7) == 0
    running.chip.receive(frame())
    assert running.read(7) == PRX


def test_missed_packets_stop_counting_and_raise_an_interrupt(running: Card) -> None:
    running.write(0xC, 0x20)
    for _ in range(127):
        running.chip.receive(frame())
    assert not running.read(7) & CNT
    for _ in range(100):
        running.chip.receive(frame())
    assert running.read(7) & CNT
    assert running.read(0xF) == 0xC0


def test_a_nonsense_ring_does_not_hang_the_card(running: Card) -> None:
    for start, stop, current, boundary in (
        (0x80, 0x40, 0x50, 0x50),
        (0, 0, 0, 1),
        (9, 9, 9, 9),
        (0xFF, 1, 0, 0xFE),
    ):
        running.program((1, start), (2, stop), (3, boundary), (0, 0x62), (7, current), (0, START))
        running.chip.receive(frame(size=1514))
        running.chip.receive(bytes(MAC) + bytes(100_000))


def test_the_send_packet_command_reads_the_packet_at_the_boundary(running: Card) -> None:
    arrived = frame(size=100)
    running.chip.receive(arrived)
    running.chip.receive(frame(size=60))
    running.program((3, RX_START), (7, 0x7F), (0, 0x1A))
    data = b"".join(running.read(0x10, 4).to_bytes(4, "little") for _ in range(26))
    assert data == bytes([1, RX_START + 1, 104, 0]) + arrived
    assert running.read(7) == RDC
    assert running.read(3) == RX_START + 1


# interrupts


def test_the_wire_is_the_level_of_unmasked_causes(running: Card) -> None:
    running.chip.receive(frame())
    assert running.irq.level
    running.write(0xF, 0)
    assert not running.irq.level
    running.write(0xF, 0x01)
    assert running.irq.level
    running.write(7, PRX)
    assert running.levels == [True, False, True, False]


def test_the_reset_status_raises_no_interrupt(card: Card) -> None:
    card.write(0xF, 0xFF)
    assert not card.irq.level


def test_remote_dma_completion_interrupts_if_unmasked(running: Card) -> None:
    running.write(0xF, 0x40)
    running.write(0xE, 0x48)
    running.remote(0x08, 0x4000, 2)
    running.read(0x10)
    assert not running.irq.level
    running.read(0x10)
    assert running.irq.level


# laws


def test_a_restored_twin_answers_every_port_alike(running: Card) -> None:
    running.chip.receive(frame(size=300))
    running.transmit(frame(OTHER))
    running.remote(0x08, 0x4C00, 100)
    running.read(0x10, 4)
    twin = Card()
    twin.chip.restore(running.chip.save())
    assert twin.chip.save() == running.chip.save()
    assert twin.irq.level == running.irq.level
    for page in range(4):
        for card in (running, twin):
            card.write(0, page << 6 | 0x0A)
        for offset in range(0x20):
            assert twin.read(offset) == running.read(offset)
    assert twin.chip.save() == running.chip.save()


def test_reset_gives_the_power_on_state(running: Card) -> None:
    running.chip.receive(frame())
    running.chip.reset()
    assert running.chip.save() == Card().chip.save()
    assert not running.irq.level


def test_names_of_registers_follow_the_selected_page(card: Card) -> None:
    names = card.chip.region.registers
    assert names is not None
    assert names.name(7, write=False) == "interrupt_status"
    assert names.explain(7, 0x41, write=False) == "packet_received remote_dma_complete"
    assert names.name(0xC, write=True) == "receive_configuration"
    card.write(0, 0x61)
    assert names.name(7, write=True) == "current_page"
    assert names.name(0x10, write=False) == "remote_data"
