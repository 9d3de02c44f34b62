"""Parts of a machine that are made from its configuration: images, links, targets of the unplug mask."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emu.backends.host_files import HostFiles
from emu.backends.network import EchoLink, Link, NullLink
from emu.backends.observed import ObservedLink
from emu.backends.peer.link import PeerLink
from emu.backends.peer.station import Station
from emu.core.backends import ByteSink
from emu.core.clock import Clock
from emu.core.errors import ConfigError
from emu.core.events import Observers
from emu.devices.ide.controller import HardDisk
from emu.machine import elf, firmware_stub, linux, multiboot
from emu.machine.boot import Boot, BootError
from emu.machine.config import Kernel, Nic

RESET_BUTTON = "reset button"
"""A cause of a reset: the one that is not the guest's."""


@dataclass(frozen=True)
class Outlets:
    """Where a machine's outputs go."""

    serial: ByteSink
    serial2: ByteSink
    debug: ByteSink
    firmware_debug: ByteSink
    guest_log: Callable[[bytes], None]
    """Takes lines of the guest's log."""
    host_log: Callable[[str], None]
    """Takes lines of the device model's own log."""
    report: Callable[[int], None]
    """Takes what the guest writes to the exit port."""
    reset: Callable[[str], None]
    """Resets the machine, for the named cause, at the next decision point."""
    power_off: Callable[[], None]
    """Ends the run at the next decision point."""


class ObservedSink:
    """A sink whose bytes are seen as `console_output`."""

    def __init__(self, name: str, sink: ByteSink, observers: Observers) -> None:
        self._name = name
        self._sink = sink
        self._observers = observers

    def write(self, data: bytes) -> None:
        """Pass `data` on."""
        for seen in self._observers.console_output:
            seen(self._name, data)
        self._sink.write(data)


LARGEST_FIRMWARE, LARGEST_KERNEL = 1 << 20, 1 << 30
FIRMWARE_UNIT = 0x1_0000
ONE_MIB = 1 << 20
LOW_ROM = 0x2_0000
"""The last 128 KiB of the firmware are seen below 1 MiB too."""


def load_firmware(path: Path, files: HostFiles) -> bytes:
    """A ROM image that ends at 4 GiB. Raises ConfigError where it cannot be one."""
    image = _contents("firmware", path, LARGEST_FIRMWARE, files)
    if not image or len(image) % FIRMWARE_UNIT:
        raise ConfigError(f"the firmware {path} has {len(image)} bytes: a ROM image is a multiple of 64 KiB")
    return image


def load_kernel(kernel: Kernel, ram_bytes: int, files: HostFiles) -> Boot:
    """A kernel as a boot loader leaves it in so much RAM. Raises ConfigError where it cannot be."""
    image = _contents("kernel", kernel.image, LARGEST_KERNEL, files)
    initrd = _contents("initrd", kernel.initrd, ram_bytes, files) if kernel.initrd else None
    append = kernel.append.encode(errors="surrogateescape")
    try:
        if kernel.elf:
            return _load_elf(kernel, image, initrd, append, ram_bytes)
        return linux.prepare(image, initrd or b"", append, ram_bytes)
    except BootError as error:
        raise ConfigError(f"cannot boot {kernel.image}: {error}") from None


def _load_elf(kernel: Kernel, image: bytes, initrd: bytes | None, append: bytes, ram_bytes: int) -> Boot:
    """What `--elf` takes: a Multiboot image of any format, or an ELF without a protocol."""
    ranges = firmware_stub.stub(ram_bytes).ranges
    header = multiboot.find_header(image)
    if header is not None:
        modules = []
        if kernel.initrd is not None and initrd is not None:
            modules.append(multiboot.Module(initrd, os.fsencode(kernel.initrd.name)))
        return multiboot.prepare(image, header, modules, append, ranges)
    if not image.startswith(elf.MAGIC):
        raise BootError("this is neither an ELF nor a Multiboot image: " + elf.REMEDY)
    if initrd is not None or append:
        given = "initrd" if initrd is not None else "command line"
        raise BootError(f"an ELF without a Multiboot header takes no {given}: leave it out, or add a header")
    return elf.prepare(image, ranges)


def _contents(what: str, path: Path, most: int, files: HostFiles) -> bytes:
    """A whole file of at most `most` bytes."""
    try:
        # Without O_NONBLOCK, opening a pipe that was named as a file would wait for ever.
        with open(path, "rb", opener=lambda name, flags: files.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"the {what} {path} is no regular file: give the path of a file")
            if status.st_size > most:
                raise ConfigError(f"the {what} {path} is too large: at most {most >> 10} KiB fit")
            return file.read(most)
    except OSError as error:
        raise ConfigError(f"cannot read the {what} {path}: {error.strerror}; give a readable file") from None


def low_rom(start: int, size: int) -> Callable[[int], int | None]:
    """Where in the buffer the ROM of an address below 1 MiB is, for firmware of `size` bytes at `start`."""
    shown = min(size, LOW_ROM)

    def find(address: int) -> int | None:
        offset = address - (ONE_MIB - shown)
        return start + size - shown + offset if 0 <= offset < shown else None

    return find


def nic_name(number: int) -> str:
    """What a network card is called in events."""
    return f"nic {number}"


def make_links(
    nics: Sequence[Nic],
    clock: Clock,
    observers: Observers,
    files: HostFiles,
    between: Callable[[int, Link], Link],
) -> list[ObservedLink]:
    """The back ends of network cards, named after them; `between` may put something before a card's link."""
    links = []
    for number, nic in enumerate(nics):
        name = nic_name(number)
        link = between(number, _make_link(nic, f"{name} {nic.backend}", clock, files))
        links.append(ObservedLink(link, nic=name, observers=observers))
    return links


def _make_link(nic: Nic, name: str, clock: Clock, files: HostFiles) -> Link:
    match nic.backend:
        case "peer":
            served = files.serve(nic.serve) if nic.serve else None
            return PeerLink(name, station=Station(nic.address, served), clock=clock)
        case "echo":
            return EchoLink(name, clock=clock)
        case _:
            return NullLink(name)


class EmulatedDisk:
    """A target of the unplug mask: a disk whose leaving is an event."""

    def __init__(self, disk: HardDisk, observers: Observers) -> None:
        self.position = disk.position
        self._disk = disk
        self._observers = observers

    def unplug(self) -> None:
        """Flush and close the image and leave the position empty. Idempotent."""
        if self._disk.present:
            self._disk.unplug()
            for seen in self._observers.unplugged:
                seen(self._disk.name, self._disk.location)
