"""Flat ELF images and Multiboot: how they are entered, and what is refused."""

from __future__ import annotations

from pathlib import Path
from struct import pack

import pytest

from emu.machine import elf, multiboot
from emu.machine.boot import Boot, BootError
from emu.machine.config import Kernel, MachineConfig
from emu.machine.firmware_stub import stub
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from tests.unit.kernels.build import build, flatten, needs_tools
from tests.unit.rom import HALT, write_rom

MIB = 1 << 20
RAM = stub(16 * MIB).ranges
CODE = b"code"


def executable(
    *segments: tuple[int, bytes, int],
    entry: int = MIB,
    ident: bytes = b"\x7fELF\x01\x01\x01",
    kind: int = 2,
    machine: int = 3,
    virtual: int = 0,
    segment_kind: int = 1,
) -> bytes:
    """An ELF with segments (address, data, size in memory), or one of `CODE` at 1 MiB."""
    segments = segments or ((MIB, CODE, len(CODE)),)
    size = elf.HEADER.size + 6
    at = size + len(segments) * elf.PROGRAM_HEADER.size
    headers, contents = b"", b""
    for address, data, in_memory in segments:
        place = at + len(contents)
        headers += pack("<8I", segment_kind, place, address + virtual, address, len(data), in_memory, 7, 4096)
        contents += data
    head = elf.HEADER.pack(ident, kind, machine, 1, entry, size, 0, 0, size, 32, len(segments))
    return head.ljust(size, b"\0") + headers + contents


def refusal(image: bytes) -> str:
    with pytest.raises(BootError) as refused:
        elf.prepare(image, RAM)
    assert "\n" not in str(refused.value)
    return str(refused.value)


class Kept:
    def __init__(self) -> None:
        self.text = b""

    def write(self, data: bytes) -> None:
        self.text += data

    @property
    def lines(self) -> list[str]:
        return self.text.decode().splitlines()


def boot(folder: Path, image: Path, initrd: Path | None = None, append: str = "") -> Kept:
    said = Kept()
    kernel = Kernel(image, initrd, append, elf=True)
    machine = Machine(
        MachineConfig(firmware=Path(write_rom(folder, HALT)), kernel=kernel, memory_mib=16), serial=said
    )
    assert machine.run(10**9) == Stop(Reason.REPORTED, 0)
    machine.close()
    return said


@needs_tools
@pytest.mark.parametrize("start", [MIB, 0x7000, 0x9000], ids=["1 MiB", "below the tables", "above them"])
def test_a_flat_image_starts_with_zeroed_registers_a_stack_and_flat_segments(
    tmp_path: Path, start: int
) -> None:
    assert boot(tmp_path, build(tmp_path, "flat", start=start)).lines == ["13"]


@needs_tools
@pytest.mark.parametrize("flags", [3, 0x1_0003], ids=["by its ELF header", "by addresses of its own"])
def test_a_multiboot_kernel_finds_memory_command_line_module_and_map(tmp_path: Path, flags: int) -> None:
    initrd = tmp_path / "module.txt"
    initrd.write_bytes(b"13 bytes long\0")
    image = build(tmp_path, "multiboot", flags=flags)
    if flags & multiboot.OWN_ADDRESSES:
        image = flatten(image)
    assert boot(tmp_path, image, initrd, "one two=3").lines == [
        "magic 2badb002",
        "mode 00000001 00000000",
        "bss 00000000",
        "memory 0000027f 00003bfc",
        "line one two=3",
        "module 00000001 00000000 0000000e13 bytes long",
        "text module.txt",
        "range 00000000 00000000 0009fc00 00000001",
        "range 00000000 0009fc00 00000400 00000002",
        "range 00000000 000f0000 00010000 00000002",
        "range 00000000 00100000 00eff000 00000001",
        "range 00000000 00fff000 00001000 00000004",
        "name emu",
        "end",
    ]


@needs_tools
def test_a_reset_enters_the_kernel_again_with_its_zeros(tmp_path: Path) -> None:
    said = Kept()
    kernel = Kernel(build(tmp_path, "multiboot"), elf=True)
    machine = Machine(MachineConfig(firmware=Path(write_rom(tmp_path, HALT)), kernel=kernel), serial=said)
    machine.run(10**9)
    first, said.text = said.text, b""
    machine.memory.write(MIB + 0x1000, b"\xff" * 0x4000)
    machine.reset()
    machine.run(machine.clock.now + 10**9)
    assert said.text == first
    machine.close()


