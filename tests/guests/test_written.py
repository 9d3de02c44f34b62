"""A machine written as a machine file is read as the same machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.machine.bundled import FOLDER, guest_names
from emu.machine.config import MachineConfig
from emu.machine.loader import load, load_file
from emu.machine.written import machine_file
from emu.smoke.scenario import Scenario

SCENARIOS = sorted((FOLDER / "guests").glob("*/*.emu.toml"))
EVERYTHING = """
[guest]
description = 'a "quoted" \\ one'
[machine]
memory = 48
vga_rom = "vga.bin"
blacklist = ["1/7", "2/0x10"]
[kernel]
elf = "kernel.elf"
initrd = "module.bin"
append = "a=b\\tc"
[costs]
port_access_ns = 3000
[store]
"/vm/name" = "probe"
[[disk]]
image = "a disk.img"
write = true
[[cdrom]]
image = "one.iso"
next = ["two.iso", "three.iso"]
[[nic]]
backend = "peer"
address = "10.1.2.3"
serve = "served"
capture = "frames.pcap"
[[input]]
after = "login: "
keys = "root<enter>"
[[input]]
send = "text\\n"
to = "serial2"
[[fault]]
kind = "disk-error"
drive = 0
lba = "5-9"
from = 2
count = 3
[[fault]]
kind = "damaged-frame"
direction = "sent"
byte = 3
after = "5ms"
[[fault]]
kind = "slow-disk"
drive = 2
delay = "2ms"
after_text = "ready"
[run]
limit = 2.5
serial = "file:out.txt"
keys = ["after=x,y<enter>", "z"]
trace = ["ports", "irq"]
symbols = ["a.elf"]
gdb = 1234
"""


def again(config: MachineConfig, folder: Path) -> MachineConfig:
    """The machine after it was written and read."""
    path = folder / f"{config.name}.toml"
    path.write_text(machine_file(config))
    return load_file(path)


@pytest.mark.parametrize("name", guest_names())
def test_a_bundled_guest_is_the_same_machine(tmp_path: Path, name: str) -> None:
    assert again(load(name), tmp_path) == load(name)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_every_case_of_a_scenario_is_the_same_machine(tmp_path: Path, scenario: Path) -> None:
    for case in Scenario(scenario).cases():
        assert again(case.config, tmp_path) == case.config


def test_whatever_a_machine_file_says_is_the_same_machine(tmp_path: Path) -> None:
    path = tmp_path / "everything.toml"
    path.write_text(EVERYTHING)
    config = load_file(path)
    assert again(config, tmp_path) == config
