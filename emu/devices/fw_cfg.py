"""The QEMU firmware configuration device, traditional interface only (no DMA).

[fw_cfg] QEMU docs/specs/fw_cfg.rst. A 16-bit write at 0x510 selects an item; bytes read at 0x511 are the
item's, then zeros. Files are items too, found through the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import pack

from emu.core.bus import Region
from emu.core.device import Device
from emu.core.errors import ConfigError
from emu.core.registers import registers

PORT = 0x510
FIRST_FILE = 0x20
LONGEST_NAME = 55
WRITE_CHANNEL = 0x4000
"""A bit of the selector that no item has any more."""
SELECTOR_OFFSET, DATA_OFFSET = 0, 1
TRADITIONAL = 1
LONGEST_STRING = 0x1000

Contents = bytes | Callable[[], bytes]
"""What an item holds, or who tells it, at a length that never changes: it depends on what firmware does."""


class Key(IntEnum):
    """Selectors of the items that have no file name."""

    SIGNATURE = 0x0000
    ID = 0x0001
    RAM_SIZE = 0x0003
    NO_GRAPHIC = 0x0004
    CPUS = 0x0005
    NUMA = 0x000D
    BOOT_MENU = 0x000E
    LARGEST_CPUS = 0x000F
    FILE_DIRECTORY = 0x0019
    ACPI_TABLES = 0x8000
    SMBIOS_ENTRIES = 0x8001
    IRQ0_OVERRIDE = 0x8002


class MemoryKind(IntEnum):
    """Types of an E820 range."""

    RAM = 1
    RESERVED = 2
    ACPI_NVS = 4
    """Must not be used."""


@dataclass(frozen=True)
class MemoryRange:
    """A line of the E820 map."""

    base: int
    size: int
    kind: MemoryKind = MemoryKind.RAM


def e820(ranges: Sequence[MemoryRange]) -> bytes:
    """The file `etc/e820`: firmware sizes memory by its RAM ranges."""
    return b"".join(pack("<QQI", each.base, each.size, each.kind) for each in ranges)


def standard_items(*, ram_bytes: int, cpus: int = 1, boot_menu: bool = False) -> dict[int, bytes]:
    """The items that SeaBIOS 1.16 asks for by number, for a machine without NUMA nodes or host-made tables.

    IRQ 0 is wired to the second input of an I/O APIC, as tables say when `IRQ0_OVERRIDE` is set.
    """
    return {
        Key.RAM_SIZE: pack("<Q", ram_bytes),
        Key.NO_GRAPHIC: pack("<H", 0),
        Key.CPUS: pack("<H", cpus),
        Key.NUMA: pack("<Q", 0),
        Key.BOOT_MENU: pack("<H", boot_menu),
        Key.LARGEST_CPUS: pack("<H", cpus),
        Key.ACPI_TABLES: pack("<H", 0),
        Key.SMBIOS_ENTRIES: pack("<H", 0),
        Key.IRQ0_OVERRIDE: b"\x01",
    }


@dataclass
class FwCfgState:
    """Which item is selected, and how far it has been read."""

    selected: int = 0
    offset: int = 0


class FwCfg(Device[FwCfgState]):
    """Ports 0x510 and 0x511."""

    def __init__(self, *, items: Mapping[int, bytes], files: Mapping[str, Contents]) -> None:
        """`items` by key, `files` by name. Raises ConfigError where a name is too long for the directory."""
        super().__init__("fw_cfg", FwCfgState())
        self._items: dict[int, Contents] = {
            Key.SIGNATURE: b"QEMU",
            Key.ID: pack("<I", TRADITIONAL),
            **items,
            **dict(enumerate((files[name] for name in sorted(files)), FIRST_FILE)),
            Key.FILE_DIRECTORY: _directory(files),
        }

    def ports(self) -> tuple[Region, ...]:
        """The selector, and the data port behind it."""
        return (
            Region(
                "fw_cfg",
                PORT,
                2,
                self._read,
                self._write,
                widest=2,
                registers=registers({0: "selector", 1: "data"}),
                read_string=self._read_string,
                string_offsets=range(DATA_OFFSET, DATA_OFFSET + 1),
            ),
        )

    def _read(self, offset: int, width: int) -> int:
        if width == 2:
            return 0xFFFF
        return self._take(1)[0] if offset == DATA_OFFSET else 0xFF

    def _write(self, offset: int, width: int, value: int) -> None:
        # Items cannot be written, and a selector in two halves is none: both vanish.
        if offset == SELECTOR_OFFSET and width == 2:
            self.state = FwCfgState(selected=value & ~WRITE_CHANNEL)

    def _read_string(self, offset: int, width: int, count: int) -> bytes:
        count = min(count, LONGEST_STRING)
        if offset != DATA_OFFSET:
            return b"\xff" * width * count
        padding = b"\xff" * (width - 1)  # nobody answers behind the data port
        data = self._take(count)
        return b"".join(bytes((each,)) + padding for each in data) if padding else data

    def _take(self, count: int) -> bytes:
        item = _contents(self._items.get(self.state.selected, b""))
        data = item[self.state.offset : self.state.offset + count]
        self.state.offset += len(data)
        return data.ljust(count, b"\0")


def _contents(item: Contents) -> bytes:
    return item if isinstance(item, bytes) else item()


def _directory(files: Mapping[str, Contents]) -> bytes:
    entries = []
    for key, name in enumerate(sorted(files), FIRST_FILE):
        encoded = name.encode("ascii", "replace")
        if len(encoded) > LONGEST_NAME:
            raise ConfigError(
                f"firmware file name {name!r} is too long: at most {LONGEST_NAME} characters fit"
            )
        entries.append(pack(">IHH56s", len(_contents(files[name])), key, 0, encoded))
    return pack(">I", len(entries)) + b"".join(entries)
