"""Debian's GRUB under SeaBIOS and under our BIOS: its menu, its commands, and what it boots."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from emu.machine.bundled import FOLDER
from emu.machine.config import Drive, MachineConfig
from emu.machine.inbox import Arrival
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from tests.real import grub
from tests.real.initramfs import initramfs
from tests.real.linux import BUSYBOX, newest_kernel
from tests.real.packages import package
from tests.unit.kernels.build import build, needs_tools
from tests.unit.rom import EXIT

MESSAGE = "a file on the partition"
ENTER, DOWN = b"\x5a\xf0\x5a", b"\xe0\x72\xe0\xf0\x72"
"""Scan codes of set 2: pressed and released."""
HELLO = Drive(FOLDER / "guests/hello/hello.img", 1)
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHORT_NS, LONG_NS = 2_000_000_000, 60_000_000_000
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


class Console:
    """Keeps what COM1 says, as text; `waited_for` is called once the text has come that it waits for."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.wanted = b""
        self.waited_for: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        self.kept += data
        if self.wanted and self.wanted in self.kept:
            self.wanted = b""
            self.waited_for()

    @property
    def text(self) -> str:
        return ESCAPE_SEQUENCE.sub("", self.kept.decode("utf-8", "replace")).replace("\r", "")

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.text.splitlines()]


def boot(
    firmware: Path | None,
    *drives: Drive,
    memory_mib: int = 64,
    until_ns: int = SHORT_NS,
    keys: tuple[bytes, bytes] | None = None,
) -> tuple[Console, Stop]:
    """Run to the end; `keys` are a text to wait for and the scan codes to press then."""
    console = Console()
    config = MachineConfig(firmware=firmware, drives=drives, memory_mib=memory_mib)
    machine = Machine(config, serial=console)
    if keys is not None:
        console.wanted, codes = keys
        console.waited_for = lambda: machine.inbox.post(Arrival("key", codes))
    stop = machine.run(until_ns)
    machine.close()
    return console, stop


def test_grub_finds_disk_and_files_and_knows_the_machine(firmware: Path | None, tmp_path: Path) -> None:
    image = grub.disk(tmp_path, EXPLORE, {"message": MESSAGE.encode() + b"\n"})
    console, stop = boot(firmware, Drive(image, 0))
    assert stop == Stop(Reason.POWERED_OFF), console.text
    lines = console.lines
    assert lines[:2] == ["GRUB i386 pc", "(hd0) (hd0,msdos1)"]
    assert MESSAGE in lines
    assert "base_addr = 0x0, length = 0x9fc00, available RAM" in lines
    assert re.search(r"^base_addr = 0x100000, length = 0x3\w{6}, available RAM$", console.text, re.MULTILINE)
    assert "00:01.1 8086:7010 [0101] IDE Controller [PI 80]" in lines
    assert "2008-12-15 17:11:00 Monday" in lines


def test_the_second_entry_of_the_menu_is_chosen_by_the_keyboard(
    firmware: Path | None, tmp_path: Path
) -> None:
    image = grub.disk(tmp_path, MENU)
    console, stop = boot(firmware, Drive(image, 0), keys=(b"the second", DOWN + ENTER))
    assert "GNU GRUB" in console.text
    assert "chosen: 2" in console.text
    assert stop == Stop(Reason.POWERED_OFF)


@needs_tools
def test_a_multiboot_kernel_gets_what_the_bios_told_grub(firmware: Path | None, tmp_path: Path) -> None:
    kernel = build(tmp_path, "multiboot").read_bytes()
    image = grub.disk(tmp_path, "multiboot /kernel one two\nboot\n", {"kernel": kernel})
    console, stop = boot(firmware, Drive(image, 0))
    assert stop == Stop(Reason.REPORTED, 0), console.text
    said = dict(line.partition(" ")[::2] for line in console.lines)
    assert said["magic"] == "2badb002"
    assert said["memory"].split()[0] == f"{639:08x}"
    assert int(said["memory"].split()[1], 16) in range(62 * 1024, 63 * 1024 + 1)
    assert said["name"].startswith("GRUB 2")


def test_the_boot_sector_of_a_second_disk_is_chained(firmware: Path | None, tmp_path: Path) -> None:
    image = grub.disk(tmp_path, "set root=hd1\nchainloader +1\nboot\n")
    console, stop = boot(firmware, Drive(image, 0), HELLO)
    assert stop == Stop(Reason.REPORTED, 0), console.text
    assert console.lines[-2:] == ["Hello from the guest", "Test result: SUCCESS"]


def test_a_cd_by_grub_mkrescue_boots_to_grub(firmware: Path | None, tmp_path: Path) -> None:
    commands = "ls\ncat /message\nlsmmap\nhalt\n"
    image = grub.cd(tmp_path, commands, {"message": MESSAGE.encode() + b"\n"})
    console, stop = boot(firmware, Drive(image, 2, cdrom=True))
    assert stop == Stop(Reason.POWERED_OFF), console.text
    assert console.lines[0].startswith("(cd)")
    assert MESSAGE in console.lines
    assert "base_addr = 0x0, length = 0x9fc00, available RAM" in console.lines


def test_debians_kernel_is_loaded_from_disk_and_reaches_init(firmware: Path | None, tmp_path: Path) -> None:
    kernel = next((package(newest_kernel()) / "boot").glob("vmlinuz-*")).read_bytes()
    busybox = (package(BUSYBOX) / "bin/busybox").read_bytes()
    files = {"vmlinuz": kernel, "initrd": initramfs(busybox, INIT)}
    image = grub.disk(tmp_path, LINUX, files, mib=24)
    console, stop = boot(firmware, Drive(image, 0), memory_mib=256, until_ns=LONG_NS)
    assert stop == Stop(Reason.REPORTED, 0), console.lines[-20:]
    assert "init: Linux version 6." in console.text
    assert "line: BOOT_IMAGE=/vmlinuz console=ttyS0 word=from-grub" in console.lines
    for complaint in ("BUG:", "Oops", "Call Trace", "general protection"):
        assert complaint not in console.text
