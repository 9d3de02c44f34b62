"""An ATA disk as a driver sees it."""

from __future__ import annotations

import pytest

from tests.unit.devices.ide_driver import DF, DRDY, DRQ, DSC, ERR, Bench, image


@pytest.fixture
def bench() -> Bench:
    return Bench(disk=image(4000))


def sector(n: int) -> bytes:
    return n.to_bytes(4, "little") * 128


def test_identify_tells_size_model_and_modes(bench: Bench) -> None:
    words = bench.identify()
    assert words[60] | words[61] << 16 == 4000
    assert words[100] | words[101] << 16 == 4000
    assert (words[1], words[3], words[6]) == (3, 16, 63)
    model = b"".join(word.to_bytes(2, "big") for word in words[27:47])
    assert model.decode().strip() == "EMU HARDDISK"
    assert words[63] & 7 == 7
    assert words[88] == 0


def test_a_28_bit_read_delivers_the_sectors_in_order(bench: Bench) -> None:
    bench.command(0x20, lba=5, count=3)
    assert [bench.read_block() for _ in range(3)] == [sector(5), sector(6), sector(7)]
    assert bench.status == DRDY | DSC


def test_a_count_of_zero_is_256_sectors(bench: Bench) -> None:
    bench.command(0x20, lba=0, count=0)
    for n in range(256):
        assert bench.status & DRQ
        assert bench.read_block() == sector(n)
    assert not bench.status & DRQ


def test_a_48_bit_read_uses_both_bytes_of_each_register(bench: Bench) -> None:
    bench.command_48(0x24, lba=1000, count=300)
    data = b"".join(bench.read_block() for _ in range(300))
    assert data == b"".join(sector(n) for n in range(1000, 1300))
    assert bench.status == DRDY | DSC


