"""An ATAPI CD drive as a driver sees it."""

from __future__ import annotations

import pytest

from emu.core.state import StateError
from emu.devices.ide.atapi import CdDrive
from tests.unit.devices.ide_driver import DRDY, DRQ, DSC, ERR, Bench, MemoryImage, image

BLOCKS = 100


def disc() -> MemoryImage:
    return MemoryImage(bytearray(b"".join(n.to_bytes(2, "little") * 1024 for n in range(BLOCKS))))


@pytest.fixture
def bench() -> Bench:
    bench = Bench(disk=image(10), cd=disc())
    bench.use(2)
    return bench


def block(n: int) -> bytes:
    return n.to_bytes(2, "little") * 1024


def read_10(lba: int, count: int) -> bytes:
    return bytes((0x28, 0)) + lba.to_bytes(4, "big") + bytes(1) + count.to_bytes(2, "big")


def test_identify_device_aborts_and_shows_the_signature(bench: Bench) -> None:
    bench.write(7, 0xEC)
    assert bench.status & ERR
    assert (bench.read(1), bench.read(4), bench.read(5)) == (0x04, 0x14, 0xEB)


def test_identify_packet_device_describes_a_removable_cd_drive(bench: Bench) -> None:
    bench.write(2, 2)  # the count must not look like an interrupt reason
    words = bench.identify(0xA1)
    assert words[0] == 0x85C0
    assert bench.status == DRDY | DSC
    assert bench.read(2) == 2


def test_the_packet_is_awaited_without_an_interrupt(bench: Bench) -> None:
    bench.write(7, 0xA0)
    assert not bench.secondary_line.level
    assert bench.alternate & DRQ
    assert bench.read(2) & 3 == 1


def test_a_read_delivers_blocks_in_pieces_of_the_byte_count_limit(bench: Bench) -> None:
    status = bench.packet(read_10(3, 3), limit=2048)
    for n in (3, 4, 5):
        assert status & DRQ
        assert bench.read(2) & 3 == 2
        assert bench.read(5) << 8 | bench.read(4) == 2048
        assert bench.read_block(2048) == block(n)
        assert bench.secondary_line.level
        status = bench.status
    assert status == DRDY | DSC
    assert bench.read(2) & 3 == 3


@pytest.mark.parametrize("limit", [0xFFFF, 0xFFFE, 3001, 512, 2])
def test_any_limit_delivers_the_same_bytes(bench: Bench, limit: int) -> None:
    bench.packet(read_10(7, 40), limit=limit)
    assert bench.reply() == b"".join(block(n) for n in range(7, 47))
    assert bench.status == DRDY | DSC


def test_pieces_are_of_even_length_but_for_the_last(bench: Bench) -> None:
    bench.packet(read_10(0, 1), limit=1001)
    lengths = []
    while bench.status & DRQ:
        lengths.append(bench.read(5) << 8 | bench.read(4))
        bench.read_block(lengths[-1])
    assert lengths == [1000, 1000, 48]
    bench.packet(bytes((0x12, 0, 0, 0, 5)), limit=5)
    assert bench.read(4) == 5


def test_a_limit_of_zero_aborts_commands_with_data(bench: Bench) -> None:
    assert bench.packet(read_10(0, 1), limit=0) & ERR
    assert bench.packet(bytes(12), limit=0) == DRDY | DSC


def test_reading_beyond_the_disc_is_an_illegal_request(bench: Bench) -> None:
    assert bench.packet(read_10(BLOCKS, 1)) & ERR
    assert bench.read(1) >> 4 == 5
    assert bench.sense() == (5, 0x21)
    assert bench.sense() == (0, 0)


def test_a_host_error_is_a_medium_error() -> None:
    cd = disc()
    cd.bad = {8}
    bench = Bench(cd=cd)
    bench.use(2)
    assert bench.packet(read_10(2, 1)) & ERR
    assert bench.sense() == (3, 0x11)


def test_capacity_names_the_last_block_and_the_block_size(bench: Bench) -> None:
    bench.packet(bytes((0x25,)))
    assert bench.reply() == (BLOCKS - 1).to_bytes(4, "big") + (2048).to_bytes(4, "big")


