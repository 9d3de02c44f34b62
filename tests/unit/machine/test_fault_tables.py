from __future__ import annotations

from pathlib import Path

import pytest

from emu.cli.options import layer
from emu.core.errors import ConfigError
from emu.machine.config import Fault
from emu.machine.loader import build, load_file

TABLES = """
[[fault]]
kind = "port-floats"
port = 0x10
width = 2
at = 2
[[fault]]
kind = "disk-error"
name = "a bad track"
drive = "0"
lba = "0x10-31"
access = "write"
from = 2
every = 3
count = 4
[[fault]]
kind = "slow-disk"
drive = 2
delay = "1.5ms"
after = "20us"
[[fault]]
kind = "lost-interrupt"
irq = "com1"
after_text = "login: "
[[fault]]
kind = "damaged-frame"
byte = 14
direction = "sent"
"""


def read(folder: Path, text: str) -> tuple[Fault, ...]:
    path = folder / "guest.toml"
    path.write_text(text)
    return load_file(path).faults


def faults_of(*words: str) -> tuple[Fault, ...]:
    """What options `--fault` say."""
    options = layer({"fault": words})
    assert options is not None
    return build([options]).faults


def test_every_key_has_its_field(tmp_path: Path) -> None:
    assert read(tmp_path, TABLES) == (
        Fault("port-floats", "port 0x10 floats", port=16, width=2, count=1, first=2),
        Fault(
            "disk-error",
            "a bad track",
            drive=0,
            sectors=(16, 31),
            access="write",
            first=2,
            every=3,
            count=4,
        ),
        Fault("slow-disk", "drive 2 is slow", drive=2, delay_ns=1_500_000, after_ns=20_000),
        Fault("lost-interrupt", "IRQ 4 is lost", irq=4, after_text="login: "),
        Fault("damaged-frame", "nic 0 has a frame damaged", byte=14, direction="sent", flip=0xFF),
    )


def test_an_option_says_the_same(tmp_path: Path) -> None:
    floats, log = faults_of("port-floats,port=0x10,at=2", "full-log")
    assert floats == Fault("port-floats", "port 0x10 floats", port=16, first=2, count=1)
    assert log == Fault("full-log", "the guest's log is full")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = 1", "guest.toml:1: the fault has no kind: give one of port-floats, "),
        ('kind = "port-flots"', "guest.toml:2: kind cannot be 'port-flots': did you mean 'port-floats'?"),
        ('kind = "port-floats"', "guest.toml:2: a port-floats needs port: add it"),
        (
            'kind = "full-log"\nprot = 1',
            "guest.toml:3: unknown key 'prot' in [[fault]]: did you mean 'port'?",
        ),
        ('kind = "full-log"\nport = 1', "guest.toml:3: port says nothing about a full-log: leave it out"),
        ('kind = "wrong-value"\nport = 1', "guest.toml:2: a wrong-value needs value or xor, and not both"),
        ('kind = "full-log"\nat = 1\ncount = 2', "guest.toml:4: at is one access, count is about several"),
        ('kind = "full-log"\nat = 0', "guest.toml:3: at is out of range at 0: give 1 to "),
        ('kind = "full-log"\nafter = 20', "guest.toml:3: after must be a time with its unit such as 20ms"),
        ('kind = "full-log"\nafter_text = ""', "guest.toml:3: after_text must be a text of 1 to 4096 bytes"),
        ('kind = "lost-interrupt"\nirq = "com3"', "guest.toml:3: irq cannot be 'com3': did you mean 'com2'?"),
        ('kind = "lost-interrupt"\nirq = 2', "guest.toml:3: irq cannot be 2, by which one interrupt"),
        ('kind = "port-floats"\nport = 1\nwidth = 3', "guest.toml:4: width cannot be 3: give 1, 2, 4"),
        ('kind = "disk-error"\ndrive = 0\nlba = "9-8"', "guest.toml:4: lba ends before it begins at '9-8'"),
        ('kind = "disk-error"\ndrive = 0\nlba = "x"', "guest.toml:4: lba must be a whole number"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line_and_a_remedy(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, f"[[fault]]\n{text}")
    assert str(error.value).removeprefix(f"{tmp_path}/").startswith(message)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("port-flots", "--fault: kind cannot be 'port-flots': did you mean 'port-floats'?"),
        ("full-log,at", "--fault: 'at' has no value: give KIND,KEY=VALUE such as port-floats,port=0x10"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(word: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        faults_of(word)
    assert str(error.value) == message
