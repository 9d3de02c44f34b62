"""Debian's stock kernel as a process: from the bzImage, which unpacks itself, to an init that ends it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import qemu
from benchmarks.command import REAL, Cost, emu_run
from benchmarks.measurement import Measurement, Measurements
from tests.real.initramfs import initramfs

BUSYBOX = REAL / "busybox-static" / "bin" / "busybox"
MEMORY_MIB = 256
GREETING = "init: here"
INIT = f"""#!/bin/sh
/bin/busybox mount -t devtmpfs dev /dev
echo "{GREETING}"
/bin/busybox dd if=/dev/zero of=/dev/port bs=1 count=1 seek=$((0xf4)) 2>/dev/null
"""
EMU = "emu"
NAME = "process: Debian's kernel, bzImage to init"
MOST_S = 15
MOST_ROUNDS = 2
"""A round of all three takes half a minute."""


def missing() -> str:
    """What is not there to be booted, with the remedy; empty where all is."""
    needed = {"busybox-static": BUSYBOX.exists(), "linux-image": bool(kernels())}
    lacking = [name for name, exists in needed.items() if not exists]
    return f"no .real/{lacking[0]}*: `make real`" if lacking else ""


def kernels() -> list[Path]:
    """What `make real` has fetched."""
    return sorted(REAL.glob("linux-image-*/boot/vmlinuz-*"))


def boot(who: str, initrd: Path) -> Cost:
    """Boot the newest kernel to its init. Raises RuntimeError where it does not come so far."""
    options = {"kernel": str(kernels()[-1]), "initrd": str(initrd), "append": "console=ttyS0"}
    dashes = "--" if who == EMU else "-"
    files = [text for name, value in options.items() for text in (dashes + name, value)]
    if who == EMU:
        cost = emu_run(*files, "--memory", str(MEMORY_MIB))
    else:
        cost = qemu.on_qemu(who, *files, "-m", str(MEMORY_MIB), "-serial", "stdio")
    if GREETING not in cost.output:
        raise RuntimeError(f"{who}: the kernel did not reach init: {cost.output[-500:]}")
    return cost


def costs(rounds: int) -> Iterator[dict[str, Cost]]:
    """Rounds of everybody who is here, one after the other."""
    everybody = (EMU,) if qemu.MISSING else (EMU, *qemu.ACCELERATION)
    with tempfile.TemporaryDirectory() as folder:
        initrd = Path(folder, "initrd")
        initrd.write_bytes(initramfs(BUSYBOX.read_bytes(), INIT))
        for _ in range(rounds):
            yield {who: boot(who, initrd) for who in everybody}


def measurements(rounds: int) -> Measurements:
    """Seconds of the clock and of the processor; then how many times those of the processor are QEMU's."""
    reason = missing()
    found = [] if reason else list(costs(min(rounds, MOST_ROUNDS)))
    walls, cpus = (tuple(getattr(each[EMU], kind) for each in found) for kind in ("wall", "cpu"))
    yield Measurement(NAME, "s", walls, at_most=MOST_S, unavailable=reason)
    yield Measurement(f"{NAME}, CPU time", "s", cpus, at_most=MOST_S, unavailable=reason)
    reason = reason or qemu.MISSING
    for other in qemu.ACCELERATION:
        ratios = () if reason else tuple(each[EMU].cpu / each[other].cpu for each in found)
        yield Measurement(f"{NAME}, CPU time, times QEMU {other}", "", ratios, unavailable=reason)
