"""Option ROMs under our BIOS: where they are put, how they are called, and what boots from them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.inspect.screen import lines_of
from emu.machine.bundled import bios_path
from emu.machine.config import Drive, MachineConfig, Nic
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason
from tests.option_roms import PNP_HEADER, VGA, built_rom, option_rom
from tests.unit.rom import report

TOOLS = ("make", "gcc", "ld")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason="make, gcc and ld build the test ROM"
)

ASK_THE_ROM = b"\xcd\x61" + b"\xa3\x00\x06" + b"\x89\x1e\x02\x06"
"""INT 61h; its AX and BX go to 0x600."""


RETF = 0xCB
HANG = b"\xfa\xf4"
LONGEST_NS = 200_000_000


class Collector:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def write(self, data: bytes) -> None:
        self.kept += data


class Booted:
    """A machine with the given cards that has run to its end."""

    def __init__(self, config: MachineConfig) -> None:
        self.serial = Collector()
        self.machine = Machine(config, serial=self.serial)
        stop = self.machine.run(LONGEST_NS)
        assert (stop.reason, stop.status) == (Reason.REPORTED, 0), self.lines

    @property
    def lines(self) -> list[str]:
        screen = self.machine.pc.vga.screen()
        assert screen is not None
        return lines_of(screen)

    def word(self, address: int) -> int:
        return int.from_bytes(self.machine.memory.read(address, 2), "little")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rom")


@pytest.fixture
def disk(tmp_path: Path) -> tuple[Drive, ...]:
    """A disk whose boot sector asks the ROM."""
    return (Drive(save(tmp_path, "disk.img", boot_sector(ASK_THE_ROM + report(0))), 0),)


@pytest.fixture
def plain_disk(tmp_path: Path) -> tuple[Drive, ...]:
    """A disk whose boot sector only reports."""
    return (Drive(save(tmp_path, "plain.img", boot_sector(report(0))), 0),)


def boot_sector(code: bytes) -> bytes:
    return code.ljust(510, b"\0") + b"\x55\xaa"


def save(folder: Path, name: str, contents: bytes) -> Path:
    path = folder / name
    path.write_bytes(contents)
    return path


def test_a_cards_rom_runs_at_c000_and_knows_its_card(folder: Path, disk: tuple[Drive, ...]) -> None:
    rom = save(folder, "nic.rom", built_rom(folder))
    booted = Booted(MachineConfig(drives=disk, nics=(Nic(rom=rom),)))
    assert booted.lines[0] == "test ROM at C000 0020 P"
    assert (booted.word(0x600), booted.word(0x602)) == (0x4B4F, 0x0020)


def test_each_cards_rom_gets_a_place_of_its_own_the_vgas_the_first(
    folder: Path, disk: tuple[Drive, ...]
) -> None:
    nic, vga = save(folder, "nic.rom", built_rom(folder)), save(folder, "vga.rom", built_rom(folder, VGA))
    booted = Booted(MachineConfig(drives=disk, vga_rom=vga, nics=(Nic(rom=nic), Nic(), Nic(rom=nic))))
    assert booted.lines[:2] == ["test ROM at C080 0020 P", "test ROM at C100 0030 P"]
    assert booted.word(0xC_0000) == 0xAA55  # what it said was cleared by the mode that is set then
    assert booted.word(0x602) == 0x0030


def test_roms_are_disabled_and_their_copies_locked_when_the_system_is_booted(
    folder: Path, disk: tuple[Drive, ...]
) -> None:
    rom = save(folder, "nic.rom", built_rom(folder))
    machine = Booted(MachineConfig(drives=disk, nics=(Nic(rom=rom),))).machine
    machine.ports.write(0xCF8, 4, 0x8000_2030)
    base = machine.ports.read(0xCFC, 4)
    assert base
    assert not base & 1
    machine.memory.write(0xC_0000, b"\0\0")
    assert machine.memory.read(0xC_0000, 2) == b"\x55\xaa"


def test_without_roms_the_area_stays_as_reset_left_it(plain_disk: tuple[Drive, ...]) -> None:
    machine = Booted(MachineConfig(drives=plain_disk)).machine
    machine.ports.write(0xCF8, 4, 0x8000_0058)
    assert machine.ports.read(0xCFC, 4) >> 8 == 0
    assert machine.memory.read(0xC_0000, 2) == b"\xff\xff"


@pytest.mark.parametrize("at", [0x0000, 0x0800, 0x7800])
def test_a_rom_that_was_there_is_found_on_a_2_kib_boundary(
    folder: Path, disk: tuple[Drive, ...], at: int
) -> None:
    low = bytearray(b"\xff" * 0x1_0000)
    image = built_rom(folder)
    low[at : at + len(image)] = image
    firmware = save(folder, "both.bin", bytes(low) + bios_path().read_bytes())
    booted = Booted(MachineConfig(drives=disk, firmware=firmware))
    assert (
        booted.lines[0] == f"test ROM at {0xE000 + at // 16:04X} 0000 -"
    )  # it cannot note anything: it is ROM
    assert booted.word(0x600) == 0x4B4F


def test_a_rom_that_was_there_but_whose_sum_is_wrong_is_left_alone(
    folder: Path, plain_disk: tuple[Drive, ...]
) -> None:
    image = bytearray(built_rom(folder))
    image[0x100] ^= 1
    firmware = save(folder, "both.bin", bytes(image).ljust(0x1_0000, b"\xff") + bios_path().read_bytes())
    assert Booted(MachineConfig(drives=plain_disk, firmware=firmware)).lines[0].startswith("emu BIOS")


@pytest.mark.parametrize(
    "image", [option_rom((0x10EC, 0x8139), code=HANG), option_rom(code=HANG)[:-1] + b"\x55"]
)
def test_a_rom_whose_sum_is_wrong_or_that_is_another_cards_is_not_run(
    tmp_path: Path, plain_disk: tuple[Drive, ...], image: bytes
) -> None:
    good = save(tmp_path, "good.rom", option_rom(code=HANG))
    machine = Machine(MachineConfig(drives=plain_disk, nics=(Nic(rom=good),)))
    machine.memory.buffer.seek(0)
    at = machine.memory.buffer.find(good.read_bytes())
    machine.memory.view[at : at + len(image)] = image
    assert machine.run(LONGEST_NS).reason is Reason.REPORTED


def test_the_machine_boots_from_a_rom_when_nothing_else_boots(folder: Path) -> None:
    rom = save(folder, "nic.rom", built_rom(folder))
    booted = Booted(MachineConfig(nics=(Nic(rom=rom),)))
    assert bytes(booted.serial.kept) == b"booted by the ROM\n"
    assert booted.lines[-1].endswith("network: booting test ROM")


def test_a_cards_rom_is_enough_to_run(tmp_path: Path) -> None:
    rom = save(tmp_path, "nic.rom", option_rom(code=report(0)))
    assert main(["run", "--nic", f"rom={rom}"]) == 0


def test_a_rom_that_gives_up_leaves_the_turn_to_the_next(tmp_path: Path, folder: Path) -> None:
    idle = built_rom(folder)
    entry = int.from_bytes(idle[PNP_HEADER + 0x1A : PNP_HEADER + 0x1C], "little")
    image = bytearray(idle)
    image[entry] = RETF
    image[-1] = image[-1] + idle[entry] - RETF & 0xFF
    roms = (save(tmp_path, "idle", bytes(image)), save(tmp_path, "nic", idle))
    booted = Booted(MachineConfig(nics=tuple(Nic(rom=rom) for rom in roms)))
    assert bytes(booted.serial.kept) == b"booted by the ROM\n"
    assert any("network: the boot ROM gave up" in line for line in booted.lines)
