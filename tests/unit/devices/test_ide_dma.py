"""The bus master, as a driver sees it."""

from __future__ import annotations

import pytest

from tests.unit.devices.ide_driver import DRDY, DRQ, DSC, ERR, Bench, image

STATUS = 0xC002


@pytest.fixture
def bench() -> Bench:
    return Bench(disk=image(4000), cd=image(400), cd_at=1)


def sectors(first: int, count: int) -> bytes:
    return b"".join(n.to_bytes(4, "little") * 128 for n in range(first, first + count))


@pytest.mark.parametrize("start_first", [False, True])
def test_a_read_fills_the_regions_and_ends_with_interrupt_and_inactive(
    bench: Bench, start_first: bool
) -> None:
    regions = [(0x2000, 512), (0x8000, 1024)]
    if start_first:
        bench.start_dma(regions, to_memory=True)
        assert bench.ports.read(STATUS, 1) == 0x01
    bench.command(0xC8, lba=5, count=3)
    if not start_first:
        assert bench.alternate & DRQ
        bench.start_dma(regions, to_memory=True)
    assert bench.ports.read(STATUS, 1) == 0x04
    assert bench.line.level
    assert bench.status == DRDY | DSC
    assert bench.memory[0x2000:0x2200] == sectors(5, 1)
    assert bench.memory[0x8000:0x8400] == sectors(6, 2)


def test_a_write_stores_memory_on_the_disk(bench: Bench) -> None:
    bench.memory[0x2000:0x2400] = b"w" * 1024
    bench.command_48(0x35, lba=9, count=2)
    bench.start_dma([(0x2000, 100), (0x2064, 924)], to_memory=False)
    assert bench.status == DRDY | DSC
    bench.command(0x20, lba=8, count=4)
    assert b"".join(bench.read_block() for _ in range(4)) == sectors(8, 1) + b"w" * 1024 + sectors(11, 1)


def test_a_region_of_length_zero_is_64_kib(bench: Bench) -> None:
    bench.command(0xC8, lba=0, count=200)
    bench.start_dma([(0x2_0000, 0), (0x4_0000, 200 * 512 - 0x1_0000)], to_memory=True)
    assert bench.ports.read(STATUS, 1) == 0x04
    assert bench.memory[0x2_0000:0x3_0000] == sectors(0, 128)
    assert bench.memory[0x4_0000 : 0x4_0000 + 72 * 512] == sectors(128, 72)


def test_a_table_larger_than_the_transfer_stays_active(bench: Bench) -> None:
    bench.command(0xC8, lba=5, count=1)
    bench.start_dma([(0x2000, 1024)], to_memory=True)
    assert bench.ports.read(STATUS, 1) == 0x05
    bench.ports.write(0xC000, 1, 0)
    assert bench.ports.read(STATUS, 1) == 0x04


def test_a_table_smaller_than_the_transfer_ends_without_an_interrupt(bench: Bench) -> None:
    bench.command(0xC8, lba=5, count=2)
    bench.start_dma([(0x2000, 512)], to_memory=True)
    assert bench.ports.read(STATUS, 1) == 0x00
    assert bench.status & DRQ
    assert not bench.line.level
    bench.ports.write(0x3F6, 1, 4)
    bench.ports.write(0x3F6, 1, 0)
    assert bench.status == DRDY | DSC


def test_the_wrong_direction_moves_nothing(bench: Bench) -> None:
    bench.command(0xC8, lba=5, count=1)
    bench.start_dma([(0x2000, 512)], to_memory=False)
    assert bench.ports.read(STATUS, 1) == 0x01
    assert not bench.line.level


def test_status_bits_clear_by_one_and_the_capable_bits_are_kept(bench: Bench) -> None:
    bench.ports.write(STATUS, 1, 0x60)
    bench.command(0xE7)
    assert bench.ports.read(STATUS, 1) == 0x64
    bench.ports.write(STATUS, 1, 0x62)
    assert bench.ports.read(STATUS, 1) == 0x64
    bench.ports.write(STATUS, 1, 0x66)
    assert bench.ports.read(STATUS, 1) == 0x60


def test_the_table_pointer_is_aligned_and_takes_any_width(bench: Bench) -> None:
    bench.ports.write(0xC004, 4, 0x1234_5677)
    assert bench.ports.read(0xC004, 4) == 0x1234_5674
    bench.ports.write(0xC006, 2, 0xABCD)
    assert bench.ports.read(0xC004, 4) == 0xABCD_5674
    assert bench.ports.read(0xC005, 1) == 0x56


def test_command_and_status_answer_bytes_alone(bench: Bench) -> None:
    assert bench.ports.read(0xC000, 4) == 0xFFFF_FFFF
    assert bench.ports.read(STATUS, 2) == 0xFFFF
    bench.ports.write(0xC000, 2, 0x0009)
    assert bench.ports.read(0xC000, 1) == 0
    assert bench.ports.read(0xC00A, 1) == 0


def test_without_bus_master_enable_nothing_moves(bench: Bench) -> None:
    bench.configure(0x04, 2, 0x0001)
    bench.command(0xC8, lba=5, count=1)
    bench.start_dma([(0x2000, 512)], to_memory=True)
    assert bench.memory[0x2000:0x2200] == bytes(512)
    assert bench.alternate & DRQ


def test_a_packet_command_can_use_dma(bench: Bench) -> None:
    bench.use(1)
    bench.write(1, 1)
    bench.write(7, 0xA0)
    bench.write_block(bytes((0x28, 0, 0, 0, 0, 2, 0, 0, 3, 0, 0, 0)))
    bench.start_dma([(0x2000, 6144)], to_memory=True)
    assert bench.ports.read(STATUS, 1) == 0x04
    assert bench.status == DRDY | DSC
    assert bench.memory[0x2000:0x3800] == sectors(8, 12)


def test_a_host_error_ends_the_transfer_with_an_error() -> None:
    disk = image(100)
    disk.bad = {7}
    bench = Bench(disk=disk)
    bench.command(0xC8, lba=5, count=4)
    bench.start_dma([(0x2000, 2048)], to_memory=True)
    assert bench.line.level
    assert bench.status & ERR
    assert (bench.read(1), bench.read(3)) == (0x40, 7)


def test_a_waiting_bus_master_survives_save_and_restore(bench: Bench) -> None:
    bench.start_dma([(0x2000, 512)], to_memory=True)
    saved = bench.ide.save()
    twin = Bench(disk=image(4000), cd=image(400), cd_at=1)
    twin.memory[:] = bench.memory
    twin.ide.restore(saved)
    assert twin.ide.save() == saved
    twin.command(0xC8, lba=5, count=1)
    assert twin.memory[0x2000:0x2200] == sectors(5, 1)
    assert twin.ports.read(STATUS, 1) == 0x04


def test_a_table_without_an_end_cannot_hang_the_host(bench: Bench) -> None:
    bench.memory[:] = b"\x00\x20\x00\x00\x02\x00\x00\x00" * (len(bench.memory) // 8)
    bench.command_48(0x25, lba=0, count=64)
    bench.ports.write(0xC004, 4, 0x1_0000)
    bench.ports.write(0xC000, 1, 9)
    assert bench.status == DRDY | DSC
