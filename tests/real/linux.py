"""Debian's stock kernel as a plain PC, with an init of busybox: how the tests boot it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from emu.machine.config import Kernel, MachineConfig
from emu.machine.machine import Machine
from emu.machine.run_loop import Stop
from tests.real.initramfs import initramfs, modules_named
from tests.real.packages import package

NEWEST, BUSYBOX = "linux-image-amd64", "busybox-static"
COMMAND_LINE = "console=ttyS0 panic=-1"
LONGEST_NS = 60_000_000_000
LONGEST_WALL_S = 1800.0
"""A guard, no measure: a boot takes some ten seconds where nothing else runs."""
COMPLAINTS = ("BUG:", "Oops", "WARNING:", "Call Trace", "general protection", "invalid opcode", "I/O error")
START = r"""#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo "init: $(cat /proc/version)"
for module in /modules/*; do
    name=$(basename $module .ko)
    insmod $module $(xargs -n 1 < /proc/cmdline | sed -n "s/^${name#*-}\.//p")
done
"""
"""What every init begins with. Modules take their parameters from the command line, as from modprobe."""


def newest_kernel() -> str:
    """The package that the newest kernel is in."""
    asked = subprocess.run(["apt-cache", "depends", NEWEST], capture_output=True, text=True, check=False)
    named = re.search(r"Depends: (linux-image-\S+)", asked.stdout)
    if named is None:
        pytest.skip(f"apt-cache does not know {NEWEST}")
    return named[1]


def busybox() -> bytes:
    """A busybox that needs no libraries."""
    return (package(BUSYBOX) / "bin/busybox").read_bytes()


def kernel(
    folder: Path,
    script: str,
    modules: Iterable[str],
    append: str = "",
    programs: Mapping[str, bytes] | None = None,
) -> Kernel:
    """The newest kernel, with an initramfs (made in `folder`) whose init does `script` behind `START`."""
    files = package(newest_kernel())
    loaded = modules_named(files / "lib/modules", modules)
    initrd = folder / "initrd"
    initrd.write_bytes(initramfs(busybox(), START + script, loaded, programs))
    return Kernel(next((files / "boot").glob("vmlinuz-*")), initrd, f"{COMMAND_LINE} {append}".strip())


class Terminal:
    """What the serial port is connected to: keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.heard: Callable[[str], None] = lambda line: None
        """Told of each line."""
        self._line = bytearray()

    def write(self, data: bytes) -> None:
        """Take `data` from the guest."""
        for each in data:
            if each != ord("\n"):
                self._line.append(each)
                continue
            self.lines.append(self._line.decode("ascii", "replace").rstrip("\r"))
            self._line.clear()
            self.heard(self.lines[-1])


@dataclass(frozen=True)
class Said:
    """What a guest printed."""

    lines: list[str]

    @cached_property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    def after(self, start: str) -> str:
        """The rest of the line that begins so."""
        found = [line for line in self.lines if line.startswith(start)]
        assert found, self.text
        return found[0].removeprefix(start)

    def interrupts(self, name: str) -> list[int]:
        """How many the kernel counted for a handler, by its lines."""
        counted = re.findall(rf"^ *\d+: +(\d+) +XT-PIC +{name}$", self.text, re.MULTILINE)
        assert counted, self.text
        return [int(count) for count in counted]


@dataclass(frozen=True)
class Booted(Said):
    """A run to its end."""

    stop: Stop


def boot(config: MachineConfig, heard: Callable[[Machine, str], None] = lambda machine, line: None) -> Booted:
    """Run until the guest switches the machine off; `heard` is told of each line that it prints."""
    terminal = Terminal()
    machine = Machine(config, serial=terminal)
    terminal.heard = lambda line: heard(machine, line)
    stop = machine.run(until_ns=LONGEST_NS)
    machine.close()
    return Booted(terminal.lines, stop)
