"""GRUB as test input: disks and CDs with Debian's GRUB, made without root."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.real.packages import package

BUILT_IN = (
    *("biosdisk", "part_msdos", "ext2", "normal", "configfile", "serial", "terminal", "boot", "halt"),
    *("echo", "cat", "ls", "lsmmap", "lspci", "date", "linux", "multiboot", "chain"),
)
"""Modules of the core image: none need be loaded from the disk."""
PREFIX = "(hd0,msdos1)/boot/grub"
ON_SERIAL = "serial --unit=0 --speed=115200\nterminal_output serial\n"
SECTOR, FIRST_SECTOR, LINUX, ACTIVE = 512, 2048, 0x83, 0x80
PARTITION_TABLE, SIGNATURE, BY_LBA = 446, b"\x55\xaa", b"\xfe\xff\xff"
LIBRARIES = "libdevmapper1.02.1"
"""What GRUB's tools need besides the libraries of every Debian."""


@cache
def modules() -> Path:
    """GRUB's modules and boot sectors."""
    return package("grub-pc-bin") / "usr/lib/grub/i386-pc"


def make_image(out: Path) -> None:
    """Write GRUB's core image, by its own tool."""
    tool = package("grub-common") / "usr/bin/grub-mkimage"
    beside = next((package(LIBRARIES)).rglob("libdevmapper.so*")).parent
    command = [str(tool), "-O", "i386-pc", "-d", str(modules()), "-p", PREFIX, "-o", str(out), *BUILT_IN]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(beside)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        pytest.skip(f"grub-mkimage does not run here: {done.stderr.strip()}")


def file_system(folder: Path, files: Mapping[str, bytes], mib: int) -> bytes:
    """An ext2 file system that holds `files` by their paths."""
    if shutil.which("mke2fs") is None:
        pytest.skip("not installed: mke2fs, to make a file system")
    contents, image = folder / "contents", folder / "partition"
    for name, data in files.items():
        path = contents / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    command = ["mke2fs", "-q", "-t", "ext2", "-d", str(contents), str(image), f"{mib}M"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return image.read_bytes()


def disk(folder: Path, commands: str, files: Mapping[str, bytes] | None = None, *, mib: int = 8) -> Path:
    """A disk with GRUB before its only partition, where `commands` are its configuration.

    The boot sector loads the sector behind it, which loads the rest of the core image: that is how GRUB's
    own tools would install it, but for the list of blocks, whose default fits.
    """
    make_image(folder / "core.img")
    start = (modules() / "boot.img").read_bytes()
    core = (folder / "core.img").read_bytes()
    assert len(start) == SECTOR
    assert len(core) <= (FIRST_SECTOR - 1) * SECTOR
    config = {"boot/grub/grub.cfg": (ON_SERIAL + commands).encode()}
    partition = file_system(folder, {**config, **(files or {})}, mib)
    entry = struct.pack("<B3sB3sII", ACTIVE, BY_LBA, LINUX, BY_LBA, FIRST_SECTOR, len(partition) // SECTOR)
    master = start[:PARTITION_TABLE] + entry.ljust(SECTOR - 2 - PARTITION_TABLE, b"\0") + SIGNATURE
    path = folder / "grub.img"
    path.write_bytes((master + core).ljust(FIRST_SECTOR * SECTOR, b"\0") + partition)
    return path


def cd(folder: Path, commands: str, files: Mapping[str, bytes] | None = None) -> Path:
    """A CD by GRUB's own `grub-mkrescue`."""
    missing = [tool for tool in ("grub-mkrescue", "xorriso", "mformat") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}, to make a CD with GRUB")
    contents, path = folder / "cd", folder / "grub.iso"
    for name, data in {"boot/grub/grub.cfg": (ON_SERIAL + commands).encode(), **(files or {})}.items():
        (contents / name).parent.mkdir(parents=True, exist_ok=True)
        (contents / name).write_bytes(data)
    command = ["grub-mkrescue", "-d", str(modules()), "-o", str(path), str(contents)]
    subprocess.run(command, check=True, capture_output=True)
    return path