def test_inquiry_is_cut_to_the_allocated_length(bench: Bench) -> None:
    bench.packet(bytes((0x12, 0, 0, 0, 36)))
    data = bench.reply()
    assert (len(data), data[0], data[1]) == (36, 5, 0x80)
    bench.packet(bytes((0x12, 0, 0, 0, 5)))
    assert bench.reply() == data[:5]


def test_the_table_of_contents_has_one_track_and_the_lead_out(bench: Bench) -> None:
    bench.packet(bytes((0x43, 0, 0, 0, 0, 0, 0, 0, 100)))
    assert bench.reply() == bytes.fromhex("0012 0101 0014 0100 00000000 0014aa00 00000064")
    bench.packet(bytes((0x43, 2, 0, 0, 0, 0, 0xAA, 0, 100)))
    assert bench.reply() == bytes.fromhex("000a 0101 0014aa00 00000319")
    bench.packet(bytes((0x43, 0, 1, 0, 0, 0, 0, 0, 100)))
    assert bench.reply() == bytes.fromhex("000a 0101 0014 0100 00000000")
    bench.packet(bytes((0x43, 0, 2, 0, 0, 0, 0, 0, 100)))
    assert len(bench.reply()) == 48


def test_mode_sense_gives_the_capabilities_page(bench: Bench) -> None:
    bench.packet(bytes((0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 100)))
    data = bench.reply()
    assert data[8:10] == b"\x2a\x12"
    assert int.from_bytes(data[:2], "big") == len(data) - 2
    bench.packet(bytes((0x1A, 0, 0x3F, 0, 100)))
    data = bench.reply()
    assert data[0] == len(data) - 1
    assert bench.packet(bytes((0x5A, 0, 0x33, 0, 0, 0, 0, 0, 100))) & ERR


@pytest.mark.parametrize(
    "packet",
    [
        bytes((0x46, 0, 0, 0, 0, 0, 0, 1, 0)),
        bytes((0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8)),
        bytes((0x51, 0, 0, 0, 0, 0, 0, 0, 34)),
        bytes((0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8)),
    ],
)
def test_replies_with_a_length_field_are_as_long_as_it_says(bench: Bench, packet: bytes) -> None:
    bench.packet(packet)
    data = bench.reply()
    assert data
    assert bench.status == DRDY | DSC
    if packet[0] == 0x46:
        assert int.from_bytes(data[:4], "big") == len(data) - 4
        assert data[6:8] == b"\x00\x08"
    elif packet[0] != 0xBD:
        assert int.from_bytes(data[:2], "big") == len(data) - 2


def test_an_unknown_packet_command_is_refused_with_sense(bench: Bench) -> None:
    assert bench.packet(bytes((0xFE,))) & ERR
    assert bench.sense() == (5, 0x20)


def test_the_tray_opens_unless_it_is_locked_and_closing_it_is_a_new_medium(bench: Bench) -> None:
    eject, load, ready = bytes((0x1B, 0, 0, 0, 2)), bytes((0x1B, 0, 0, 0, 3)), bytes(12)
    bench.packet(bytes((0x1E, 0, 0, 0, 1)))
    assert bench.packet(eject) & ERR
    assert bench.sense() == (5, 0x53)
    bench.packet(bytes((0x1E, 0, 0, 0, 0)))
    assert bench.packet(eject) == DRDY | DSC
    assert bench.packet(ready) & ERR
    assert bench.sense() == (2, 0x3A)
    assert bench.packet(load) == DRDY | DSC or bench.packet(load) == DRDY | DSC
    bench.packet(ready)
    assert bench.packet(ready) == DRDY | DSC


def test_another_disc_is_reported_once_as_unit_attention(bench: Bench) -> None:
    assert isinstance(bench.cd, CdDrive)
    bench.cd.change_disc(bench.cd.add_disc(MemoryImage(bytearray(2048 * 7))))
    assert bench.packet(bytes(12)) & ERR
    assert bench.sense() == (6, 0x28)
    assert bench.packet(bytes(12)) == DRDY | DSC
    bench.packet(bytes((0x25,)))
    assert bench.reply()[:4] == bytes((0, 0, 0, 6))
    bench.packet(bytes((0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8)))
    assert bench.reply()[4:6] == bytes((2, 2))


