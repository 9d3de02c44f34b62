"""Firmware that is not ours on our VGA and on our cards: SeaBIOS's VGA firmware, and SeaBIOS with ROMs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from emu.devices.vga.planes import place_of
from emu.inspect.screen import lines_of
from emu.machine.bundled import FOLDER, bios_path
from emu.machine.config import Drive, MachineConfig, Nic
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason
from emu.machine.snapshot import Snapshot
from emu.observe.trace_hash import TraceHash
from tests.option_roms import built_rom
from tests.real.packages import package
from tests.real.test_seabios import Collector

DISK = (Drive(FOLDER / "guests/hello/hello.img", 0),)
CDROM = (Drive(FOLDER / "guests/hello/hello.iso", 2, cdrom=True),)
LONGEST_NS = 1_000_000_000
LETTER_A_16 = bytes.fromhex("00 00 10 38 6c c6 c6 fe c6 c6 c6 c6 00 00 00 00")
"""The letter A as VGA firmware has drawn it since 1987."""


@dataclass(frozen=True)
class Outcome:
    """A run to its end."""

    serial: list[str]
    debug: list[str]
    screen: list[str]
    trace_hash: str
    planes: bytes
    end: Snapshot


@pytest.fixture(scope="module")
def seabios() -> Path:
    return package("seabios") / "usr/share/seabios"


def boot(config: MachineConfig, *, pace: Pace | None = None, native: bool = True) -> Outcome:
    """Run until the guest reports success."""
    serial, debug = Collector(), Collector()
    machine = Machine(config, serial=serial, debug=debug, native=native)
    trace = TraceHash(machine.clock)
    machine.observers.attach(trace)
    machine.loop.pace = pace or Pace()
    stop = machine.run(until_ns=LONGEST_NS)
    assert (stop.reason, stop.status) == (Reason.REPORTED, 0), debug.lines[-10:]
    screen = machine.pc.vga.screen()
    assert screen is not None
    planes = bytes(machine.pc.vga.memory)
    end = machine.save()
    machine.close()
    return Outcome(serial.lines, debug.lines, lines_of(screen), trace.hexdigest(), planes, end)


def with_seabios(
    seabios: Path, drives: tuple[Drive, ...] = DISK, nics: tuple[Nic, ...] = ()
) -> MachineConfig:
    return MachineConfig(
        firmware=seabios / "bios-256k.bin",
        vga_rom=seabios / "vgabios-stdvga.bin",
        drives=drives,
        nics=nics,
    )


@pytest.mark.parametrize(
    ("drives", "booted"),
    [(DISK, "Booting from Hard Disk..."), (CDROM, "Booting from DVD/CD...")],
    ids=["disk", "cd"],
)
def test_seabios_shows_its_banner_on_the_screen_and_boots(
    seabios: Path, drives: tuple[Drive, ...], booted: str
) -> None:
    outcome = boot(with_seabios(seabios, drives))
    assert outcome.screen[0].startswith("SeaBIOS (version ")
    assert booted in outcome.screen
    assert outcome.serial == ["Hello from the guest", "Test result: SUCCESS"]


def test_its_vga_firmware_takes_the_card_for_a_plain_vga(seabios: Path) -> None:
    debug = boot(with_seabios(seabios)).debug
    assert any(line.startswith("Start SeaVGABIOS (version ") for line in debug)
    assert "No VBE DISPI interface detected, falling back to stdvga" in debug
    assert "set VGA mode 3" in debug


def test_the_font_is_in_plane_2_and_leaves_the_text_alone(seabios: Path) -> None:
    outcome = boot(with_seabios(seabios))
    letter = bytes(outcome.planes[place_of(2, ord("A") * 32 + line)] for line in range(16))
    assert letter == LETTER_A_16


def test_our_bios_lets_the_vga_firmware_have_int_10h(seabios: Path) -> None:
    outcome = boot(MachineConfig(vga_rom=seabios / "vgabios-stdvga.bin", drives=DISK))
    assert outcome.screen == ["emu BIOS: disk 80h (primary master): booting"]
    assert "emu BIOS: disk 80h (primary master): booting" in outcome.debug
    assert outcome.end.memory is not None
    int_10h = outcome.end.memory[0][0x40:0x44]
    assert int_10h[2:] == (0xC000).to_bytes(2, "little")


@pytest.mark.parametrize("firmware", ["SeaBIOS", "ours"])
def test_a_cards_rom_runs_below_1_mib_and_knows_its_card(
    seabios: Path, tmp_path: Path, firmware: str
) -> None:
    rom = tmp_path / "nic.rom"
    rom.write_bytes(built_rom(tmp_path))
    chosen = {"SeaBIOS": seabios / "bios-256k.bin", "ours": bios_path()}[firmware]
    outcome = boot(
        MachineConfig(
            firmware=chosen,
            vga_rom=seabios / "vgabios-stdvga.bin",
            drives=DISK,
            nics=(Nic(), Nic(rom=rom)),
        )
    )
    (line,) = (each for each in outcome.screen if each.startswith("test ROM at "))
    assert line.split()[3:] == [line.split()[3], "0028", "P"]
    assert 0xC000 < int(line.split()[3], 16) < 0xE800


def test_seabios_boots_from_a_cards_rom(seabios: Path, tmp_path: Path) -> None:
    rom = tmp_path / "nic.rom"
    rom.write_bytes(built_rom(tmp_path))
    outcome = boot(with_seabios(seabios, (), (Nic(rom=rom),)))
    assert outcome.serial == ["booted by the ROM"]
    assert "Booting from ROM..." in outcome.screen


@pytest.mark.parametrize(
    ("pace", "native"),
    [(Pace(), True), (Pace(slice_bytes=5000), True), (Pace(), False)],
    ids=["again", "in slices", "with the Python callback"],
)
def test_however_it_is_run_it_is_the_same_run(seabios: Path, pace: Pace, native: bool) -> None:
    config = with_seabios(seabios, DISK + CDROM)
    assert boot(config, pace=pace, native=native) == boot(config)
