"""Debian's stock kernel lives on an ext4 root on our disk and mounts the discs in our CD drive.

It is booted once. Its first init, in the initramfs, mounts discs while they are changed, by the guest and
from outside; then it hands over to an init on the ext4 root, which writes there and powers off.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from random import Random

import pycdlib
import pytest

from emu.machine.config import Drive, MachineConfig
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from tests.real.eject import eject_program
from tests.real.linux import COMPLAINTS, Booted, boot, busybox, kernel

FOLDERS = "/usr/sbin:/sbin:/usr/bin:/bin"
TOOLS = {name: shutil.which(name, path=FOLDERS) for name in ("mke2fs", "e2fsck", "debugfs")}
MODULES = ("sd_mod", "sr_mod", "ata_piix", "crc32c_generic", "ext4", "isofs")
CD_POSITION = 2
ROOT_MIB = 32
DISCS = [Random(number).randbytes(size) for number, size in enumerate((300_001, 70_000, 123_456))]
"""On the first disc; on the second, put in from outside; on the third, which waits for the guest to eject."""
CHANGE_ME = "init: change the disc"
FILES = 40
BIG_BYTES = 3 << 20
SCRIPT = f"""
until [ -b /dev/sda ] && [ -b /dev/sr0 ]; do sleep 0.1; done
look() {{
    mount -t iso9660 -o ro /dev/sr0 /mnt || return
    echo "disc $1: $(sha256sum < /mnt/contents.bin) $(ls /mnt | xargs)"
}}
look 1
echo "{CHANGE_ME}"
sleep 0.5
echo 3 > /proc/sys/vm/drop_caches
echo "disc 1, kept: $(sha256sum < /mnt/contents.bin)"
umount /mnt
look 2
umount /mnt
eject && echo "init: ejected"
look 3
umount /mnt
mount -t ext4 /dev/sda /mnt
for each in dev proc sys; do mount -o move /$each /mnt/$each; done
exec switch_root /mnt /sbin/init
"""
ROOT_INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
echo "root: $(grep ' / ext4' /proc/mounts)"
echo "greeting: $(cat /etc/greeting)"
dd if=/dev/urandom of=/big bs=64k count={BIG_BYTES >> 16} 2>/dev/null
echo "sha256 big: $(sha256sum < /big)"
mkdir -p /var/many
for number in $(seq {FILES}); do echo "this is $number" > /var/many/$number; done
rm /var/many/7 /etc/greeting
mv /var/many/8 /var/eight
ln -s eight /var/link
sync
mount -o remount,ro / && echo "root: read-only"
poweroff -f
"""