def test_an_empty_drive_is_not_ready() -> None:
    bench = Bench()
    drive = CdDrive("cd")
    assert drive.medium is None
    bench = Bench(cd=disc())
    bench.use(2)
    assert isinstance(bench.cd, CdDrive)
    bench.cd.change_disc(None)
    assert bench.packet(bytes(12)) & ERR
    assert bench.sense() == (2, 0x3A)


def test_device_reset_works_while_data_is_due(bench: Bench) -> None:
    bench.packet(read_10(0, 1))
    bench.write(7, 0x08)
    assert bench.status == 0
    assert (bench.read(4), bench.read(5)) == (0x14, 0xEB)


@pytest.mark.parametrize("packet", [bytes(12), read_10(BLOCKS, 1)])
def test_sense_data_survives_save_and_restore(bench: Bench, packet: bytes) -> None:
    bench.packet(packet)
    saved = bench.ide.save()
    bench.ide.restore(saved)
    assert bench.ide.save() == saved


def test_a_reply_survives_save_and_restore(bench: Bench) -> None:
    bench.packet(read_10(7, 4), limit=3000)
    start = bench.read_block(1000)
    saved = bench.ide.save()
    bench.reply()
    bench.ide.restore(saved)
    rest = bench.read_block(2000) + bench.reply()
    assert start + rest == b"".join(block(n) for n in range(7, 11))


def test_a_smaller_disc_put_in_during_a_read_gives_zeros_not_a_crash(bench: Bench) -> None:
    assert isinstance(bench.cd, CdDrive)
    bench.packet(read_10(0, 90), limit=2048)
    bench.read_block(2048)
    bench.cd.change_disc(bench.cd.add_disc(MemoryImage(bytearray(b"n" * 2048))))
    rest = bench.reply()
    assert len(rest) == 89 * 2048
    assert rest[-2048:] == bytes(2048)


def test_an_image_that_ends_within_a_block_is_padded(bench: Bench) -> None:
    assert isinstance(bench.cd, CdDrive)
    bench.cd.change_disc(bench.cd.add_disc(MemoryImage(bytearray(b"n" * 512))))
    bench.packet(bytes(12))
    bench.packet(read_10(0, 1))
    assert bench.reply() == b"n" * 512 + bytes(1536)


EJECT, LOAD, READY = bytes((0x1B, 0, 0, 0, 2)), bytes((0x1B, 0, 0, 0, 3)), bytes(12)
LOCK, UNLOCK = bytes((0x1E, 0, 0, 0, 1)), bytes((0x1E, 0, 0, 0, 0))


def cd(bench: Bench) -> CdDrive:
    assert isinstance(bench.cd, CdDrive)
    return bench.cd


def event(bench: Bench) -> tuple[int, int]:
    """GET EVENT STATUS NOTIFICATION: the media event, and the state of medium and tray."""
    bench.packet(bytes((0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8)))
    data = bench.reply()
    return data[4], data[5]


def capacity(bench: Bench) -> int:
    bench.packet(bytes((0x25,)))
    return int.from_bytes(bench.reply()[:4], "big") + 1


def sense_with_qualifier(bench: Bench) -> tuple[int, int, int]:
    bench.packet(bytes((0x03, 0, 0, 0, 18)))
    data = bench.reply()
    return data[2], data[12], data[13]


def seven_blocks(bench: Bench) -> int:
    return cd(bench).add_disc(MemoryImage(bytearray(2048 * 7)))


def test_an_open_tray_and_an_empty_one_are_told_apart(bench: Bench) -> None:
    bench.packet(EJECT)
    assert event(bench) == (3, 1)
    bench.packet(READY)
    assert sense_with_qualifier(bench) == (2, 0x3A, 2)
    cd(bench).change_disc(None)
    assert event(bench) == (3, 0)
    bench.packet(READY)
    assert sense_with_qualifier(bench) == (2, 0x3A, 1)
    bench.packet(LOAD)
    bench.packet(READY)
    assert sense_with_qualifier(bench) == (2, 0x3A, 1)


