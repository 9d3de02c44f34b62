"""Debian's GRUB under SeaBIOS and under our BIOS: its menu, its commands, and what it boots."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from emu.machine.bundled import FOLDER
from emu.smoke.fixture import EmuGuest
from emu.smoke.guest import Guest
from tests.real import grub
from tests.real.initramfs import initramfs
from tests.real.linux import BUSYBOX, LONGEST_WALL_S, newest_kernel
from tests.real.packages import package
from tests.unit.kernels.build import build, needs_tools
from tests.unit.rom import EXIT

MESSAGE = "a file on the partition"
HELLO = FOLDER / "guests/hello/hello.img"
HALTED, REPORTED = "the guest switched the machine off", "the guest wrote 0 to the exit port"
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHORT_S = 2.0
"""How long GRUB may take, in its own time."""
EXPLORE = """
echo "GRUB $grub_cpu $grub_platform"
ls
ls (hd0,msdos1)/
cat /message
lsmmap
lspci
date
halt
"""
MENU = """
set timeout=-1
menuentry "the first" { echo chosen: 1; halt }
menuentry "the second" { echo chosen: 2; halt }
"""
LINUX = """
linux /vmlinuz console=ttyS0 word=from-grub
initrd /initrd
boot
"""
INIT = f"""#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo "init: $(cat /proc/version)"
echo "line: $(cat /proc/cmdline)"
printf '\\000' | dd of=/dev/port bs=1 seek={EXIT} 2>/dev/null
sleep 60
"""


@pytest.fixture(scope="module", params=["our BIOS", "SeaBIOS"])
def firmware(request: pytest.FixtureRequest) -> Path | None:
    if request.param == "our BIOS":
        return None
    return package("seabios") / "usr/share/seabios/bios-256k.bin"


def started(emu_guest: EmuGuest, firmware: Path | None, *images: Path, **settings: Any) -> Guest:
    """A machine with these disks in order."""
    disks = [{"image": image, "position": position} for position, image in enumerate(images)]
    return emu_guest(firmware=firmware or "bios", disk=disks, **settings)


def text(guest: Guest) -> str:
    """What COM1 said, without the sequences that place it on a terminal."""
    return ESCAPE_SEQUENCE.sub("", guest.console)


def lines(guest: Guest) -> list[str]:
    return [line.rstrip() for line in text(guest).splitlines()]


def test_grub_finds_disk_and_files_and_knows_the_machine(
    emu_guest: EmuGuest, firmware: Path | None, tmp_path: Path
) -> None:
    image = grub.disk(tmp_path, EXPLORE, {"message": MESSAGE.encode() + b"\n"})
    guest = started(emu_guest, firmware, image)
    guest.run(SHORT_S)
    assert guest.reason == HALTED
    said = lines(guest)
    assert said[:2] == ["GRUB i386 pc", "(hd0) (hd0,msdos1)"]
    assert MESSAGE in said
    assert "base_addr = 0x0, length = 0x9fc00, available RAM" in said
    assert re.search(r"^base_addr = 0x100000, length = 0x3\w{6}, available RAM$", text(guest), re.MULTILINE)
    assert "00:01.1 8086:7010 [0101] IDE Controller [PI 80]" in said
    assert "2008-12-15 17:11:00 Monday" in said


def test_the_second_entry_of_the_menu_is_chosen_by_the_keyboard(
    emu_guest: EmuGuest, firmware: Path | None, tmp_path: Path
) -> None:
    guest = started(emu_guest, firmware, grub.disk(tmp_path, MENU))
    guest.run_until("the second", SHORT_S)
    assert "GNU GRUB" in guest.console
    guest.type("<down><enter>")
    guest.run_until("chosen: 2", SHORT_S)
    guest.run(SHORT_S)
    assert guest.reason == HALTED


@needs_tools
def test_a_multiboot_kernel_gets_what_the_bios_told_grub(
    emu_guest: EmuGuest, firmware: Path | None, tmp_path: Path
) -> None:
    kernel = build(tmp_path, "multiboot").read_bytes()
    image = grub.disk(tmp_path, "multiboot /kernel one two\nboot\n", {"kernel": kernel})
    guest = started(emu_guest, firmware, image)
    guest.run(SHORT_S)
    assert guest.reason == REPORTED
    said = dict(line.partition(" ")[::2] for line in lines(guest))
    assert said["magic"] == "2badb002"
    assert said["memory"].split()[0] == f"{639:08x}"
    assert int(said["memory"].split()[1], 16) in range(62 * 1024, 63 * 1024 + 1)
    assert said["name"].startswith("GRUB 2")


def test_the_boot_sector_of_a_second_disk_is_chained(
    emu_guest: EmuGuest, firmware: Path | None, tmp_path: Path
) -> None:
    image = grub.disk(tmp_path, "set root=hd1\nchainloader +1\nboot\n")
    guest = started(emu_guest, firmware, image, HELLO)
    guest.run(SHORT_S)
    assert guest.reason == REPORTED
    assert lines(guest)[-2:] == ["Hello from the guest", "Test result: SUCCESS"]


def test_a_cd_by_grub_mkrescue_boots_to_grub(
    emu_guest: EmuGuest, firmware: Path | None, tmp_path: Path
) -> None:
    commands = "ls\ncat /message\nlsmmap\nhalt\n"
    image = grub.cd(tmp_path, commands, {"message": MESSAGE.encode() + b"\n"})
    guest = started(emu_guest, firmware, cdrom=[{"image": image}])
    guest.run(SHORT_S)
    assert guest.reason == HALTED
    said = lines(guest)
    assert said[0].startswith("(cd)")
    assert MESSAGE in said
    assert "base_addr = 0x0, length = 0x9fc00, available RAM" in said


def test_debians_kernel_is_loaded_from_disk_and_reaches_init(
    emu_guest: EmuGuest, firmware: Path | None, tmp_path: Path
) -> None:
    kernel = next((package(newest_kernel()) / "boot").glob("vmlinuz-*")).read_bytes()
    busybox = (package(BUSYBOX) / "bin/busybox").read_bytes()
    files = {"vmlinuz": kernel, "initrd": initramfs(busybox, INIT)}
    image = grub.disk(tmp_path, LINUX, files, mib=24)
    guest = started(emu_guest, firmware, image, memory=256, wall=LONGEST_WALL_S)
    guest.run()
    assert guest.reason == REPORTED
    assert "init: Linux version 6." in guest.console
    assert "line: BOOT_IMAGE=/vmlinuz console=ttyS0 word=from-grub" in lines(guest)
    for complaint in ("BUG:", "Oops", "Call Trace", "general protection"):
        assert complaint not in guest.console
