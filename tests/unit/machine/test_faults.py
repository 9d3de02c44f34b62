"""Each kind of fault as a driver sees it, at the ports of a whole machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emu.core.errors import ConfigError
from emu.core.events import Observer
from emu.machine.config import Drive, Fault, MachineConfig, Nic
from emu.machine.machine import Machine

COM1, DATA, ERROR, COUNT, LBA_LOW, DEVICE, STATUS, CONTROL = 0x3F8, 0, 1, 2, 3, 6, 7, 0x3F6
IDENTIFY, READ, WRITE, READ_DMA, PACKET = 0xEC, 0x20, 0x30, 0xC8, 0xA0
BUSY, ASKS, FAILED, READY_AND_FAILED, UNCORRECTABLE = 0x80, 0x08, 0x01, 0x51, 0x40
BUS_MASTER, NIC_PORTS = 0xC100, 0xC200
VECTORS = 0x20
MS = 1_000_000


class Fired(Observer):
    def __init__(self) -> None:
        self.names: list[str] = []
        self.sent: list[bytes] = []
        self.received: list[bytes] = []

    def fault(self, name: str) -> None:
        self.names.append(name)

    def frame_sent(self, nic: str, frame: bytes) -> None:
        self.sent.append(frame)

    def frame_received(self, nic: str, frame: bytes) -> None:
        self.received.append(frame)


class Driver:
    """The moves of a driver, on a machine whose processor stands still."""

    def __init__(self, folder: Path, *faults: Fault, **config: Any) -> None:
        self.images = [folder / "disk.img", folder / "cd.iso"]
        self.images[0].write_bytes(b"".join(bytes((n,)) * 512 for n in range(200)))
        self.images[1].write_bytes(bytes(2048 * 20))
        drives = (Drive(self.images[0], 0), Drive(self.images[1], 2, cdrom=True))
        config = {"drives": drives, "nics": (Nic(backend="echo"),), **config}
        self.machine = Machine(MachineConfig(faults=faults, **config))
        self.fired = Fired()
        self.machine.observers.attach(self.fired)
        self.ports = self.machine.ports
        self.configure(0x0920, 4, BUS_MASTER)
        self.configure(0x0904, 2, 5)

    def configure(self, register: int, width: int, value: int) -> None:
        self.ports.write(0xCF8, 4, 0x8000_0000 | register)
        self.ports.write(0xCFC, width, value)

    def command(self, command: int, lba: int = 0, count: int = 1, base: int = 0x1F0) -> int:
        for offset, value in ((DEVICE, 0xE0), (COUNT, count), (LBA_LOW, lba), (4, 0), (5, 0)):
            self.ports.write(base + offset, 1, value)
        self.ports.write(base + STATUS, 1, command)
        return self.ports.read(base + STATUS, 1)

    def data(self, words: int, base: int = 0x1F0) -> bytes:
        return b"".join(self.ports.read(base, 2).to_bytes(2, "little") for _ in range(words))

    def pass_time(self, ns: int) -> None:
        self.machine.clock.advance_to(self.machine.clock.now + ns)
        self.machine.clock.fire_due()

    def set_up_interrupts(self) -> None:
        for base, vector, cascade in ((0x20, VECTORS, 4), (0xA0, VECTORS + 8, 2)):
            for offset, value in ((0, 0x11), (1, vector), (1, cascade), (1, 1), (1, 0)):
                self.ports.write(base + offset, 1, value)

    def end_interrupt(self) -> None:
        self.ports.write(0x20, 1, 0x20)

    @property
    def interrupt(self) -> int | None:
        """The vector of the interrupt that the processor takes now."""
        if not self.machine.processor.interrupt_wanted:
            return None
        return self.machine.pc.interrupts.acknowledge() - VECTORS

    def print_with_interrupts(self) -> None:
        self.ports.write(COM1 + 4, 1, 8)
        self.ports.write(COM1 + 1, 1, 2)

    def forget_interrupts_of_uart(self) -> None:
        self.ports.read(COM1 + 2, 1)
        self.ports.write(COM1 + 1, 1, 0)


def test_a_port_that_floats_reads_all_ones_and_its_chip_is_not_asked(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("port-floats", "f", port=0x1F7, first=2, count=1))
    assert driver.command(READ) == 0x58
    assert driver.ports.read(0x1F7, 1) == 0xFF
    assert driver.ports.read(0x1F7, 1) == 0x58
    assert driver.fired.names == ["f"]


def test_a_floating_data_port_keeps_its_data(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("port-floats", "f", port=0x1F0, first=1, count=2))
    driver.command(READ, lba=7)
    assert driver.data(3) == b"\xff\xff\xff\xff\7\7"
    assert driver.ports.read_string(0x1F0, 2, 3) == b"\7\7"


def test_only_accesses_of_the_width_count(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("port-floats", "f", port=0x10, width=2, first=2))
    assert driver.ports.read(0x10, 2) == 0x49D2
    driver.ports.read(0x10, 1)
    driver.ports.read(0x10, 4)
    assert driver.ports.read(0x10, 2) == 0xFFFF


def test_a_wrong_value_takes_the_place_of_the_right_one(tmp_path: Path) -> None:
    value, xor = (
        Fault("wrong-value", "v", port=0x10, value=0x1234, first=1, count=1),
        Fault("wrong-value", "x", port=0x12, flip=0x81, every=2),
    )
    driver = Driver(tmp_path, value, xor)
    assert [driver.ports.read(0x10, 2) for _ in range(2)] == [0x1234, 0x49D2]
    assert [driver.ports.read(0x12, 1) for _ in range(4)] == [0x80, 1, 0x80, 1]


def test_a_lost_write_does_not_reach_its_port(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("lost-write", "l", port=COM1 + 7, count=1, first=2))
    for value in (1, 2):
        driver.ports.write(COM1 + 7, 1, value)
    assert driver.ports.read(COM1 + 7, 1) == 1


def test_a_lost_interrupt_never_reaches_the_processor(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("lost-interrupt", "l", irq=4, first=1, count=1))
    driver.set_up_interrupts()
    driver.print_with_interrupts()
    assert driver.interrupt is None
    driver.forget_interrupts_of_uart()
    driver.print_with_interrupts()
    assert driver.interrupt == 4


@pytest.mark.parametrize("level_triggered", [False, True])
def test_a_doubled_interrupt_comes_again_after_it_was_dealt_with(
    tmp_path: Path, level_triggered: bool
) -> None:
    driver = Driver(tmp_path, Fault("doubled-interrupt", "d", irq=4, first=1, count=1))
    driver.ports.write(0x4D0, 1, 0x10 if level_triggered else 0)
    driver.set_up_interrupts()
    driver.print_with_interrupts()
    assert driver.interrupt == 4
    driver.forget_interrupts_of_uart()
    driver.end_interrupt()
    assert driver.interrupt == 4
    driver.end_interrupt()
    assert driver.interrupt is None
    driver.print_with_interrupts()
    assert driver.interrupt == 4
    driver.forget_interrupts_of_uart()
    driver.end_interrupt()
    assert driver.interrupt is None
    assert driver.fired.names == ["d"]


def test_a_read_error_is_an_uncorrectable_sector_at_its_address(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("disk-error", "e", drive=0, sectors=(5, 6), first=2, count=1))
    assert driver.command(READ, lba=4, count=4) == 0x58
    assert driver.data(256 * 4)[-1] == 7
    assert driver.command(READ, lba=3, count=4) == 0x58
    assert driver.data(512) == b"\3" * 512 + b"\4" * 512
    assert driver.ports.read(0x1F7, 1) == READY_AND_FAILED
    assert driver.ports.read(0x1F0 + ERROR, 1) == UNCORRECTABLE
    assert driver.ports.read(0x1F0 + LBA_LOW, 1) == 5
    assert driver.command(READ, lba=5) == 0x58
    assert driver.fired.names == ["e"]
    assert driver.machine.host_errors == []


def test_commands_elsewhere_do_not_count(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("disk-error", "e", drive=0, sectors=(5, 6), first=1, count=1))
    assert driver.command(READ, lba=4) & FAILED == 0
    assert driver.data(256) == b"\4" * 512
    assert driver.command(READ, lba=6) == READY_AND_FAILED


def test_a_read_error_ends_a_transfer_by_dma(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("disk-error", "e", drive=0, sectors=(10, 10)))
    memory = driver.machine.memory
    memory.write(0x1000, bytes.fromhex("0020000000040080"))
    driver.ports.write(BUS_MASTER + 4, 4, 0x1000)
    driver.ports.write(BUS_MASTER, 1, 8)
    driver.command(READ_DMA, lba=9, count=2)
    driver.ports.write(BUS_MASTER, 1, 9)
    assert driver.ports.read(0x1F7, 1) == READY_AND_FAILED
    assert driver.ports.read(0x1F0 + ERROR, 1) == UNCORRECTABLE
    assert driver.ports.read(0x1F0 + LBA_LOW, 1) == 10
    assert driver.ports.read(BUS_MASTER + 2, 1) & 4


def test_a_write_error_is_a_fault_of_the_device(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("disk-error", "e", drive=0, access="write", first=1, count=1))
    for status in (0x71, 0x50):
        driver.command(WRITE, lba=3)
        for _ in range(256):
            driver.ports.write(0x1F0, 2, 0x4242)
        assert driver.ports.read(0x1F7, 1) == status
    driver.command(READ, lba=3)
    assert driver.data(256) == b"\x42" * 512


def read_block(driver: Driver, lba: int) -> int:
    packet(driver, bytes((0x28, 0, 0, 0, 0, lba, 0, 0, 1, 0, 0, 0)))
    return driver.ports.read(0x177, 1)


def packet(driver: Driver, command: bytes) -> None:
    driver.ports.write(0x171, 1, 0)
    driver.ports.write(0x174, 1, 0)
    driver.ports.write(0x175, 1, 8)
    driver.ports.write(0x177, 1, PACKET)
    for at in range(0, 12, 2):
        driver.ports.write(0x170, 2, int.from_bytes(command[at : at + 2], "little"))


def test_a_read_error_of_a_cd_has_sense_data(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("disk-error", "e", drive=2, sectors=(5, 5)))
    driver.ports.write(0x176, 1, 0)
    read_block(driver, 4)  # tells of the new disc
    assert read_block(driver, 4) & (ASKS | FAILED) == ASKS
    driver.data(1024, base=0x170)
    assert read_block(driver, 5) & (ASKS | FAILED) == FAILED
    packet(driver, bytes((0x03, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0)))
    sense = driver.data(9, base=0x170)
    assert (sense[2] & 15, sense[12], sense[13]) == (3, 0x11, 0)


def test_a_slow_disk_is_busy_until_its_time_is_over(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("slow-disk", "s", drive=0, delay_ns=5 * MS, first=2, count=1))
    assert driver.command(READ, lba=1) == 0x58
    driver.data(256)
    driver.set_up_interrupts()
    assert driver.command(READ, lba=2) & (BUSY | ASKS) == BUSY
    driver.ports.write(0x1F0 + LBA_LOW, 1, 9)
    driver.pass_time(5 * MS - 1)
    assert driver.ports.read(CONTROL, 1) & BUSY
    assert driver.interrupt is None
    driver.pass_time(1)
    assert driver.interrupt == 14
    assert driver.ports.read(0x1F7, 1) == 0x58
    assert driver.data(256) == b"\2" * 512


def test_a_reset_ends_what_a_slow_disk_is_about(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("slow-disk", "s", drive=0, delay_ns=5 * MS))
    assert driver.command(READ, lba=2) & BUSY
    driver.ports.write(CONTROL, 1, 4)
    driver.ports.write(CONTROL, 1, 0)
    assert driver.ports.read(CONTROL, 1) == 0x50
    driver.pass_time(5 * MS)
    assert driver.ports.read(CONTROL, 1) == 0x50


def frames(driver: Driver, count: int) -> list[bytes]:
    """Send frames by the card; what is received."""
    link = driver.machine.pc.links[0]
    for number in range(count):
        link.send(bytes(12) + bytes((number,)) * 50)
        driver.pass_time(MS)
    return [frame[12:] for frame in driver.fired.received]


@pytest.mark.parametrize("direction", ["sent", "received"])
def test_a_dropped_frame_does_not_arrive(tmp_path: Path, direction: str) -> None:
    driver = Driver(tmp_path, Fault("dropped-frame", "d", direction=direction, first=2, count=1))
    assert frames(driver, 3) == [b"\0" * 50, b"\2" * 50]
    assert len(driver.fired.sent) == 3


def test_a_damaged_frame_arrives_with_another_byte(tmp_path: Path) -> None:
    last = Fault("damaged-frame", "a", direction="sent", flip=0xFF, first=1, count=1)
    first = Fault("damaged-frame", "b", direction="received", flip=1, byte=12, first=2, count=1)
    beyond = Fault("damaged-frame", "c", direction="received", flip=1, byte=1000)
    driver = Driver(tmp_path, last, first, beyond)
    assert frames(driver, 3) == [b"\0" * 49 + b"\xff", b"\0" + b"\1" * 49, b"\2" * 50]


def log(driver: Driver, line: bytes) -> int:
    """Log a line; how long the guest is held up."""
    before = driver.machine.clock.now
    for byte in line + b"\n":
        driver.ports.write(0x12, 1, byte)
    return driver.machine.clock.now - before


def test_a_full_log_holds_the_guest_up(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("full-log", "f", first=3, count=1))
    assert [log(driver, b"x" * 64) for _ in range(4)] == [0, 0, 250 * MS, 250 * MS]


def test_a_fault_waits_for_its_time(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("port-floats", "f", port=0x10, after_ns=MS, first=2))
    driver.ports.read(0x10, 2)
    driver.pass_time(MS)
    assert [driver.ports.read(0x10, 2) for _ in range(3)] == [0x49D2, 0xFFFF, 0xFFFF]


def test_a_fault_waits_for_its_text(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("port-floats", "f", port=0x10, after_text="go!", first=1, count=1))
    for byte in b"go":
        driver.ports.write(COM1, 1, byte)
        assert driver.ports.read(0x10, 2) == 0x49D2
        driver.pass_time(MS)
    driver.ports.write(COM1, 1, ord("!"))
    driver.pass_time(MS)
    assert [driver.ports.read(0x10, 2) for _ in range(2)] == [0xFFFF, 0x49D2]


def test_what_was_counted_is_saved_and_restored(tmp_path: Path) -> None:
    faults = (
        Fault("port-floats", "f", port=0x10, after_text="ab", first=2, count=1),
        Fault("doubled-interrupt", "d", irq=4),
        Fault("slow-disk", "s", drive=0, delay_ns=MS),
        Fault("disk-error", "e", drive=0, first=2, count=1),
    )
    driver, other = Driver(tmp_path, *faults), Driver(tmp_path, *faults)
    driver.set_up_interrupts()
    driver.print_with_interrupts()
    assert driver.interrupt == 4
    driver.forget_interrupts_of_uart()
    driver.ports.write(COM1, 1, ord("a"))
    driver.pass_time(MS)
    driver.ports.write(COM1, 1, ord("b"))
    driver.pass_time(MS)
    driver.ports.read(0x10, 2)
    driver.command(READ)
    other.machine.restore(driver.machine.save())
    assert other.machine.save() == driver.machine.save()
    for each in (driver, other):
        each.end_interrupt()
        assert each.interrupt == 4
        assert each.ports.read(0x10, 2) == 0xFFFF
        assert each.ports.read(CONTROL, 1) & BUSY
        each.pass_time(MS)
        assert each.ports.read(CONTROL, 1) == 0x58
        each.data(256)
        each.command(READ)
        each.pass_time(MS)
        assert each.ports.read(CONTROL, 1) == READY_AND_FAILED
    assert other.machine.save() == driver.machine.save()
    assert other.machine.faults == driver.machine.faults == [("f", 1), ("d", 1), ("s", 2), ("e", 1)]


def test_a_reset_of_the_machine_forgets_no_count_and_holds_no_wire(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Fault("doubled-interrupt", "d", irq=4, first=1, count=1))
    driver.set_up_interrupts()
    driver.print_with_interrupts()
    assert driver.interrupt == 4
    driver.machine.reset()
    driver.set_up_interrupts()
    assert driver.interrupt is None
    assert driver.machine.faults == [("d", 1)]


@pytest.mark.parametrize(
    ("fault", "config", "message"),
    [
        (Fault("slow-disk", "s", drive=1), {}, "there is no drive at position 1: give 0 or 2"),
        (Fault("disk-error", "s"), {"drives": ()}, "there is no drive at position 0: give the machine one"),
        (Fault("dropped-frame", "s", nic=1), {}, "there is no network card 1: count them from 0, or"),
        (Fault("full-log", "s"), {"log_throttle": False}, "the guest's log has no limit here: leave"),
        (Fault("full-log", "s"), {"profile": "qemu"}, "the guest's log has no limit here: leave"),
    ],
)
def test_a_fault_of_what_is_not_there_is_refused(
    tmp_path: Path, fault: Fault, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        Driver(tmp_path, fault, **config)
    assert str(error.value).startswith(f"the fault 's': {message}")
