"""Resets, signatures, absent positions and unplug."""

from __future__ import annotations

from tests.unit.devices.ide_driver import BSY, DRDY, DRQ, DSC, ERR, Bench, image


def signature(bench: Bench) -> tuple[int, int, int, int]:
    return bench.read(2), bench.read(3), bench.read(4), bench.read(5)


def software_reset(bench: Bench) -> None:
    bench.ports.write(bench.control, 1, 0x04)
    bench.ports.write(bench.control, 1, 0x00)


def test_after_power_on_each_kind_of_drive_shows_its_signature() -> None:
    bench = Bench(disk=image(10), cd=image(40))
    assert signature(bench) == (1, 1, 0, 0)
    assert bench.status == DRDY | DSC
    bench.use(2)
    assert signature(bench) == (1, 1, 0x14, 0xEB)
    assert bench.status == 0


def test_a_software_reset_shows_busy_until_it_is_let_go_and_forgets_the_transfer() -> None:
    bench = Bench(disk=image(10))
    bench.command(0x20, lba=1, count=1)
    bench.ports.write(0x3F6, 1, 0x04)
    assert bench.status == BSY
    bench.ports.write(0x3F6, 1, 0x00)
    assert bench.status == DRDY | DSC
    assert (bench.read(1), signature(bench)) == (1, (1, 1, 0, 0))
    assert not bench.line.level


def test_diagnostics_run_on_both_drives_and_select_the_master() -> None:
    bench = Bench(disk=image(10), slave=image(10))
    bench.use(1)
    bench.write(7, 0x90)
    assert bench.line.level
    assert bench.read(6) & 0x10 == 0
    assert (bench.status, bench.read(1)) == (DRDY | DSC, 1)


def test_an_empty_channel_reads_zero_everywhere() -> None:
    bench = Bench(disk=image(10))
    bench.use(2)
    bench.write(2, 0x55)
    bench.write(7, 0xEC)
    assert [bench.read(register) for register in range(8)] == [0] * 8
    assert bench.alternate == 0


def test_an_empty_slave_beside_a_master_shows_no_status_and_ignores_commands() -> None:
    bench = Bench(disk=image(10))
    bench.use(1)
    assert (bench.status, bench.alternate, bench.read(1)) == (0, 0, 0)
    bench.write(7, 0xEC)
    assert bench.status == 0
    assert not bench.line.level
    bench.use(0)
    assert bench.status == DRDY | DSC


def test_an_empty_master_beside_a_cd_answers_with_the_signature_of_nothing() -> None:
    bench = Bench(cd=image(40), cd_at=1)
    software_reset(bench)
    assert signature(bench) == (1, 1, 0xFF, 0xFF)
    bench.write(7, 0xEC)
    assert not bench.status & (DRQ | ERR | BSY)
    assert not bench.line.level


def test_the_registers_hold_the_patterns_that_linux_probes_with() -> None:
    bench = Bench(disk=image(10))
    for register, value in ((2, 0x55), (3, 0xAA), (2, 0xAA), (3, 0x55), (2, 0x55), (3, 0xAA)):
        bench.write(register, value)
    assert (bench.read(2), bench.read(3), bench.read(6)) == (0x55, 0xAA, 0xA0)


def test_only_the_selected_drive_drives_the_interrupt() -> None:
    bench = Bench(disk=image(10), slave=image(10))
    bench.command(0xE7)
    assert bench.line.level
    bench.write(6, 0xB0)
    assert not bench.line.level
    assert bench.status & DRDY
    bench.write(6, 0xA0)
    assert bench.line.level
    assert bench.status & DRDY
    assert not bench.line.level


def test_a_command_withdraws_the_interrupt_of_the_one_before_so_that_its_own_has_an_edge() -> None:
    bench = Bench(disk=image(10))
    bench.command(0xE7)
    bench.command(0xE7)
    bench.command(0x90)
    assert bench.irqs == [True, False, True, False, True]


def test_ports_answer_only_while_io_space_and_decoding_are_enabled() -> None:
    bench = Bench(disk=image(10))
    bench.configure(0x41, 1, 0x00)
    assert bench.status == 0xFF
    bench.configure(0x41, 1, 0x80)
    assert bench.status == DRDY | DSC
    bench.configure(0x04, 2, 0x0004)
    assert bench.status == 0xFF


def test_unplugging_closes_the_image_empties_the_position_and_resets_the_channel() -> None:
    disk, slave = image(10), image(10)
    bench = Bench(disk=disk, slave=slave)
    bench.command(0x20, lba=1, count=1, slave=True)
    target = bench.ide.hard_disks[0]
    target.unplug()
    target.unplug()
    assert disk.calls == ["close"]
    assert slave.calls == []
    assert not bench.line.level
    assert signature(bench) == (1, 1, 0xFF, 0xFF)
    bench.write(7, 0xEC)
    assert not bench.status & DRQ
    bench.use(1)
    assert bench.identify()[60] == 10


def test_after_the_last_disk_of_a_channel_its_registers_read_zero() -> None:
    bench = Bench(disk=image(10), cd=image(40))
    for target in bench.ide.hard_disks:
        target.unplug()
    assert [bench.read(register) for register in range(8)] == [0] * 8
    bench.use(2)
    assert bench.identify(0xA1)[0] == 0x85C0


def test_hard_disks_are_listed_by_position_and_cd_drives_are_not() -> None:
    bench = Bench(disk=image(10), slave=image(10), cd=image(40))
    assert [(disk.name, disk.position) for disk in bench.ide.hard_disks] == [("disk0", 0), ("disk1", 1)]
    assert bench.ide.hard_disks[1].location == "ide0 slave"


def test_an_unplugged_disk_stays_away_through_save_and_restore_and_returns_by_going_back() -> None:
    bench = Bench(disk=image(10))
    before = bench.ide.save()
    bench.ide.hard_disks[0].unplug()
    after = bench.ide.save()
    bench.ide.restore(before)
    assert bench.identify()[60] == 10
    bench.ide.restore(after)
    assert bench.status == 0


def test_a_host_error_while_closing_does_not_stop_the_unplug() -> None:
    from emu.core.errors import HostError

    disk = image(10)

    def close() -> None:
        raise HostError("disk full")

    disk.close = close  # type: ignore[method-assign]
    bench = Bench(disk=disk)
    bench.ide.hard_disks[0].unplug()
    assert bench.status == 0
