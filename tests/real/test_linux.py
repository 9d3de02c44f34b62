"""Debian's stock kernel as a plain PC: from its bzImage to an init of busybox, with its own drivers.

The kernel is booted once, with the first disk by DMA and what is on the second channel by PIO; the tests
read what init printed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from random import Random

import pytest

from emu.core.events import Observer
from emu.machine.bundled import FOLDER
from emu.machine.config import EPOCH, PEER_ADDRESS
from emu.smoke.fixture import EmuGuest
from tests.real.linux import COMPLAINTS, LONGEST_WALL_S, Said, kernel

MODULES = ("sd_mod", "sr_mod", "ata_piix", "ne2k-pci")
CD = FOLDER / "guests/hello/hello.iso"
DISK_BYTES = 4 << 20
GUEST = PEER_ADDRESS + 8
SERVED = Random(2).randbytes(100_001)
SCRIPT = f"""
until [ -b /dev/sda ] && [ -b /dev/sdb ] && [ -b /dev/sr0 ]; do sleep 0.1; done
for device in /sys/class/ata_device/*; do
    echo "mode ${{device##*/}}: $(cat $device/class) $(cat $device/xfer_mode)"
done
for disk in sda sdb sr0; do echo "sha256 $disk: $(sha256sum /dev/$disk)"; done
dd if=/dev/urandom of=/tmp/noise bs=64k count=16 2>/dev/null
for disk in sda sdb; do
    dd if=/tmp/noise of=/dev/$disk bs=64k seek=16 conv=fsync 2>/dev/null
    echo 3 > /proc/sys/vm/drop_caches
    dd if=/dev/$disk of=/tmp/read bs=64k skip=16 count=16 2>/dev/null
    cmp /tmp/read /tmp/noise && echo "written to $disk: the same"
done
ifconfig eth0 {GUEST} up
ping -c 3 {PEER_ADDRESS}
tftp -g -l /tmp/fetched -r served.bin {PEER_ADDRESS} && echo "sha256 fetched: $(sha256sum /tmp/fetched)"
echo "block: $(ls /sys/block | xargs)"
echo "net: $(ls /sys/class/net | xargs)"
echo "serial input: $(cat /sys/bus/serio/devices/serio0/description)"
echo "input: $(cat /sys/class/input/input0/name)"
echo "said by ttyS1" > /dev/ttyS1
echo "rtc: $(cat /sys/class/rtc/rtc0/since_epoch)"
echo "hwclock: $(hwclock -u)"
echo "date: $(date -u)"
echo +2 > /sys/class/rtc/rtc0/wakealarm
echo "alarm: $(cat /sys/class/rtc/rtc0/wakealarm)"
sleep 3
echo "alarm after 3 s: $(cat /sys/class/rtc/rtc0/wakealarm)"
cat /proc/interrupts
poweroff -f
"""


@dataclass(frozen=True)
class Disks:
    """What was on the disks."""

    first: bytes
    second: bytes


@pytest.fixture(scope="module")
def disks() -> Disks:
    return Disks(Random(1).randbytes(DISK_BYTES), Random(3).randbytes(DISK_BYTES))


@dataclass(frozen=True)
class Booted(Said):
    """A boot: what was printed there and on the second serial port, when the clock was read, how it ended."""

    second: bytes
    clock_read_s: float
    ending: str


class SecondPort(Observer):
    """Keeps what COM2 puts out."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def console_output(self, name: str, data: bytes) -> None:
        if name == "com2":
            self.kept += data


@pytest.fixture(scope="module")
def booted(disks: Disks, tmp_path_factory: pytest.TempPathFactory) -> Booted:
    folder = tmp_path_factory.mktemp("linux")
    (folder / "first.img").write_bytes(disks.first)
    (folder / "second.img").write_bytes(disks.second)
    (folder / "served.bin").write_bytes(SERVED)
    wanted = kernel(folder, SCRIPT, MODULES, "libata.force=2:pio4")
    guests, second = EmuGuest(), SecondPort()
    guest = guests(
        wall=LONGEST_WALL_S,
        memory=256,
        image=wanted.image,
        initrd=wanted.initrd,
        append=wanted.append,
        disk=[
            {"image": folder / "first.img", "position": 0},
            {"image": folder / "second.img", "position": 2},
        ],
        cdrom=[{"image": CD, "position": 3}],
        nic=[{"backend": "peer", "serve": folder / "served.bin"}],
    )
    guest.machine.observers.attach(second)
    guest.run_until_line(re.compile("^rtc: "))
    clock_read_s = guest.now
    guest.run()
    guests.close()
    return Booted(guest.lines, bytes(second.kept), clock_read_s, guest.reason)


