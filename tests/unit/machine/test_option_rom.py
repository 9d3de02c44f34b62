"""Files for cards' expansion ROMs: what is taken, what is refused, and what the card then holds."""

from __future__ import annotations

import contextlib
from pathlib import Path
from struct import unpack_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.cli.main import main
from emu.cli.options import layer
from emu.core.errors import ConfigError
from emu.machine.config import MachineConfig, Nic
from emu.machine.loader import load, load_file
from emu.machine.machine import Machine
from emu.machine.option_rom import RomError, prepare
from tests.option_roms import BLOCK, NE2K, STRUCTURE, VGA, option_rom


def ids(rom: bytes) -> tuple[int, ...]:
    return unpack_from("<HH", rom, STRUCTURE + 4)


def test_a_rom_of_the_card_is_taken_as_it_is_and_padded_to_a_power_of_two() -> None:
    image = option_rom(blocks=11)
    held = prepare(image, *NE2K)
    assert held == image + b"\xff" * (0x2000 - len(image))
    assert len(prepare(option_rom(blocks=1), *NE2K)) == 0x1000


@pytest.mark.parametrize(
    "image", [option_rom((0, 0)), option_rom((0x10EC, 0x8139), devices=(0x8139, 0x8029))]
)
def test_a_rom_of_a_family_of_cards_gets_the_ids_of_this_one_and_its_sum_stays(image: bytes) -> None:
    held = prepare(image, *NE2K)
    assert ids(held) == NE2K
    assert sum(held[: len(image)]) & 0xFF == 0


def test_an_image_for_efi_before_the_one_for_a_bios_is_passed_over() -> None:
    first = option_rom((0x8086, 0x100E), code_type=3, last=False)
    assert prepare(first + option_rom(), *NE2K)[: len(first)] == first


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (b"", "it does not begin with 55 AA"),
        (b"MZ" + bytes(1000), "it does not begin with 55 AA"),
        (b"\x55\xaa", "it does not begin with 55 AA"),
        (b"\x55\xaa\x02" + bytes(1021), "it has no PCI data structure"),
        (option_rom()[:STRUCTURE], "it has no PCI data structure"),
        (option_rom()[:BLOCK], "it is truncated"),
        (option_rom()[:-1] + b"\0", "its bytes do not sum to 0"),
        (option_rom((0x8086, 0x100E)), "it is for the card 8086:100e: give one for 10ec:8029"),
        (option_rom((0x10EC, 0x8139), devices=(0x8139,)), "it is for the card 10ec:8139"),
        (option_rom(code_type=3), "it has no image for a PC's BIOS"),
        (bytes((1 << 20) + 1), "it is too large: an expansion ROM has at most 1024 KiB"),
    ],
)
def test_what_is_no_rom_of_the_card_is_refused_with_a_reason(file: bytes, problem: str) -> None:
    with pytest.raises(RomError) as refused:
        prepare(file, *NE2K)
    assert str(refused.value).startswith(problem)
    assert ": " in str(refused.value)


@given(st.binary(max_size=100), st.integers(0, 1023))
def test_whatever_a_file_holds_it_is_taken_or_refused(noise: bytes, at: int) -> None:
    image = option_rom()
    with contextlib.suppress(RomError):
        prepare(image[:at] + noise + image[at + len(noise) :], *NE2K)


def test_options_and_machine_files_name_roms(tmp_path: Path) -> None:
    config = load(options=layer({"vga_rom": "v.bin", "nic": ("rom=n.rom",)}))
    assert (config.vga_rom, config.nics) == (Path("v.bin"), (Nic(rom=Path("n.rom")),))
    path = tmp_path / "guest.toml"
    path.write_text('[machine]\nvga_rom = "v.bin"\n[[nic]]\nrom = "n.rom"\n')
    config = load_file(path)
    assert (config.vga_rom, config.nics[0].rom) == (tmp_path / "v.bin", tmp_path / "n.rom")
    assert load(str(path), layer({"vga_rom": "none"})).vga_rom is None


def test_a_card_shows_its_rom(tmp_path: Path) -> None:
    (tmp_path / "v.bin").write_bytes(option_rom(VGA))
    (tmp_path / "n.bin").write_bytes(option_rom())
    machine = Machine(MachineConfig(vga_rom=tmp_path / "v.bin", nics=(Nic(rom=tmp_path / "n.bin"),)))
    for slot, base, card in ((3, 0xE000_0000, VGA), (4, 0xE001_0000, NE2K)):
        for register, value in ((0x30, base | 1), (4, 2)):
            machine.ports.write(0xCF8, 4, 0x8000_0000 | slot << 11 | register)
            machine.ports.write(0xCFC, 4, value)
        assert machine.memory.read(base, 2 * BLOCK) == option_rom(card)
    saved = machine.save()
    machine.reset()
    assert machine.memory.read(0xE000_0000, 2) == b"\xff\xff"
    machine.restore(saved)
    assert machine.memory.read(0xE000_0000, 2) == b"\x55\xaa"


def test_a_file_that_is_no_rom_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "n.rom").write_bytes(option_rom((0x8086, 0x100E)))
    for option, word in (("--nic", f"rom={tmp_path}/n.rom"), ("--vga-rom", f"{tmp_path}/n.rom")):
        assert main(["run", "hello", option, word]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "n.rom cannot be the card's expansion ROM: it is for the card 8086:100e: give one for" in line
    assert main(["run", "hello", "--vga-rom", f"{tmp_path}/absent"]) == 2
    assert "cannot read the expansion ROM" in capsys.readouterr().err


def test_a_missing_image_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the expansion ROM"):
        Machine(MachineConfig(vga_rom=tmp_path / "none.bin"))
