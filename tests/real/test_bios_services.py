"""The guest that tries a BIOS's services, on other firmware and on another machine.

On SeaBIOS it shows that it asks for what is customary; on QEMU, that our BIOS does not rely on our chips.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from emu.machine.bundled import FOLDER
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason
from tests.real.packages import package
from tests.real.test_seabios import Collector

GUEST = FOLDER / "guests/bios-services"
OURS = FOLDER / "firmware/bios.bin"
QEMU = "qemu-system-i386"
NO_VIDEO = "There is no VGA, or no BIOS for it"
LONGEST_NS = 20_000_000_000


def checked(lines: list[str]) -> None:
    """It came to its end from the CD, and nothing failed."""
    assert lines[-1] == "Test result: SUCCESS", lines
    assert "Booted from the disk twice, now from the CD" in lines
    assert [line for line in lines if line.startswith("FAILED")] == []


@pytest.mark.parametrize("with_video", [False, True])
def test_seabios_offers_the_same_services_on_our_machine(with_video: bool) -> None:
    roms = package("seabios") / "usr/share/seabios"
    video = roms / "vgabios-stdvga.bin" if with_video else None
    serial = Collector()
    config = replace(load("bios-services"), firmware=roms / "bios-256k.bin", vga_rom=video)
    machine = Machine(config, serial=serial)
    stop = machine.run(LONGEST_NS)
    machine.close()
    checked(serial.lines)
    assert (stop.reason, stop.status) == (Reason.REPORTED, 0)
    assert (NO_VIDEO in serial.lines) != with_video


@pytest.mark.skipif(shutil.which(QEMU) is None, reason=f"{QEMU} is not installed")
@pytest.mark.parametrize("firmware", [OURS, None], ids=["our BIOS", "QEMU's own"])
@pytest.mark.parametrize("adapter", ["std", "none"])
def test_the_services_are_there_on_qemu(firmware: Path | None, adapter: str) -> None:
    disk, cd = GUEST / "bios-services.img", GUEST / "bios-services.iso"
    command = [QEMU, "-M", "pc,accel=tcg", "-m", "32", "-nodefaults", "-no-reboot", "-display", "none"]
    command += ["-vga", adapter, "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
    command += ["-drive", f"if=ide,index=0,format=raw,snapshot=on,file={disk}"]
    command += ["-drive", f"if=ide,media=cdrom,index=2,format=raw,readonly=on,file={cd}", "-boot", "order=cd"]
    command += ["-bios", str(firmware)] if firmware else []
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    checked(done.stdout.decode(errors="replace").splitlines())
    assert done.returncode >> 1 == 0