def test_segments_go_to_their_physical_addresses_and_the_entry_follows() -> None:
    image = executable((MIB, CODE, 4), (2 * MIB, b"data", 0x3000), entry=0xC010_0002, virtual=0xC000_0000)
    started = elf.prepare(image, RAM)
    assert (started.memory[MIB], started.memory[2 * MIB]) == (CODE, b"data")
    assert [(each.base, each.size) for each in started.cleared] == [(2 * MIB + 4, 0x2FFC)]
    assert started.registers["rip"] == MIB + 2


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"\x7fELF", "the ELF is truncated amid its header"),
        (
            executable(ident=b"\x7fELF\x02\x01\x01", machine=62),
            "it is a 64-bit ELF for x86-64: give a 32-bit",
        ),
        (executable(ident=b"\x7fELF\x01\x02\x01", machine=8 << 8), "it is a 32-bit big-endian ELF for"),
        (executable(machine=40), "it is a 32-bit ELF for Arm: give a 32-bit x86 executable"),
        (executable(machine=9999), "it is a 32-bit ELF for machine 9999"),
        (executable(kind=1), "it is a relocatable object: give"),
        (executable(kind=3), "it is a shared object or position-independent: give"),
        (executable(kind=77), "it is no executable: give"),
        (executable(segment_kind=3), "it is dynamically linked: give"),
        (executable(segment_kind=4), "the ELF has nothing to load"),
        (executable()[:60], "the ELF is truncated amid its program headers"),
        (executable()[:-1], "the ELF is truncated: segment 0 ends at byte 88 of 87"),
        (executable((MIB, CODE, 2)), "segment 0 of the ELF is larger in the file than in memory"),
        (
            executable((16 * MIB - 2, CODE, 4)),
            "its part from 0xfffffe to 0x1000001 lies outside RAM, which ends",
        ),
        (executable((0xB_8000, CODE, 4)), "its part from 0xb8000 to 0xb8003 lies outside RAM"),
        (executable((0xFFFF_FFFF, CODE, 4)), "its part from 0xffffffff to 0x100000002 lies outside RAM"),
        (
            executable((MIB, CODE, 4), (MIB + 3, CODE, 4)),
            "its part from 0x100003 to 0x100006 overlaps another",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_loaded_is_refused(image: bytes, reason: str) -> None:
    assert refusal(image).startswith(reason)


def header(flags: int, *fields: int) -> bytes:
    magic = multiboot.HEADER_MAGIC
    return pack(f"<3I{len(fields)}I", magic, flags, -(magic + flags) & 0xFFFF_FFFF, *fields)


def prepare(image: bytes) -> Boot:
    found = multiboot.find_header(image)
    assert found is not None
    return multiboot.prepare(image, found, [], b"", RAM)


def test_a_header_counts_in_the_first_8_kib_on_four_bytes_and_with_its_checksum() -> None:
    def found(at: int, data: bytes) -> bool:
        return multiboot.find_header(bytes(at) + data) is not None

    assert found(0, header(3))
    assert found(8180, header(3))
    assert not found(8184, header(3))
    assert not found(6, header(3))
    assert not found(0, header(3)[:-1] + b"\1")


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (executable((MIB, header(0x0B), 12)), "it wants what no Multiboot loader knows (flags 0x0008)"),
        (header(0x1_0000), "the image is truncated amid its Multiboot header"),
        (header(0x1_0000, MIB - 4, MIB, 0, 0, MIB), "the addresses in its Multiboot header contradict"),
        (header(0x1_0000, MIB, MIB - 4, 0, 0, MIB), "the addresses in its Multiboot header contradict"),
        (header(0x1_0000, MIB, MIB, MIB - 4, 0, MIB), "the addresses in its Multiboot header contradict"),
        (header(0x1_0000, MIB, MIB, 0, MIB + 4, MIB), "the addresses in its Multiboot header contradict"),
        (
            header(0x1_0000, MIB, MIB, MIB + 64, 0, MIB),
            "the image is truncated: by its header it ends at byte 64",
        ),
        (
            header(0x1_0000, MIB, MIB, 0, 64 * MIB, MIB),
            "its part from 0x100000 to 0x3ffffff lies outside RAM",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_multiboot_header_that_cannot_be_followed_is_refused(image: bytes, reason: str) -> None:
    with pytest.raises(BootError) as refused:
        prepare(image)
    assert str(refused.value).startswith(reason)


def test_graphics_are_not_given_and_the_user_is_told() -> None:
    text = executable((MIB, header(7, 0, 0, 0, 0, 0, 1, 80, 25, 0), 48))
    assert prepare(text).warnings == ()
    graphics = executable((MIB, header(7, 0, 0, 0, 0, 0, 0, 1024, 768, 32), 48))
    assert prepare(graphics).warnings == ("it prefers graphics of 1024 x 768 x 32: there is text alone",)


def test_a_module_too_large_for_memory_is_refused() -> None:
    image = executable((MIB, header(3), 12))
    found = multiboot.find_header(image)
    assert found is not None
    module = multiboot.Module(bytes(15 * MIB), b"")
    with pytest.raises(
        BootError, match=r"the initrd of 15728640 bytes does not fit beside the image: give more"
    ):
        multiboot.prepare(image, found, [module], b"", RAM)
