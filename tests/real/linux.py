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
    """What the serial port is connected to: keeps the lines, each with the virtual time of its end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ended_ns: list[int] = []
        self.now: Callable[[], int] = lambda: 0
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
            self.ended_ns.append(self.now())
            self._line.clear()
            self.heard(self.lines[-1])


@dataclass(frozen=True)
class Booted:
    """A run to its end: what was printed, when, and on the second serial port."""

    stop: Stop
    lines: list[str]
    ended_ns: list[int]
    second: list[str]

    @cached_property
    def text(self) -> str:
        """All that was printed."""
        return "\n".join(self.lines)

    def after(self, start: str) -> str:
        """The rest of the line that begins so."""
        return self.lines[self._index(start)].removeprefix(start)

    def when_ns(self, start: str) -> int:
        """When the line that begins so was printed."""
        return self.ended_ns[self._index(start)]

    def interrupts(self, name: str) -> list[int]:
        """How many the kernel counted for a handler, by its lines."""
        counted = re.findall(rf"^ *\d+: +(\d+) +XT-PIC +{name}$", self.text, re.MULTILINE)
        assert counted, self.text
        return [int(count) for count in counted]

    def _index(self, start: str) -> int:
        found = [number for number, line in enumerate(self.lines) if line.startswith(start)]
        assert found, self.text
        return found[0]


def boot(config: MachineConfig, heard: Callable[[Machine, str], None] = lambda machine, line: None) -> Booted:
    """Run until the guest switches the machine off; `heard` is told of each line that it prints."""
    terminal, second = Terminal(), Terminal()
    machine = Machine(config, serial=terminal, serial2=second)
    terminal.now = lambda: machine.clock.now
    terminal.heard = lambda line: heard(machine, line)
    stop = machine.run(until_ns=LONGEST_NS)
    machine.close()
    return Booted(stop, terminal.lines, terminal.ended_ns, second.lines)
