"""Commands by which firmware installs files of tables in memory, as QEMU writes them and SeaBIOS knows them.

[LOADER] the comments of QEMU's hw/acpi/bios-linker-loader.c: 128 bytes each, in the file `etc/table-loader`.
Firmware puts files where it has room, then adds their addresses to the pointers between them, then makes
checksums right. `install` is what firmware does, for a machine that starts without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import pack

COMMAND_SIZE = 128
SCRIPT_FILE = "etc/table-loader"


class Zone(IntEnum):
    """Where a file may go: anywhere below 4 GiB, or where the RSDP is looked for, 0xE0000 to 0xFFFFF."""

    HIGH = 1
    F_SEGMENT = 2


@dataclass(frozen=True)
class Allocate:
    """Put `file` at a multiple of `align`."""

    file: str
    align: int
    zone: Zone

    def encode(self) -> bytes:
        """As firmware reads it."""
        return pack("<I56sIB", 1, self.file.encode(), self.align, self.zone)


@dataclass(frozen=True)
class AddPointer:
    """Add the address of `target` to the `size` bytes at `offset` in `file`, which hold an offset in it."""

    file: str
    target: str
    offset: int
    size: int

    def encode(self) -> bytes:
        """As firmware reads it."""
        return pack("<I56s56sIB", 2, self.file.encode(), self.target.encode(), self.offset, self.size)


@dataclass(frozen=True)
class AddChecksum:
    """Set the byte at `offset` in `file`, which is 0, so that `length` bytes from `start` on sum to 0."""

    file: str
    offset: int
    start: int
    length: int

    def encode(self) -> bytes:
        """As firmware reads it."""
        return pack("<I56sIII", 3, self.file.encode(), self.offset, self.start, self.length)


Command = Allocate | AddPointer | AddChecksum


def script(commands: Sequence[Command]) -> bytes:
    """The file of commands."""
    return b"".join(command.encode().ljust(COMMAND_SIZE, b"\0") for command in commands)


def install(
    commands: Sequence[Command], files: Mapping[str, bytes], place: Callable[[Zone, int, int], int]
) -> dict[str, tuple[int, bytes]]:
    """Carry the commands out: the address and the contents of each file.

    `place(zone, size, align)` finds room.
    """
    addresses: dict[str, int] = {}
    contents: dict[str, bytearray] = {}
    for command in commands:
        data = contents.setdefault(command.file, bytearray(files[command.file]))
        match command:
            case Allocate(file, align, zone):
                addresses[file] = place(zone, len(data), align)
            case AddPointer(_, target, offset, size):
                field = slice(offset, offset + size)
                pointer = int.from_bytes(data[field], "little") + addresses[target]
                data[field] = pointer.to_bytes(size, "little")
            case AddChecksum(_, offset, start, length):
                data[offset] = data[offset] - sum(data[start : start + length]) & 0xFF
    return {file: (address, bytes(contents[file])) for file, address in addresses.items()}