class Vast:
    """A disk of 64 TiB whose sectors hold their number."""

    size = 1 << 46
    read_only = True

    def read(self, offset: int, length: int) -> bytes:
        return b"".join((offset // 512 + n).to_bytes(8, "little") * 64 for n in range(length // 512))

    def write(self, offset: int, data: bytes) -> None:
        raise AssertionError

    def flush(self) -> None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError


def test_a_48_bit_address_reaches_the_end_of_a_vast_disk() -> None:
    bench = Bench(disk=Vast())
    lba = (1 << 37) - 2
    bench.command_48(0x24, lba=lba, count=2)
    assert bench.read_block()[:8] == lba.to_bytes(8, "little")
    bench.read_block()
    assert bench.status == DRDY | DSC
    assert [bench.read(register) for register in (3, 4, 5)] == [0xFF, 0xFF, 0xFF]
    bench.ports.write(0x3F6, 1, 0x80)
    assert [bench.read(register) for register in (3, 4, 5)] == [0xFF, 0x1F, 0x00]
    assert bench.identify()[60:62] == [0xFFFF, 0x0FFF]


def test_a_chs_read_uses_the_current_geometry(bench: Bench) -> None:
    bench.write(2, 10)  # sectors per track
    bench.write(6, 0xA3)  # four heads
    bench.write(7, 0x91)
    assert bench.status == DRDY | DSC
    for register, value in ((2, 1), (3, 4), (4, 2), (5, 0), (6, 0xA1)):
        bench.write(register, value)
    bench.write(7, 0x20)
    assert bench.read_block() == sector((2 * 4 + 1) * 10 + 3)


def test_the_high_order_byte_bit_shows_what_was_written_before(bench: Bench) -> None:
    bench.write(3, 0x12)
    bench.write(3, 0x34)
    assert bench.read(3) == 0x34
    bench.ports.write(0x3F6, 1, 0x80)
    assert bench.read(3) == 0x12
    bench.write(2, 0)
    assert bench.read(3) == 0x34


def test_each_block_of_a_read_interrupts_and_reading_status_lowers_it(bench: Bench) -> None:
    bench.command(0x20, lba=0, count=2)
    assert bench.line.level
    assert bench.alternate & DRQ
    assert bench.line.level
    assert bench.status & DRQ
    assert not bench.line.level
    bench.read_block()
    assert bench.line.level
    assert bench.status & DRQ
    bench.read_block()
    assert not bench.line.level
    assert bench.irqs == [True, False, True, False]


def test_a_write_interrupts_after_each_block_but_not_before_the_first(bench: Bench) -> None:
    bench.command(0x30, lba=7, count=2)
    assert not bench.line.level
    assert bench.status & DRQ
    bench.write_block(b"A" * 512)
    assert bench.line.level
    assert bench.status & DRQ
    bench.write_block(b"B" * 512)
    assert bench.line.level
    assert bench.status == DRDY | DSC
    bench.command(0x20, lba=6, count=4)
    data = b"".join(bench.read_block() for _ in range(4))
    assert data == sector(6) + b"A" * 512 + b"B" * 512 + sector(9)


def test_interrupts_stay_away_while_they_are_disabled(bench: Bench) -> None:
    bench.ports.write(0x3F6, 1, 0x02)
    bench.command(0x20, lba=0, count=1)
    assert not bench.line.level
    bench.ports.write(0x3F6, 1, 0x00)
    assert bench.line.level


def test_multiple_moves_blocks_of_the_set_size(bench: Bench) -> None:
    bench.command(0xC6, count=4)
    assert bench.status == DRDY | DSC
    bench.command(0xC4, lba=10, count=6)
    assert bench.status & DRQ
    assert bench.read_block(2048) == b"".join(sector(n) for n in range(10, 14))
    assert bench.line.level
    assert bench.status & DRQ
    assert bench.read_block(1024) == sector(14) + sector(15)
    assert bench.status == DRDY | DSC


def test_multiple_of_no_power_of_two_is_refused_and_zero_disables_it(bench: Bench) -> None:
    bench.command(0xC6, count=3)
    assert (bench.status & ERR, bench.read(1)) == (ERR, 0x04)
    bench.command(0xC6, count=0)
    bench.command(0xC4, lba=0, count=1)
    assert (bench.status & ERR, bench.read(1)) == (ERR, 0x04)


@pytest.mark.parametrize(("lba", "count"), [(4000, 1), (3999, 2), (0x0FFF_FFFF, 1)])
def test_an_address_beyond_the_disk_is_not_found(bench: Bench, lba: int, count: int) -> None:
    bench.command(0x20, lba=lba, count=count)
    assert bench.status == DRDY | DSC | ERR
    assert bench.read(1) == 0x10


def test_a_host_error_while_reading_is_uncorrectable_and_names_the_sector() -> None:
    disk = image(100)
    disk.bad = {13}
    bench = Bench(disk=disk)
    bench.command(0xC6, count=8)
    bench.command(0xC4, lba=8, count=16)
    assert bench.status == DRDY | DSC | ERR
    assert bench.read(1) == 0x40
    assert (bench.read(3), bench.read(2)) == (13, 11)


def test_a_host_error_while_writing_is_a_device_fault() -> None:
    disk = image(100)
    disk.bad = {3}
    bench = Bench(disk=disk)
    bench.command(0x30, lba=3, count=1)
    bench.write_block(bytes(512))
    assert bench.status == DRDY | DSC | DF | ERR


def test_a_read_only_image_aborts_writes() -> None:
    disk = image(100)
    disk.read_only = True
    bench = Bench(disk=disk)
    bench.command(0x30, lba=3, count=1)
    assert (bench.status & (ERR | DRQ), bench.read(1)) == (ERR, 0x04)


def test_without_write_cache_every_write_is_flushed() -> None:
    disk = image(100)
    bench = Bench(disk=disk)
    bench.command(0xEF, features=0x82)
    disk.calls.clear()
    bench.command(0x30, lba=3, count=1)
    bench.write_block(bytes(512))
    assert disk.calls == ["flush"]


@pytest.mark.parametrize("command", [0xE7, 0xEA])
def test_flush_cache_reaches_the_image(command: int) -> None:
    disk = image(100)
    bench = Bench(disk=disk)
    bench.command(command)
    assert disk.calls == ["flush"]
    assert bench.status == DRDY | DSC


@pytest.mark.parametrize("command", [0x10, 0x40, 0x70, 0xE1, 0xE3])
def test_commands_without_data_complete_with_an_interrupt(bench: Bench, command: int) -> None:
    bench.command(command, lba=1, count=1)
    assert bench.line.level
    assert bench.status == DRDY | DSC


def test_check_power_mode_tells_standby_until_the_next_command(bench: Bench) -> None:
    bench.command(0xE5)
    assert bench.read(2) == 0xFF
    bench.command(0xE0)
    bench.command(0xE5)
    assert bench.read(2) == 0x00
    bench.command(0xE1)
    bench.command(0xE5)
    assert bench.read(2) == 0xFF


@pytest.mark.parametrize("command", [0x00, 0x08, 0xA0, 0xA1, 0xB0, 0xFF])
def test_commands_that_a_disk_does_not_know_are_aborted(bench: Bench, command: int) -> None:
    bench.command(command)
    assert (bench.status & ERR, bench.read(1)) == (ERR, 0x04)


@pytest.mark.parametrize(("mode", "known"), [(0x0C, True), (0x22, True), (0x0D, False), (0x42, False)])
def test_transfer_modes_up_to_multiword_dma_2_can_be_set(bench: Bench, mode: int, known: bool) -> None:
    bench.command(0xEF, features=0x03, count=mode)
    assert bool(bench.status & ERR) is not known
    assert bool(bench.identify()[63] & 0x0400) is (mode == 0x22)


def test_commands_and_registers_are_ignored_while_data_is_due(bench: Bench) -> None:
    bench.command(0x20, lba=1, count=1)
    bench.write(3, 0x77)
    bench.write(7, 0x20)
    assert bench.read(3) == 1
    assert bench.read_block() == sector(1)
    assert bench.status == DRDY | DSC


def test_a_byte_read_of_the_data_port_consumes_a_word(bench: Bench) -> None:
    bench.command(0x20, lba=0x0102, count=1)
    assert bench.read(0) == 0x02
    assert bench.ports.read(0x1F0, 2) == 0x0000
    assert bench.ports.read(0x1F0, 4) == 0x0102


@pytest.mark.parametrize("width", [2, 4])
def test_a_string_read_is_the_same_as_single_reads_and_stops_at_the_block(bench: Bench, width: int) -> None:
    bench.command(0x20, lba=3, count=2)
    first = bench.ports.read_string(0x1F0, width, 1000)
    assert first == sector(3)
    assert bench.ports.read_string(0x1F0, width, 3) == sector(4)[: 3 * width]
    assert bench.ports.read_string(0x1F0, width, 1000) == sector(4)[3 * width :]
    assert bench.status == DRDY | DSC
    assert bench.ports.read_string(0x1F0, width, 1000) == bytes(width)


@pytest.mark.parametrize("width", [2, 4])
def test_a_string_write_is_the_same_as_single_writes_and_stops_at_the_block(bench: Bench, width: int) -> None:
    bench.command(0x30, lba=3, count=1)
    assert bench.ports.write_string(0x1F0, width, b"x" * 100) == 100
    assert bench.ports.write_string(0x1F0, width, b"y" * 1000) == 412
    bench.command(0x20, lba=3, count=1)
    assert bench.read_block() == b"x" * 100 + b"y" * 412


def test_a_restored_controller_carries_on_in_mid_transfer(bench: Bench) -> None:
    bench.command(0x20, lba=20, count=2)
    assert bench.read_block(100) == sector(20)[:100]
    saved = bench.ide.save()
    twin = Bench(disk=image(4000))
    twin.ide.restore(saved)
    assert twin.ide.save() == saved
    assert twin.read_block(412) == bench.read_block(412) == sector(20)[100:]
    assert twin.status == bench.status
    assert twin.read_block() == sector(21)


def test_a_write_under_way_survives_save_and_restore(bench: Bench) -> None:
    bench.command(0x30, lba=20, count=1)
    bench.write_block(b"abcd")
    saved = bench.ide.save()
    bench.write_block(bytes(508))
    bench.ide.restore(saved)
    bench.write_block(b"z" * 508)
    bench.command(0x20, lba=20, count=1)
    assert bench.read_block() == b"abcd" + b"z" * 508