def iso(path: Path, name: str, contents: bytes) -> Path:
    """A disc with one file, `contents.bin`, and a second one by which one knows it."""
    disc = pycdlib.PyCdlib()
    disc.new(interchange_level=3, rock_ridge="1.09")
    for number, (file, data) in enumerate({"contents.bin": contents, name: b"x"}.items()):
        disc.add_fp(BytesIO(data), len(data), f"/F{number}.;1", rr_name=file)
    disc.write(str(path))
    disc.close()
    return path


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [TOOLS[name] or name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [name for name, found in TOOLS.items() if found is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: e2fsprogs)")
    return tmp_path_factory.mktemp("linux")


@pytest.fixture(scope="module")
def root(folder: Path) -> Path:
    """The image of a root file system, as mke2fs makes it of a folder."""
    tree = folder / "tree"
    for name in ("bin", "sbin", "etc", "dev", "proc", "sys", "var"):
        (tree / name).mkdir(parents=True)
    files = {"bin/busybox": busybox(), "sbin/init": ROOT_INIT.encode(), "etc/greeting": b"hello from ext4\n"}
    for name, contents in files.items():
        (tree / name).write_bytes(contents)
        (tree / name).chmod(0o755)
    made = tool("mke2fs", "-q", "-t", "ext4", "-d", tree, folder / "root.img", f"{ROOT_MIB}M")
    assert made.returncode == 0, made.stderr
    return folder / "root.img"


@pytest.fixture(scope="module")
def booted(folder: Path, root: Path) -> Booted:
    first, second, third = (
        iso(folder / f"{name}.iso", name, contents)
        for name, contents in zip(("first", "second", "third"), DISCS, strict=True)
    )

    def heard(machine: Machine, line: str) -> None:
        if line == CHANGE_ME:
            machine.change_disc(CD_POSITION, second)

    config = MachineConfig(
        memory_mib=256,
        kernel=kernel(folder, SCRIPT, MODULES, programs={"eject": eject_program(folder)}),
        drives=(
            Drive(root, 0, write=True),
            Drive(first, CD_POSITION, cdrom=True, next=(third,)),
        ),
    )
    return boot(config, heard)


def test_it_powers_off_and_complains_of_nothing(booted: Booted) -> None:
    assert booted.stop == Stop(Reason.POWERED_OFF), booted.lines[-20:]
    for complaint in (*COMPLAINTS, "EXT4-fs error", "EXT4-fs warning"):
        assert complaint not in booted.text


def test_a_file_on_a_disc_is_read_as_it_is(booted: Booted) -> None:
    digest, _, *names = booted.after("disc 1: ").split()
    assert digest == hashlib.sha256(DISCS[0]).hexdigest()
    assert set(names) == {"contents.bin", "first"}


def test_a_mounted_disc_stays_though_somebody_wants_to_change_it(booted: Booted) -> None:
    assert booted.after("disc 1, kept: ").split()[0] == hashlib.sha256(DISCS[0]).hexdigest()


def test_the_disc_from_outside_is_there_once_the_first_is_unmounted(booted: Booted) -> None:
    digest, _, *names = booted.after("disc 2: ").split()
    assert digest == hashlib.sha256(DISCS[1]).hexdigest()
    assert set(names) == {"contents.bin", "second"}


def test_the_guests_eject_brings_the_next_disc(booted: Booted) -> None:
    assert "init: ejected" in booted.lines
    digest, _, *names = booted.after("disc 3: ").split()
    assert digest == hashlib.sha256(DISCS[2]).hexdigest()
    assert set(names) == {"contents.bin", "third"}


def test_the_root_is_ext4_on_the_disk(booted: Booted) -> None:
    assert booted.after("root: ").startswith("/dev/sda / ext4 rw")
    assert booted.after("greeting: ") == "hello from ext4"
    assert "root: read-only" in booted.lines


def test_the_file_system_is_clean_afterwards(booted: Booted, root: Path) -> None:
    assert booted.stop.reason is Reason.POWERED_OFF
    checked = tool("e2fsck", "-f", "-n", root)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    state = re.search(r"^Filesystem state: +(.*)$", tool("debugfs", "-R", "stats", root).stdout, re.MULTILINE)
    assert state
    assert state[1] == "clean"


def test_what_the_guest_wrote_is_in_the_image(booted: Booted, root: Path, tmp_path: Path) -> None:
    tool("debugfs", "-R", f"dump /big {tmp_path / 'big'}", root)
    big = (tmp_path / "big").read_bytes()
    assert len(big) == BIG_BYTES
    assert hashlib.sha256(big).hexdigest() == booted.after("sha256 big: ").split()[0]
    assert tool("debugfs", "-R", "cat /var/many/40", root).stdout == "this is 40\n"
    assert tool("debugfs", "-R", "cat /var/eight", root).stdout == "this is 8\n"
    assert 'Fast link dest: "eight"' in tool("debugfs", "-R", "stat /var/link", root).stdout
    listed = tool("debugfs", "-R", "ls -p /var/many", root).stdout
    names = {line.split("/")[5] for line in listed.splitlines() if line} - {".", ".."}
    assert names == {str(number) for number in range(1, FILES + 1)} - {"7", "8"}
    assert "File not found" in tool("debugfs", "-R", "stat /etc/greeting", root).stderr
