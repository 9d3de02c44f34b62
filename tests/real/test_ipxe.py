"""Debian's iPXE as the ROM of our network card: under SeaBIOS and under our BIOS it boots from the peer.

A port access costs more than by default, so that waiting for time-outs takes fewer accesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from emu.core.clock import Costs
from emu.core.events import Observer
from emu.inspect.screen import lines_of
from emu.machine.config import MachineConfig, Nic
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from emu.observe.trace_hash import TraceHash
from tests.real.packages import package
from tests.real.test_seabios import Collector
from tests.unit.rom import report, say

LONGEST_NS = 60_000_000_000
COSTS = Costs(port_access_ns=50_000)
BOOT_FILE = (say("Booted by network\n") + report(0)).ljust(3000, b"\x90")
"""A network bootstrap program: entered at 0000:7C00."""


class Frames(Observer):
    """Counts frames both ways."""

    def __init__(self) -> None:
        self.sent = self.received = 0

    def frame_sent(self, nic: str, frame: bytes) -> None:
        self.sent += 1

    def frame_received(self, nic: str, frame: bytes) -> None:
        self.received += 1


@dataclass(frozen=True)
class Outcome:
    """A run to its end."""

    stop: Stop
    serial: list[str]
    debug: list[str]
    screen: list[str]
    sent: int
    received: int
    trace_hash: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tftp") / "boot.bin"
    path.write_bytes(BOOT_FILE)
    return path


def run(firmware: str, served: Path) -> Outcome:
    rom = package("ipxe-qemu") / "usr/lib/ipxe/qemu/pxe-ne2k_pci.rom"
    seabios = package("seabios") / "usr/share/seabios"
    config = MachineConfig(
        firmware=seabios / "bios-256k.bin" if firmware == "SeaBIOS" else None,
        vga_rom=seabios / "vgabios-stdvga.bin" if firmware == "SeaBIOS" else None,
        nics=(Nic(backend="peer", serve=served, rom=rom),),
        costs=COSTS,
    )
    serial, debug, frames = Collector(), Collector(), Frames()
    machine = Machine(config, serial=serial, debug=debug)
    trace = TraceHash(machine.clock)
    machine.observers.attach(trace)
    machine.observers.attach(frames)
    stop = machine.run(LONGEST_NS)
    screen = machine.pc.vga.screen()
    assert screen is not None
    machine.close()
    shown = lines_of(screen)
    return Outcome(stop, serial.lines, debug.lines, shown, frames.sent, frames.received, trace.hexdigest())


boot = cache(run)
every_firmware = pytest.mark.parametrize("firmware", ["SeaBIOS", "ours"])


@every_firmware
def test_it_boots_what_the_peer_serves(firmware: str, served: Path) -> None:
    outcome = boot(firmware, served)
    assert outcome.stop == Stop(Reason.REPORTED, 0), outcome.screen
    assert outcome.serial[-1] == "Booted by network"


@every_firmware
def test_it_tells_of_its_driver_its_lease_and_its_file(firmware: str, served: Path) -> None:
    outcome = boot(firmware, served)
    text = "\n".join(outcome.screen)
    for told in (
        "iPXE (PCI 00:04.0) starting execution...ok",
        "net0: 52:54:00:12:34:56 using rtl8029 on 0000:00:04.0 (open)",
        "net0: 10.0.2.3/255.255.255.0 gw 10.0.2.2",
        "Filename: boot.bin",
        "tftp://10.0.2.2/boot.bin... ok",
        f"boot.bin : {len(BOOT_FILE)} bytes",
    ):
        assert told in text
    assert min(outcome.sent, outcome.received) > len(BOOT_FILE) // 1432


def test_our_bios_says_that_it_boots_from_the_network(served: Path) -> None:
    assert any(line.endswith("network: booting iPXE (PCI 00:04.0)") for line in boot("ours", served).debug)


def test_it_is_the_same_run_again(served: Path) -> None:
    assert run("ours", served) == boot("ours", served)
