"""Whatever a user hands over is used or refused in one sentence; whatever a guest runs has an orderly end."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.core.errors import ConfigError
from emu.cpu.registers import Registers
from emu.machine import elf, linux, multiboot
from emu.machine.boot import Boot, BootError
from emu.machine.bundled import FOLDER
from emu.machine.config import Drive, Kernel, MachineConfig, Nic, Run
from emu.machine.firmware_stub import stub
from emu.machine.loader import LISTS, TABLES, load_file
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from tests.unit.bzimage import bzimage
from tests.unit.machine.test_elf import executable, header
from tests.unit.rom import HALT, rom

MIB = 1 << 20
RAM_MIB = 8
RANGES = stub(RAM_MIB * MIB).ranges
few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


T = TypeVar("T")


def attempt(make: Callable[[], T], refusal: type[Exception]) -> tuple[T | None, str]:
    """What `make` makes, or the one sentence of its refusal; any other error is raised."""
    try:
        return make(), ""
    except refusal as refused:
        sentence = str(refused)
    assert "\n" not in sentence
    return None, sentence


# Kernels

ELF = executable((MIB, b"\xf4" * 64, 128), (2 * MIB, b"data", 4096))
MULTIBOOT = executable((MIB, header(7, *range(9)), 4096))
KLUDGE = header(0x1_0003, MIB, MIB, 0, 2 * MIB, MIB) + bytes(64)


def from_elf(image: bytes) -> Boot:
    found = multiboot.find_header(image)
    if found is None:
        return elf.prepare(image, RANGES)
    return multiboot.prepare(image, found, [multiboot.Module(b"module", b"name")], b"text", RANGES)


def from_bzimage(image: bytes) -> Boot:
    return linux.prepare(image, b"initrd", b"text", RAM_MIB * MIB)


def little(value: int) -> bytes:
    return value.to_bytes(4, "little")


@st.composite
def mutated(draw: st.DrawFn, image: bytes) -> bytes:
    """`image` with some bytes or words replaced, perhaps cut, perhaps grown."""
    changed = bytearray(image)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, min(len(changed), 0x300) - 1))
        new = draw(
            st.one_of(
                st.binary(min_size=1, max_size=4),
                st.sampled_from(
                    (b"\0" * 4, b"\xff" * 4, b"\0\0\0\x80", b"\xff\xff\xff\x7f", b"\x00\x00\x10\x00")
                ),
            )
        )
        changed[at : at + len(new)] = new
    if draw(st.integers(0, 3)) == 0:
        del changed[draw(st.integers(0, len(changed))) :]
    return bytes(changed)


def check_loaded_or_refused(image: bytes, load: Callable[[bytes], Boot]) -> None:
    boot, sentence = attempt(lambda: load(image), BootError)
    if boot is None:
        assert ": " in sentence
        return
    end = RAM_MIB * MIB
    assert all(address + len(data) <= end for address, data in boot.memory.items())
    assert all(each.base + each.size <= end for each in boot.cleared)
    assert sum(map(len, boot.memory.values())) <= len(image) + 0x1_0000


@many
@given(st.sampled_from((ELF, MULTIBOOT, KLUDGE)).flatmap(mutated))
def test_a_mutated_elf_is_loaded_into_ram_or_refused(image: bytes) -> None:
    check_loaded_or_refused(image, from_elf)


@many
@given(st.sampled_from((bzimage(), bzimage(entry_64=False))).flatmap(mutated))
def test_a_mutated_bzimage_is_loaded_into_ram_or_refused(image: bytes) -> None:
    check_loaded_or_refused(image, from_bzimage)


@many
@given(st.binary(max_size=2000))
def test_random_bytes_are_no_kernel(image: bytes) -> None:
    check_loaded_or_refused(image, from_bzimage)
    check_loaded_or_refused(elf.MAGIC + image, from_elf)


# Machine files

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.integers(0, 20),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ("a.img", "file:x", "stdio", "null", "1/1", "peer", "exit", "", "\0", "qemu", "10.0.0.1", "all")
    ),
    st.dates().map(lambda value: value),
    st.times(),
    st.datetimes(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
)


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case datetime() | date() | time():
            return value.isoformat()
        case int() | float():
            return repr(value)
        case str():
            return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value) + '"'
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"
    raise AssertionError


def keys_of(table: str) -> st.SearchStrategy[dict[str, Any]]:
    known = list({**TABLES, **LISTS, "store": {"/a": None, "b": None}}[table])
    return st.dictionaries(st.one_of(st.sampled_from(known), st.text(max_size=4)), VALUES, max_size=4)


@st.composite
def machine_files(draw: st.DrawFn) -> str:
    lines = []
    for table in draw(
        st.lists(st.sampled_from((*TABLES, *LISTS, "store", "other")), unique=True, max_size=4)
    ):
        if draw(st.integers(0, 9)) == 0:
            lines.append(f"{table} = {toml(draw(VALUES))}")
            continue
        many_tables = table in LISTS and draw(st.integers(0, 9)) > 0
        for _ in range(draw(st.integers(1, 3)) if many_tables else 1):
            lines.append(f"[[{table}]]" if many_tables else f"[{table}]")
            content = draw(keys_of(table) if table != "other" else st.just({}))
            lines += [f"{toml(key)} = {toml(value)}" for key, value in content.items()]
    return "\n".join(lines)


def check_read_or_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "machine.toml")
        path.write_bytes(data)
        attempt(lambda: load_file(path), ConfigError)


@many
@given(machine_files())
def test_a_machine_file_of_random_values_is_read_or_refused(text: str) -> None:
    check_read_or_refused(text.encode())


@many
@given(st.one_of(st.binary(max_size=200), st.text(alphabet='[]="a.1\n{}', max_size=60).map(str.encode)))
def test_a_machine_file_of_random_text_is_read_or_refused(data: bytes) -> None:
    check_read_or_refused(data)


# Guests

ORDERLY = {Reason.REPORTED, Reason.POWERED_OFF, Reason.CRASHED, Reason.IDLE, Reason.LIMIT, Reason.RESET}


def run(config: MachineConfig, setup: Callable[[Machine], None] = lambda machine: None) -> Stop:
    machine = Machine(config)
    setup(machine)
    stop = machine.run(machine.clock.now + 20_000)
    machine.save()
    machine.close()
    return stop


KEPT = tempfile.TemporaryDirectory(prefix="emu-hostile-")
"""Removed when the interpreter ends."""


@functools.cache
def inputs() -> Path:
    folder = Path(KEPT.name)
    (folder / "rom.bin").write_bytes(rom(HALT))
    (folder / "disk.img").write_bytes(bytes(1 << 16))
    return folder


def plain() -> MachineConfig:
    disk = inputs() / "disk.img"
    drives = Drive(disk, 0), Drive(disk, 2, cdrom=True)
    return MachineConfig(
        memory_mib=RAM_MIB,
        firmware=inputs() / "rom.bin",
        drives=drives,
        nics=(Nic(backend="peer"),),
        run=Run(on_reset="exit"),
    )


LIKELY = tuple(map(bytes.fromhex, ["ee", "ef", "ec", "66ef", "f36d", "cd10", "0f22c0", "0f0116", "fb", "f4"]))
"""OUT, IN, REP INS, INT 10h, MOV to CR0, LGDT, STI, HLT."""
GARBAGE = st.lists(st.one_of(st.binary(max_size=24), st.sampled_from(LIKELY)), max_size=120).map(b"".join)


@few
@given(GARBAGE)
def test_garbage_at_7c00_in_real_mode_ends_in_an_orderly_way(code: bytes) -> None:
    def enter(machine: Machine) -> None:
        machine.memory.write(0x7C00, code)
        registers = machine.processor.save()
        values: Registers = dict.fromkeys(("ds", "es", "ss"), (0, 0, 0xFFFF, 0x9300))
        values |= {"cs": (0, 0, 0xFFFF, 0x9B00), "rsp": 0x7C00, "rip": 0x7C00}
        machine.processor.restore({**registers, **values})

    assert run(plain(), enter).reason in ORDERLY


@few
@given(GARBAGE)
def test_garbage_in_a_flat_kernel_ends_in_an_orderly_way(code: bytes) -> None:
    path = inputs() / "garbage.elf"
    path.write_bytes(executable((MIB, b"\x90" + code, len(code) + 1)))
    config = MachineConfig(memory_mib=RAM_MIB, firmware=inputs() / "rom.bin", kernel=Kernel(path, elf=True))
    assert run(config).reason in ORDERLY


BOOTED_NS = 1_850_000
"""When our BIOS enters a boot sector."""


@pytest.mark.skipif(not (FOLDER / "firmware" / "bios.bin").exists(), reason="the BIOS is not built")
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(GARBAGE, st.booleans())
def test_a_boot_sector_of_garbage_ends_in_an_orderly_way(code: bytes, bootable: bool) -> None:
    path = inputs() / "garbage.img"
    path.write_bytes(code[:510].ljust(510, b"\0") + (b"\x55\xaa" if bootable else b"\0\0") + code)
    config = MachineConfig(memory_mib=RAM_MIB, drives=(Drive(path, 0),), run=Run(on_reset="exit"))
    machine = Machine(config)
    assert machine.run(BOOTED_NS + 20_000).reason in ORDERLY
    machine.close()


@few
@given(st.binary(max_size=3000), st.sampled_from(("firmware", "disk", "cdrom", "kernel", "elf", "initrd")))
def test_random_files_are_used_or_refused(data: bytes, place: str) -> None:
    path = inputs() / "random"
    path.write_bytes(data)
    image = inputs() / "image"
    image.write_bytes(MULTIBOOT)
    config = plain()
    changes: dict[str, dict[str, Any]] = {
        "firmware": {"firmware": path},
        "disk": {"drives": (Drive(path, 0),)},
        "cdrom": {"drives": (Drive(path, 0, cdrom=True),)},
        "kernel": {"kernel": Kernel(path)},
        "elf": {"kernel": Kernel(path, elf=True)},
        "initrd": {"kernel": Kernel(image, path, elf=True)},
    }
    machine, _ = attempt(lambda: Machine(replace(config, **changes[place])), ConfigError)
    if machine is not None:
        assert machine.run(20_000).reason in ORDERLY
        machine.close()
