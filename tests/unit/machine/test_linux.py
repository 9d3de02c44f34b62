"""The Linux boot protocol: what a kernel finds, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from struct import unpack_from

import pytest

from emu.core.errors import ConfigError
from emu.devices.fw_cfg import MemoryKind
from emu.machine import linux
from emu.machine.boot import BootError
from emu.machine.config import Kernel, MachineConfig
from emu.machine.firmware_stub import BASE_MEMORY_END, stub
from emu.machine.linux import prepare
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from tests.unit.bzimage import bzimage
from tests.unit.rom import HALT, write_rom

MIB = 1 << 20
INITRD = b"initrd\n\0"


class Kept:
    def __init__(self) -> None:
        self.text = b""

    def write(self, data: bytes) -> None:
        self.text += data


def machine(folder: Path, image: bytes, said: Kept) -> Machine:
    (folder / "bzImage").write_bytes(image)
    (folder / "initrd").write_bytes(INITRD)
    kernel = Kernel(folder / "bzImage", folder / "initrd", "console=ttyS0 ")
    config = MachineConfig(firmware=Path(write_rom(folder, HALT)), kernel=kernel, memory_mib=16)
    return Machine(config, serial=said)


def refusal(image: bytes, *, initrd: bytes = b"", command_line: bytes = b"", mib: int = 16) -> str:
    with pytest.raises(BootError) as refused:
        prepare(image, initrd, command_line, mib * MIB)
    return str(refused.value)


def parameters(mib: int = 16, initrd: bytes = INITRD) -> bytes:
    return prepare(bzimage(), initrd, b"", mib * MIB).memory[linux.BOOT_PARAMETERS]


@pytest.mark.parametrize(("entry_64", "mode"), [(False, b"1"), (True, b"0")], ids=["32-bit", "64-bit"])
def test_a_kernel_is_entered_in_its_mode_and_finds_command_line_and_initrd(
    tmp_path: Path, entry_64: bool, mode: bytes
) -> None:
    said = Kept()
    booted = machine(tmp_path, bzimage(entry_64=entry_64), said)
    assert booted.run(10**9) == Stop(Reason.REPORTED, 0)
    assert said.text == mode + b"console=ttyS0 initrd\n"
    booted.close()


def test_a_reset_enters_the_kernel_again(tmp_path: Path) -> None:
    said = Kept()
    booted = machine(tmp_path, bzimage(), said)
    booted.run(10**9)
    booted.memory.write(linux.KERNEL, bytes(4096))
    booted.reset()
    assert booted.run(10**9 + booted.clock.now) == Stop(Reason.REPORTED, 0)
    assert said.text == 2 * b"0console=ttyS0 initrd\n"
    booted.close()


def test_the_disk_channels_are_decoded_without_firmware(tmp_path: Path) -> None:
    booted = machine(tmp_path, bzimage(), Kept())
    booted.ports.write(0xCF8, 4, 0x8000_0940)
    assert booted.ports.read(0xCFC, 4) & 0x8000_8000 == 0x8000_8000
    booted.close()


def test_the_initrd_lies_on_a_page_as_high_as_the_kernel_reaches() -> None:
    assert unpack_from("<II", parameters(), linux.RAMDISK_ADDRESS) == (
        stub(16 * MIB).low_end - 4096,
        len(INITRD),
    )
    low_reach = bytearray(bzimage())
    low_reach[linux.LAST_INITRD_BYTE : linux.LAST_INITRD_BYTE + 4] = (8 * MIB - 1).to_bytes(4, "little")
    assert 8 * MIB - 4096 in prepare(bytes(low_reach), INITRD, b"", 16 * MIB).memory


@pytest.mark.parametrize(("version", "told"), [(0x20D, False), (0x20E, True)])
def test_kernels_that_can_be_told_are_told_where_the_acpi_tables_begin(version: int, told: bool) -> None:
    page = prepare(bzimage(version=version), b"", b"", 16 * MIB).memory[linux.BOOT_PARAMETERS]
    assert unpack_from("<Q", page, linux.RSDP_ADDRESS)[0] == (stub(16 * MIB).rsdp if told else 0)


def test_without_an_initrd_its_address_is_zero() -> None:
    assert unpack_from("<II", parameters(initrd=b""), linux.RAMDISK_ADDRESS) == (0, 0)


def test_the_screen_is_told_as_vga_text_with_80_columns_and_25_rows() -> None:
    page = parameters()
    assert (page[0x06], page[0x07], page[0x0E], page[0x0F], page[0x10]) == (3, 80, 25, 1, 16)


@pytest.mark.parametrize("mib", [16, 3072, 3073, 5000])
def test_the_memory_map_tells_all_ram_but_what_firmware_keeps(mib: int) -> None:
    page = parameters(mib)
    ranges = [
        unpack_from("<QQI", page, linux.RANGES + 20 * number) for number in range(page[linux.RANGE_COUNT])
    ]
    assert ranges == [(each.base, each.size, each.kind) for each in stub(mib * MIB).ranges]
    ram = [(base, size) for base, size, kind in ranges if kind == MemoryKind.RAM]
    tables = [size for _, size, kind in ranges if kind == MemoryKind.ACPI_NVS]
    assert sum(size for _, size in ram) + sum(tables) == mib * MIB - (MIB - BASE_MEMORY_END)
    assert [base for base, _ in ram] == [0, MIB] + [1 << 32] * (mib > 3072)
    assert all(low[0] + low[1] <= high[0] for low, high in pairwise(ranges))


@pytest.mark.parametrize("length", [0, 511, 512, 4096])
def test_what_has_no_setup_header_is_no_bzimage(length: int) -> None:
    assert refusal(bytes(length)) == "this is no bzImage: give a Linux kernel such as /boot/vmlinuz"


def test_a_truncated_kernel_is_refused() -> None:
    assert refusal(bzimage()[:-16]) == "the kernel is truncated: give the whole bzImage"


def test_a_kernel_of_an_old_protocol_or_below_1_mib_is_refused() -> None:
    assert "boot protocol 2.09" in refusal(bzimage(version=0x209))
    assert "zImage" in refusal(bzimage(flags=0))


def test_an_initrd_too_large_for_memory_is_refused_with_the_memory_that_it_needs() -> None:
    assert refusal(bzimage(), initrd=bytes(15 * MIB)) == (
        "the initrd of 15 MiB does not fit beside the kernel in 16 MiB: give more memory, 18 MiB at least"
    )
    prepare(bzimage(), bytes(15 * MIB), b"", 18 * MIB)


def test_a_kernel_too_large_for_memory_is_refused() -> None:
    assert refusal(bzimage(initial_size=16 * MIB)).startswith("the kernel needs 18 MiB to unpack itself")
    prepare(bzimage(initial_size=16 * MIB), b"", b"", 18 * MIB)


def test_a_command_line_that_the_kernel_would_cut_is_refused() -> None:
    prepare(bzimage(), b"", b"x" * 2047, 16 * MIB)
    assert refusal(bzimage(), command_line=b"x" * 2048) == (
        "the command line has 2048 bytes: this kernel takes 2047"
    )


def test_missing_files_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "bzImage").write_bytes(bzimage())
    rom = Path(write_rom(tmp_path, HALT))
    for kernel, told in (
        (Kernel(tmp_path / "none"), "cannot read the kernel"),
        (Kernel(tmp_path / "bzImage", tmp_path / "none"), "cannot read the initrd"),
    ):
        with pytest.raises(ConfigError, match=told):
            Machine(MachineConfig(firmware=rom, kernel=kernel))