def test_it_reaches_init_and_powers_off_by_acpi(booted: Booted) -> None:
    assert booted.after("init: ").startswith("Linux version 6.")
    assert "ACPI: PM: Preparing to enter system sleep state S5" in booted.text
    assert booted.ending == "the guest switched the machine off", booted.lines[-20:]


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


def test_no_part_of_the_kernel_complains_of_processor_or_drives(booted: Booted) -> None:
    for complaint in COMPLAINTS:
        assert complaint not in booted.text


def test_ata_piix_runs_the_first_disk_by_dma_and_the_second_channel_by_pio(booted: Booted) -> None:
    assert booted.text.count("ATA-6: EMU HARDDISK") == 2
    assert "ata2.00: FORCE: xfer_mask set to pio4" in booted.text
    assert booted.after("mode dev1.0: ") == "ata XFER_MW_DMA_2"
    assert booted.after("mode dev2.0: ") == "ata XFER_PIO_4"
    assert booted.after("mode dev2.1: ") == "atapi XFER_PIO_4"


def test_ata_piix_reads_disks_and_cd_as_they_are(booted: Booted, disks: Disks) -> None:
    for name, contents in {"sda": disks.first, "sdb": disks.second, "sr0": CD.read_bytes()}.items():
        assert booted.after(f"sha256 {name}: ").split()[0] == hashlib.sha256(contents).hexdigest()


@pytest.mark.parametrize("disk", ["sda", "sdb"])
def test_what_ata_piix_writes_it_reads_back(booted: Booted, disk: str) -> None:
    assert f"written to {disk}: the same" in booted.lines


def test_disks_and_network_card_are_there(booted: Booted) -> None:
    assert {"sda", "sdb", "sr0"} <= set(booted.after("block: ").split())
    assert "eth0" in booted.after("net: ").split()
    assert "RealTek RTL-8029(AS)" in booted.text


def test_ne2k_pci_pings_the_peer_and_fetches_a_file(booted: Booted) -> None:
    assert "3 packets transmitted, 3 packets received, 0% packet loss" in booted.text
    assert booted.after("sha256 fetched: ").split()[0] == hashlib.sha256(SERVED).hexdigest()


def test_the_drivers_get_their_interrupts(booted: Booted) -> None:
    assert booted.interrupts("timer")[0] > 100
    assert booted.interrupts("ttyS0")[0] > 0
    assert booted.interrupts("eth0")[0] > 0
    assert re.search(r"ACPI: \\_SB_\.LNK[A-D]: Enabled at IRQ 1[01]$", booted.text, re.MULTILINE)
    assert "XT-PIC      acpi" in booted.text
    by_dma, by_pio = booted.interrupts("ata_piix")
    assert 0 < by_dma < by_pio


def test_both_serial_ports_are_found_and_used(booted: Booted) -> None:
    assert re.search(r"ttyS0 at I/O 0x3f8 \(irq = 4, .* is a 16550A", booted.text)
    assert re.search(r"ttyS1 at I/O 0x2f8 \(irq = 3, .* is a 16550A", booted.text)
    assert booted.second.splitlines() == [b"said by ttyS1"]


def test_the_keyboard_is_found(booted: Booted) -> None:
    assert booted.after("serial input: ") == "i8042 KBD port"
    assert booted.after("input: ") == "AT Translated Set 2 keyboard"


def test_clocks_show_virtual_time(booted: Booted) -> None:
    real_time = int(booted.after("rtc: "))
    passed_s = int(booted.clock_read_s)
    assert EPOCH + passed_s - 1 <= real_time <= EPOCH + passed_s
    assert booted.after("hwclock: ").startswith("Mon Dec 15 17:11:")
    assert booted.after("date: ").startswith("Mon Dec 15 17:11:")


def test_the_real_time_clock_interrupts_at_its_alarm(booted: Booted) -> None:
    assert int(booted.after("alarm: ")) == int(booted.after("rtc: ")) + 2
    assert booted.after("alarm after 3 s:") == " "
    assert booted.interrupts("rtc0") == [1]
