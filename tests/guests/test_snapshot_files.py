"""A machine that was saved in a file, read in another process or not, goes on as if nothing had been."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.machine.config import Drive, MachineConfig, Nic
from emu.machine.inbox import Arrival
from emu.machine.keys import strokes
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.run_loop import Stop
from emu.machine.snapshot_file import read_snapshot, write_snapshot
from emu.observe.trace_hash import TraceHash
from tests.echo import echo
from tests.unit.rom import write_rom

PEER_NS = 50_000_000
GUESTS = ("hello", "modes", "unplug-all", "ide-cdrom", "ne2k", "smc", "uart", "pci-scan", "bios-services")


class Run:
    """A machine whose events are hashed, from some moment on."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.lines: list[str] = []

    def to_the_end(self, until_ns: int | None = None) -> tuple[Stop, object, object, object]:
        seen = TraceHash(self.machine.clock)
        self.machine.observers.attach(seen)
        stop = self.machine.run(until_ns)
        ended = stop, seen.hexdigest(), self.machine.save(), self.machine.departures
        self.machine.close()
        return ended


def length_ns(config: MachineConfig) -> int:
    machine = Machine(config)
    machine.run(int((config.run.limit_s or 10) * 1e9))
    machine.close()
    return machine.clock.now


def check_law(
    config: MachineConfig,
    file: Path,
    at_ns: int,
    *,
    feed: Callable[[Machine], None] = lambda machine: None,
    until_ns: int | None = None,
) -> None:
    machine = Machine(config)
    feed(machine)
    machine.run(at_ns)
    write_snapshot(file, machine)
    saved = read_snapshot(file)
    restored = saved.machine()
    assert restored.save() == machine.save()
    feed(machine)
    feed(restored)
    assert Run(restored).to_the_end(until_ns) == Run(machine).to_the_end(until_ns)
    saved.close()


@pytest.mark.parametrize("name", GUESTS)
def test_a_saved_guest_goes_on_as_the_one_that_was_not(name: str, tmp_path: Path) -> None:
    config = load(name)
    limit_ns = int((config.run.limit_s or 10) * 1e9)
    whole = length_ns(config)
    for part in (1, 3, 5):
        check_law(config, tmp_path / "saved.emu", whole * part // 6, until_ns=limit_ns)


def test_another_process_goes_on_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "saved.emu"
    emu = [sys.executable, "-m", "emu", "run"]
    saving = [*emu, "unplug-all", "--json", "--save-at", "37ms", str(file)]
    whole = json.loads(subprocess.run(saving, capture_output=True, check=True).stdout)
    hashes = set()
    for _ in range(2):
        going_on = [*emu, "--json", "--from", str(file)]
        rest = json.loads(subprocess.run(going_on, capture_output=True, check=True).stdout)
        hashes.add(rest["trace_hash"])
        for name in ("status", "virtual_ns", "retired", "unplugged", "screen"):
            assert rest[name] == whole[name]
    assert len(hashes) == 1


def test_bytes_and_keys_that_arrive_around_a_save_are_not_lost(tmp_path: Path) -> None:
    config = MachineConfig(memory_mib=2, firmware=Path(write_rom(tmp_path, echo())))

    def feed(machine: Machine) -> None:
        machine.inbox.post(Arrival("serial", b"some words"))
        machine.inbox.post(Arrival("typed", strokes("key<enter>")))

    check_law(config, tmp_path / "saved.emu", 1_500_000, feed=feed, until_ns=8_000_000)


def test_the_typist_goes_on_typing(tmp_path: Path) -> None:
    config = load("keyboard")

    def feed(machine: Machine) -> None:
        machine.inbox.post(Arrival("typed", strokes("a<enter>Zz!<f12>")))

    whole = length_ns(config)
    check_law(config, tmp_path / "saved.emu", whole // 2, feed=feed, until_ns=2 * whole)


def test_a_peer_goes_on_serving_the_folder_that_has_gone(tmp_path: Path) -> None:
    folder = tmp_path / "served"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "file").write_bytes(b"served" * 300)
    config = load("ne2k")
    nics = tuple(replace(nic, backend="peer", serve=folder) for nic in config.nics) or (
        Nic(backend="peer", serve=folder),
    )
    config = replace(config, nics=nics)
    machine = Machine(config)
    machine.run(PEER_NS // 2)
    write_snapshot(tmp_path / "saved.emu", machine)
    ended = Run(machine).to_the_end(PEER_NS)
    (folder / "below" / "file").unlink()
    (folder / "below").rmdir()
    folder.rmdir()
    saved = read_snapshot(tmp_path / "saved.emu")
    assert Run(saved.machine()).to_the_end(PEER_NS) == ended


def write_disk(folder: Path) -> MachineConfig:
    """The guest that writes to its disks, on copies that keep it."""
    config = load("ide-disk")
    drives = []
    for drive in config.drives:
        copy = folder / f"{drive.position}.img"
        copy.write_bytes(drive.image.read_bytes())
        drives.append(replace(drive, image=copy, write=not drive.cdrom))
    return replace(config, drives=tuple(drives))


def test_a_disk_that_is_written_goes_on_being_written(tmp_path: Path) -> None:
    config = write_disk(tmp_path)
    whole = length_ns(write_disk(tmp_path))
    written = [drive.image.read_bytes() for drive in config.drives]
    write_disk(tmp_path)
    machine = Machine(config)
    machine.run(whole // 2)
    write_snapshot(tmp_path / "saved.emu", machine)
    machine.processor.close()
    for overlay in machine.pc.images.overlays.values():
        overlay.state.pages.clear()  # as at a power cut
        overlay.close()
    saved = read_snapshot(tmp_path / "saved.emu")
    restored = saved.machine()
    restored.run()
    restored.close()
    assert [drive.image.read_bytes() for drive in config.drives] == written


def test_a_disk_to_be_written_that_was_changed_since_is_refused(tmp_path: Path) -> None:
    config = write_disk(tmp_path)
    machine = Machine(config)
    machine.run(20_000_000)
    write_snapshot(tmp_path / "saved.emu", machine)
    machine.close()
    image = config.drives[0].image
    image.write_bytes(image.read_bytes()[:-1] + b"x")
    saved = read_snapshot(tmp_path / "saved.emu")
    with pytest.raises(ConfigError, match="has changed since"):
        saved.machine()


def test_a_reset_that_was_asked_for_where_a_machine_is_saved_happens(tmp_path: Path) -> None:
    """The guest resets by port 0x64 again and again; a snapshot is taken at every such block."""
    code = bytes.fromhex("b0fe e664 ebfa".replace(" ", ""))
    rom = Path(write_rom(tmp_path, code))
    config = MachineConfig(memory_mib=2, firmware=rom)
    for at_ns in range(1000, 6000, 250):
        check_law(config, tmp_path / "saved.emu", at_ns, until_ns=40_000)


def test_a_snapshot_of_another_machine_is_refused(tmp_path: Path) -> None:
    machine = Machine(load("hello"))
    machine.run(1_000_000)
    file = tmp_path / "saved.emu"
    write_snapshot(file, machine)
    machine.close()
    saved = read_snapshot(file)
    saved.check_same(load("hello"))
    with pytest.raises(ConfigError, match="another machine"):
        saved.check_same(replace(load("hello"), memory_mib=65))
    other = tmp_path / "other.img"
    other.write_bytes(load("hello").drives[0].image.read_bytes() + b"x")
    with pytest.raises(ConfigError, match="not what it was"):
        saved.check_same(replace(load("hello"), drives=(Drive(other, 0),)))
