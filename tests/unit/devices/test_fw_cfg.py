"""The firmware configuration device, read as SeaBIOS reads it."""

from __future__ import annotations

from struct import iter_unpack, unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.core.bus import PortBus
from emu.core.errors import ConfigError
from emu.devices.fw_cfg import FwCfg, Key, MemoryKind, MemoryRange, e820, standard_items

MIB = 1 << 20
FILES = {
    "etc/e820": e820([MemoryRange(0, 64 * MIB), MemoryRange(0xFFFC_0000, 0x40000, MemoryKind.RESERVED)]),
    "bootorder": b"/pci@i0cf8/ide@1,1/drive@0/disk@0\n\0",
}


@pytest.fixture
def bus() -> PortBus:
    bus = PortBus()
    device = FwCfg(items=standard_items(ram_bytes=64 * MIB, boot_menu=True), files=FILES)
    for region in device.ports():
        bus.claim(region)
    return bus


def select(bus: PortBus, key: int) -> None:
    bus.write(0x510, 2, key)


def take(bus: PortBus, count: int) -> bytes:
    return bytes(bus.read(0x511, 1) for _ in range(count))


def test_the_signature_is_selected_after_reset(bus: PortBus) -> None:
    assert take(bus, 4) == b"QEMU"


def test_only_the_traditional_interface_is_announced(bus: PortBus) -> None:
    select(bus, Key.ID)
    assert take(bus, 4) == b"\1\0\0\0"


def test_an_item_is_followed_by_zeros_and_starts_again_when_selected(bus: PortBus) -> None:
    for _ in range(2):
        select(bus, Key.SIGNATURE)
        assert take(bus, 8) == b"QEMU\0\0\0\0"


def test_an_absent_item_reads_zeros(bus: PortBus) -> None:
    select(bus, 0x1234)
    assert take(bus, 3) == b"\0\0\0"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Key.RAM_SIZE, (64 * MIB).to_bytes(8, "little")),
        (Key.CPUS, b"\1\0"),
        (Key.LARGEST_CPUS, b"\1\0"),
        (Key.BOOT_MENU, b"\1\0"),
        (Key.NUMA, bytes(8)),
        (Key.IRQ0_OVERRIDE, b"\1"),
        (Key.ACPI_TABLES, b"\0\0"),
        (Key.SMBIOS_ENTRIES, b"\0\0"),
    ],
)
def test_the_items_that_seabios_asks_for_by_number(bus: PortBus, key: int, expected: bytes) -> None:
    select(bus, key)
    assert take(bus, len(expected)) == expected


def test_the_directory_leads_to_every_file(bus: PortBus) -> None:
    select(bus, Key.FILE_DIRECTORY)
    (count,) = unpack(">I", take(bus, 4))
    found = {}
    for size, key, _, name in iter_unpack(">IHH56s", take(bus, 64 * count)):
        select(bus, key)
        found[name.rstrip(b"\0").decode()] = take(bus, size)
    assert found == FILES


def test_e820_is_packed_lines_of_base_size_and_kind() -> None:
    lines = list(iter_unpack("<QQI", FILES["etc/e820"]))
    assert lines == [(0, 64 * MIB, 1), (0xFFFC_0000, 0x40000, 2)]


def test_the_selector_takes_only_whole_words_and_cannot_be_read(bus: PortBus) -> None:
    bus.write(0x510, 1, Key.ID)
    bus.write(0x511, 1, 0xFF)
    assert bus.read(0x510, 1) == 0xFF
    assert bus.read(0x510, 2) == 0xFFFF
    assert take(bus, 4) == b"QEMU"


def test_the_write_channel_bit_of_the_selector_is_ignored(bus: PortBus) -> None:
    select(bus, 0x4000)
    assert take(bus, 4) == b"QEMU"


def test_a_file_name_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most 55"):
        FwCfg(items={}, files={"x" * 56: b""})


@given(st.sampled_from([0x510, 0x511]), st.sampled_from([1, 2]), st.integers(1, 100))
def test_strings_equal_single_reads(port: int, width: int, count: int) -> None:
    buses = []
    for _ in range(2):
        each = PortBus()
        each.claim(FwCfg(items=standard_items(ram_bytes=MIB), files=FILES).ports()[0])
        select(each, Key.FILE_DIRECTORY)
        buses.append(each)
    whole = b""
    while len(whole) < count * width:
        whole += buses[0].read_string(port, width, count - len(whole) // width)
    single = b"".join(buses[1].read(port, width).to_bytes(width, "little") for _ in range(count))
    assert whole == single


def test_a_string_longer_than_any_memory_is_given_in_parts(bus: PortBus) -> None:
    assert 1 <= len(bus.read_string(0x511, 1, 1 << 60)) <= 0x1000


def test_a_file_may_be_told_anew_at_each_reading() -> None:
    told = b"one"
    bus = PortBus()
    bus.claim(FwCfg(items={}, files={"told": lambda: told}).ports()[0])
    select(bus, 0x20)
    assert take(bus, 4) == b"one\0"
    told = b"two"
    select(bus, 0x20)
    assert take(bus, 4) == b"two\0"