def test_a_disc_put_in_from_outside_closes_the_tray_and_is_told_in_every_way(bench: Bench) -> None:
    bench.packet(EJECT)
    cd(bench).change_disc(seven_blocks(bench))
    assert event(bench) == (2, 2)
    assert event(bench) == (0, 2)
    assert bench.packet(READY) & ERR
    assert sense_with_qualifier(bench) == (6, 0x28, 0)
    assert capacity(bench) == 7


def test_who_finds_the_tray_locked_asks_the_guest_and_waits_until_it_lets_go(bench: Bench) -> None:
    bench.packet(LOCK)
    cd(bench).change_disc(seven_blocks(bench))
    assert event(bench) == (1, 2)
    assert capacity(bench) == BLOCKS
    assert bench.packet(EJECT) & ERR
    bench.packet(UNLOCK)
    assert event(bench) == (2, 2)
    bench.packet(READY)
    assert capacity(bench) == 7


def test_who_waits_for_a_locked_tray_may_change_his_mind(bench: Bench) -> None:
    bench.packet(LOCK)
    cd(bench).change_disc(seven_blocks(bench))
    cd(bench).change_disc(None)
    bench.packet(UNLOCK)
    assert event(bench) == (3, 0)
    bench.packet(EJECT)
    assert event(bench) == (3, 1)


def test_a_reset_unlocks_the_tray_for_who_waits(bench: Bench) -> None:
    bench.packet(LOCK)
    cd(bench).change_disc(seven_blocks(bench))
    cd(bench).reset()
    bench.packet(READY)
    assert capacity(bench) == 7


@pytest.fixture
def changer() -> Bench:
    following = MemoryImage(bytearray(2048 * 5)), MemoryImage(bytearray(2048 * 6))
    bench = Bench(cd_drive=CdDrive("cd", image=disc(), following=following))
    bench.use(2)
    return bench


def test_where_discs_are_held_ready_each_eject_puts_in_the_next(changer: Bench) -> None:
    assert capacity(changer) == BLOCKS
    for blocks in (5, 6):
        assert changer.packet(EJECT) == DRDY | DSC
        assert event(changer) == (2, 2)
        assert changer.packet(READY) & ERR
        assert sense_with_qualifier(changer) == (6, 0x28, 0)
        assert capacity(changer) == blocks
    changer.packet(EJECT)
    assert event(changer) == (3, 1)


def test_a_locked_tray_is_not_ejected_though_a_disc_is_held_ready(changer: Bench) -> None:
    changer.packet(LOCK)
    assert changer.packet(EJECT) & ERR
    changer.packet(UNLOCK)
    assert capacity(changer) == BLOCKS


def test_the_disc_and_those_held_ready_survive_save_and_restore(changer: Bench) -> None:
    changer.packet(EJECT)
    saved = changer.ide.save()
    changer.packet(EJECT)
    changer.packet(EJECT)
    changer.ide.restore(saved)
    assert changer.ide.save() == saved
    changer.packet(READY)
    assert capacity(changer) == 5
    changer.packet(EJECT)
    changer.packet(READY)
    assert capacity(changer) == 6


def test_a_state_with_an_unknown_disc_is_refused(changer: Bench) -> None:
    changer.packet(EJECT)
    other = Bench(cd=disc())
    with pytest.raises(StateError, match="a disc that it does not know"):
        other.ide.restore(changer.ide.save())


def test_a_reset_leaves_the_disc_where_it_is(changer: Bench) -> None:
    changer.packet(EJECT)
    cd(changer).reset()
    assert capacity(changer) == 5
    changer.packet(EJECT)
    changer.packet(READY)
    assert capacity(changer) == 6


def test_closing_lets_go_of_every_disc(changer: Bench) -> None:
    changer.packet(EJECT)
    changer.ide.close_images()
    images = [image for image in cd(changer).discs if isinstance(image, MemoryImage)]
    assert [image.calls for image in images] == [["close"]] * 3
