"""Debian's stock kernel as a plain PC: from its bzImage to an init of busybox, with its own drivers.

The kernel is booted once; the tests read what init printed.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from random import Random

import pytest

from emu.machine.bundled import FOLDER
from emu.machine.config import PEER_ADDRESS, Drive, Kernel, MachineConfig, Nic
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from tests.real.initramfs import initramfs, modules_named
from tests.real.packages import package
from tests.real.test_seabios import Collector

NEWEST, BUSYBOX = "linux-image-amd64", "busybox-static"
MODULES = ("sd_mod", "sr_mod", "ata_piix", "ne2k-pci")
CD = FOLDER / "guests/hello/hello.iso"
DISK_BYTES = 4 << 20
GUEST = PEER_ADDRESS + 8
SERVED = Random(2).randbytes(100_001)
LONGEST_NS = 60_000_000_000
SCRIPT = f"""#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo "init: $(cat /proc/version)"
for module in /modules/*; do insmod $module; done
until [ -b /dev/sda ] && [ -b /dev/sr0 ]; do sleep 0.1; done
for disk in sda sr0; do echo "sha256 $disk: $(sha256sum /dev/$disk)"; done
dd if=/dev/urandom of=/tmp/noise bs=64k count=16 2>/dev/null
dd if=/tmp/noise of=/dev/sda bs=64k seek=16 conv=fsync 2>/dev/null
echo 3 > /proc/sys/vm/drop_caches
dd if=/dev/sda bs=64k skip=16 count=16 2>/dev/null | cmp - /tmp/noise && echo "written: the same"
ifconfig eth0 {GUEST} up
ping -c 3 {PEER_ADDRESS}
tftp -g -l /tmp/fetched -r served.bin {PEER_ADDRESS} && echo "sha256 fetched: $(sha256sum /tmp/fetched)"
echo "block: $(ls /sys/block | xargs)"
echo "net: $(ls /sys/class/net | xargs)"
cat /proc/interrupts
date -u "+date: %Y-%m-%d %H:%M"
poweroff -f
"""


def newest_kernel() -> str:
    """The package that the newest kernel is in."""
    asked = subprocess.run(["apt-cache", "depends", NEWEST], capture_output=True, text=True, check=False)
    named = re.search(r"Depends: (linux-image-\S+)", asked.stdout)
    if named is None:
        pytest.skip(f"apt-cache does not know {NEWEST}")
    return named[1]


@dataclass(frozen=True)
class Booted:
    """A run to its end."""

    stop: Stop
    disk: bytes
    lines: list[str]

    @cached_property
    def text(self) -> str:
        return "\n".join(self.lines)

    def after(self, start: str) -> str:
        """The rest of the line that begins so."""
        return next(line.removeprefix(start) for line in self.lines if line.startswith(start))

    def interrupts(self, name: str) -> int:
        """How many the kernel counted for a handler."""
        counted = re.search(rf"^ *\d+: +(\d+) +XT-PIC +{name}$", self.text, re.MULTILINE)
        assert counted, self.text
        return int(counted[1])


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Booted:
    kernel, busybox = package(newest_kernel()), package(BUSYBOX) / "bin/busybox"
    folder = tmp_path_factory.mktemp("linux")
    contents = Random(1).randbytes(DISK_BYTES)
    (folder / "disk.img").write_bytes(contents)
    (folder / "served.bin").write_bytes(SERVED)
    modules = modules_named(kernel / "lib/modules", MODULES)
    (folder / "initrd").write_bytes(initramfs(busybox.read_bytes(), SCRIPT, modules))
    image = next((kernel / "boot").glob("vmlinuz-*"))
    serial = Collector()
    config = MachineConfig(
        memory_mib=256,
        kernel=Kernel(image, folder / "initrd", "console=ttyS0"),
        drives=(Drive(folder / "disk.img", 0), Drive(CD, 2, cdrom=True)),
        nics=(Nic(backend="peer", serve=folder / "served.bin"),),
    )
    machine = Machine(config, serial=serial)
    stop = machine.run(until_ns=LONGEST_NS)
    machine.close()
    return Booted(stop, contents, serial.lines)


def test_it_reaches_init_and_powers_off_by_acpi(booted: Booted) -> None:
    assert booted.after("init: ").startswith("Linux version 6.")
    assert "ACPI: PM: Preparing to enter system sleep state S5" in booted.text
    assert booted.stop == Stop(Reason.POWERED_OFF), booted.lines[-20:]


def test_it_finds_the_acpi_tables_and_has_nothing_against_them(booted: Booted) -> None:
    for found in (
        "ACPI: RSDP 0x00000000000F0",
        "ACPI: 1 ACPI AML tables successfully acquired and loaded",
        "ACPI: PM: (supports S0 S5)",
        "ACPI: Using PIC for interrupt routing",
        "ACPI: PCI Root Bridge [PCI0] (domain 0000 [bus 00-ff])",
        *(f"ACPI: PCI: Interrupt link LNK{link} configured for IRQ 1" for link in "ABCD"),
        "PCI: Using ACPI for IRQ routing",
        "ttyS0 at I/O 0x3f8 (irq = 4",
        "i8042: PNP: PS/2 Controller [PNP0303:KBD] at 0x60,0x64 irq 1",
        "rtc_cmos 00:00: setting system clock",
    ):
        assert found in booted.text
    for complaint in (
        "ACPI Error",
        "ACPI BIOS",
        "ACPI Warning",
        "Firmware",
        "pnp 00",
        "can't",
        "no compatible",
    ):
        assert [line for line in booted.lines if complaint in line and "MMCONFIG" not in line] == []


def test_pci_functions_stay_where_the_firmware_has_put_them(booted: Booted) -> None:
    assert re.search(r"pci 0000:00:04.0: BAR 0 \[io  0xc[0-9a-f]{3}-", booted.text)
    assert not re.search(r"pci 0000:00:.*: assigned$", booted.text, re.MULTILINE)


def test_no_part_of_the_kernel_complains_of_the_processor(booted: Booted) -> None:
    for complaint in ("BUG:", "Oops", "WARNING:", "Call Trace", "general protection", "invalid opcode"):
        assert complaint not in booted.text


def test_ata_piix_reads_disk_and_cd_as_they_are(booted: Booted) -> None:
    assert "ATA-6: EMU HARDDISK" in booted.text
    assert booted.after("sha256 sda: ").split()[0] == hashlib.sha256(booted.disk).hexdigest()
    assert booted.after("sha256 sr0: ").split()[0] == hashlib.sha256(CD.read_bytes()).hexdigest()


def test_what_ata_piix_writes_it_reads_back(booted: Booted) -> None:
    assert "written: the same" in booted.lines


def test_disks_and_network_card_are_there(booted: Booted) -> None:
    assert {"sda", "sr0"} <= set(booted.after("block: ").split())
    assert "eth0" in booted.after("net: ").split()
    assert "RealTek RTL-8029(AS)" in booted.text


def test_ne2k_pci_pings_the_peer_and_fetches_a_file(booted: Booted) -> None:
    assert "3 packets transmitted, 3 packets received, 0% packet loss" in booted.text
    assert booted.after("sha256 fetched: ").split()[0] == hashlib.sha256(SERVED).hexdigest()


def test_the_drivers_get_their_interrupts(booted: Booted) -> None:
    assert booted.interrupts("timer") > 100
    assert booted.interrupts("ttyS0") > 0
    assert booted.interrupts("eth0") > 0
    assert re.search(r"ACPI: \\_SB_\.LNK[A-D]: Enabled at IRQ 1[01]$", booted.text, re.MULTILINE)
    assert "XT-PIC      acpi" in booted.text
    ata = re.findall(r"^ *1[45]: +(\d+) +XT-PIC +ata_piix$", booted.text, re.MULTILINE)
    assert len(ata) == 2
    assert all(int(count) > 0 for count in ata)


def test_the_clock_shows_virtual_time(booted: Booted) -> None:
    assert booted.after("date: ") == "2008-12-15 17:11"
