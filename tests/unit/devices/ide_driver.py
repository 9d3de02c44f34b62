"""A small IDE driver and an image in memory, for tests that go through the ports."""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.core.backends import BlockBackend
from emu.core.bus import MmioBus, PortBus
from emu.core.errors import HostError
from emu.core.wires import IrqLine
from emu.devices.ide.ata import AtaDisk
from emu.devices.ide.atapi import CdDrive
from emu.devices.ide.channel import Channel
from emu.devices.ide.controller import IdeController
from emu.devices.pci.bus import PciBus

BASES = ((0x1F0, 0x3F6), (0x170, 0x376))
BSY, DRDY, DF, DSC, DRQ, ERR = 0x80, 0x40, 0x20, 0x10, 0x08, 0x01


@dataclass
class MemoryImage:
    """A back end in memory that can fail at chosen sectors and remembers what was asked of it."""

    data: bytearray
    read_only: bool = False
    bad: set[int] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.data)

    def _check(self, offset: int, length: int) -> None:
        if self.bad.intersection(range(offset // 512, -(-(offset + length) // 512))):
            raise HostError("bad sector")

    def read(self, offset: int, length: int) -> bytes:
        self._check(offset, length)
        return bytes(self.data[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        self._check(offset, len(data))
        self.data[offset : offset + len(data)] = data

    def flush(self) -> None:
        self.calls.append("flush")

    def close(self) -> None:
        self.calls.append("close")


def image(sectors: int) -> MemoryImage:
    """An image in which every sector begins with its number."""
    return MemoryImage(bytearray(b"".join(n.to_bytes(4, "little") * 128 for n in range(sectors))))


class Bench:
    """A PIIX3 with drives on a bus, and the moves of a driver."""

    def __init__(
        self,
        disk: BlockBackend | None = None,
        slave: MemoryImage | None = None,
        cd: MemoryImage | None = None,
        cd_at: int = 2,
        cd_drive: CdDrive | None = None,
    ) -> None:
        self.ports = PortBus()
        self.memory = bytearray(0x10_0000)
        self.irqs: list[bool] = []
        self.line = IrqLine("isa14", self.irqs.append)
        self.secondary_line = IrqLine("isa15", lambda level: None)
        places: list[AtaDisk | CdDrive | None] = [None] * 4
        if disk is not None:
            places[0] = AtaDisk("disk0", image=disk)
        if slave is not None:
            places[1] = AtaDisk("disk1", image=slave)
        if cd is not None:
            places[cd_at] = CdDrive("cd", image=cd)
        if cd_drive is not None:
            places[cd_at] = cd_drive
        self.cd = places[cd_at]
        primary = Channel(
            "ide0",
            irq=self.line,
            command_base=0x1F0,
            control_base=0x3F6,
            master=places[0],
            slave=places[1],
        )
        secondary = Channel(
            "ide1",
            irq=self.secondary_line,
            command_base=0x170,
            control_base=0x376,
            master=places[2],
            slave=places[3],
        )
        self.ide = IdeController(
            "ide",
            primary=primary,
            secondary=secondary,
            read_memory=self._load,
            write_memory=self._store,
        )
        self.bus = PciBus("pci", ports=self.ports, memory=MmioBus())
        for region in self.bus.ports():
            self.ports.claim(region)
        self.bus.plug(self.ide, 1, 1)
        self.configure(0x20, 4, 0xC001)
        self.configure(0x04, 2, 0x0005)
        self.base, self.control = BASES[0]

    def _load(self, address: int, length: int) -> bytes:
        return bytes(self.memory[address : address + length]).ljust(length, b"\xff")

    def _store(self, address: int, data: bytes) -> None:
        room = max(len(self.memory) - address, 0)
        self.memory[address : address + min(len(data), room)] = data[:room]

    def configure(self, register: int, width: int, value: int) -> None:
        self.ports.write(0xCF8, 4, 0x8000_0900 | register & 0xFC)
        self.ports.write(0xCFC + (register & 3), width, value)

    def use(self, position: int) -> None:
        """Talk to the channel of `position` and select it."""
        self.base, self.control = BASES[position >> 1]
        self.write(6, 0xA0 | (position & 1) << 4)

    def read(self, register: int) -> int:
        return self.ports.read(self.base + register, 1)

    def write(self, register: int, value: int) -> None:
        self.ports.write(self.base + register, 1, value)

    @property
    def status(self) -> int:
        return self.read(7)

    @property
    def alternate(self) -> int:
        return self.ports.read(self.control, 1)

    def command(
        self, code: int, *, lba: int = 0, count: int = 0, features: int = 0, slave: bool = False
    ) -> None:
        """A command with a 28-bit address."""
        self.write(6, 0xE0 | slave << 4 | lba >> 24)
        for register, value in ((1, features), (2, count), (3, lba), (4, lba >> 8), (5, lba >> 16)):
            self.write(register, value & 0xFF)
        self.write(7, code)

    def command_48(self, code: int, *, lba: int, count: int) -> None:
        """A command with a 48-bit address."""
        self.write(6, 0xE0)
        for register, value in ((2, count), (3, lba), (4, lba >> 8), (5, lba >> 16)):
            previous = {2: count >> 8, 3: lba >> 24, 4: lba >> 32, 5: lba >> 40}[register]
            self.write(register, previous & 0xFF)
            self.write(register, value & 0xFF)
        self.write(7, code)

    def read_block(self, length: int = 512) -> bytes:
        """Word by word."""
        return b"".join(self.ports.read(self.base, 2).to_bytes(2, "little") for _ in range(length // 2))

    def write_block(self, data: bytes) -> None:
        for at in range(0, len(data), 2):
            self.ports.write(self.base, 2, int.from_bytes(data[at : at + 2], "little"))

    def identify(self, code: int = 0xEC) -> list[int]:
        self.write(7, code)
        assert self.status & DRQ
        data = self.read_block()
        return [int.from_bytes(data[n : n + 2], "little") for n in range(0, 512, 2)]

    def packet(self, data: bytes, limit: int = 0xFFFE) -> int:
        """Send a packet; the status after it."""
        self.write(1, 0)
        self.write(4, limit & 0xFF)
        self.write(5, limit >> 8)
        self.write(7, 0xA0)
        assert self.alternate & DRQ
        self.write_block(data.ljust(12, b"\0"))
        return self.status

    def reply(self) -> bytes:
        """All that a packet command sends, piece by piece as the byte count says."""
        parts = []
        while self.alternate & DRQ:
            length = self.read(5) << 8 | self.read(4)
            parts.append(self.read_block(length + 1 & ~1)[:length])
        return b"".join(parts)

    def sense(self) -> tuple[int, int]:
        """Sense key and additional code of the last command."""
        self.packet(bytes((0x03, 0, 0, 0, 18)))
        data = self.reply()
        return data[2], data[12]

    def start_dma(self, regions: list[tuple[int, int]], *, to_memory: bool) -> None:
        """Write a descriptor table at 0x1000 and start the primary bus master."""
        for n, (address, length) in enumerate(regions):
            last = 0x8000_0000 if n == len(regions) - 1 else 0
            entry = address | (length & 0xFFFF | last) << 32
            self._store(0x1000 + 8 * n, entry.to_bytes(8, "little"))
        self.ports.write(0xC004, 4, 0x1000)
        self.ports.write(0xC000, 1, 8 if to_memory else 0)
        self.ports.write(0xC002, 1, 0x06)
        self.ports.write(0xC000, 1, 9 if to_memory else 1)
