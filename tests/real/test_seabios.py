"""Debian's SeaBIOS, as it comes, boots the bundled disk and the bundled CD on our machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from struct import unpack_from

import pytest

from emu.machine.bundled import FOLDER
from emu.machine.config import Drive, MachineConfig, Nic
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason
from emu.observe.trace_hash import TraceHash
from tests.real.packages import package
from tests.unit.acpi_tables import tables

DISK = (Drive(FOLDER / "guests/hello/hello.img", 0),)
CDROM = (Drive(FOLDER / "guests/hello/hello.iso", 2, cdrom=True),)
LONGEST_NS = 1_000_000_000


class Collector:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def write(self, data: bytes) -> None:
        self.kept += data

    @property
    def lines(self) -> list[str]:
        return self.kept.decode("ascii", "replace").splitlines()


@dataclass(frozen=True)
class Outcome:
    """A run to its end: both outputs, and the hash of all that crossed a bus or a wire."""

    serial: list[str]
    debug: list[str]
    trace_hash: str
    retired: int


@pytest.fixture(scope="module")
def seabios() -> Path:
    return package("seabios") / "usr/share/seabios/bios-256k.bin"


def boot(
    firmware: Path,
    drives: tuple[Drive, ...],
    *,
    memory_mib: int = 64,
    pace: Pace | None = None,
    native: bool = True,
    hashed: bool = False,
) -> Outcome:
    """Run until the guest reports success."""
    serial, debug = Collector(), Collector()
    config = MachineConfig(firmware=firmware, drives=drives, memory_mib=memory_mib, nics=(Nic(),))
    machine = Machine(config, serial=serial, debug=debug, native=native)
    trace = TraceHash(machine.clock)
    if hashed:
        machine.observers.attach(trace)
    machine.loop.pace = pace or Pace()
    stop = machine.run(until_ns=LONGEST_NS)
    machine.close()
    assert (stop.reason, stop.status) == (Reason.REPORTED, 0), debug.lines[-10:]
    return Outcome(serial.lines, debug.lines, trace.hexdigest(), machine.processor.retired)


@pytest.mark.parametrize(
    ("drives", "booted"),
    [(DISK, "Booting from Hard Disk..."), (CDROM, "Booting from DVD/CD..."), (DISK + CDROM, "Hard Disk...")],
    ids=["disk", "cd", "disk before cd"],
)
def test_it_boots(seabios: Path, drives: tuple[Drive, ...], booted: str) -> None:
    outcome = boot(seabios, drives)
    assert outcome.serial == ["Hello from the guest", "Test result: SUCCESS"]
    assert any(line.endswith(booted) for line in outcome.debug)
    assert "Booting from 0000:7c00" in outcome.debug


def test_it_finds_the_machine_that_it_knows(seabios: Path) -> None:
    debug = "\n".join(boot(seabios, DISK).debug)
    for found in (
        "Running on QEMU (i440fx)",
        "Found QEMU fw_cfg",
        "qemu/e820: addr 0x0000000000000000 len 0x0000000004000000 [RAM]",
        "init bdf=00:01.1 id=8086:7010",
        "init bdf=00:01.3 id=8086:7113",
        "Using pmtimer, ioport 0x608",
        "ACPI: parse DSDT at",
        "init bdf=00:02.0 id=5853:0001",
        "init bdf=00:04.0 id=10ec:8029",
        "ATA controller 1 at 1f0/3f4/0 (irq 14 dev 9)",
        "Found 2 serial ports",
        "ata0-0: EMU HARDDISK",
        "PS2 keyboard initialized",
    ):
        assert found in debug


def test_it_installs_the_acpi_tables_and_they_tell_where_it_has_put_the_power_management(
    seabios: Path,
) -> None:
    machine = Machine(MachineConfig(firmware=seabios, drives=DISK))
    assert machine.run(until_ns=LONGEST_NS).reason is Reason.REPORTED
    found = tables(machine)
    assert set(found) == {b"RSDT", b"FACP", b"FACS", b"DSDT"}
    assert all(sum(table) & 0xFF == 0 for name, table in found.items() if name != b"FACS")
    event = unpack_from("<I", found[b"FACP"], 56)[0]
    assert event == 0x600
    assert "pm registers" in [region.name for base, region in machine.ports.regions if base == event]
    machine.close()


@pytest.mark.parametrize("memory_mib", [2, 3, 16, 512, 3500, 5000])
def test_it_boots_with_little_and_with_much_memory(seabios: Path, memory_mib: int) -> None:
    debug = "\n".join(boot(seabios, DISK, memory_mib=memory_mib).debug)
    low = min(memory_mib, 3072) << 20
    assert f"- {low:016x} = 2 RESERVED" in debug  # ACPI tables lie at the end of low memory
    assert (f"- {(memory_mib + 1024) << 20:016x} = 1 RAM" in debug) == (memory_mib > 3072)


@pytest.mark.parametrize(
    ("pace", "native"),
    [(Pace(), True), (Pace(slice_bytes=5000), True), (Pace(), False)],
    ids=["again", "in slices", "with the Python callback"],
)
def test_however_it_is_run_it_is_the_same_run(seabios: Path, pace: Pace, native: bool) -> None:
    expected = boot(seabios, DISK + CDROM, hashed=True)
    assert boot(seabios, DISK + CDROM, hashed=True, pace=pace, native=native) == expected
