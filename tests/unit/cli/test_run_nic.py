"""Network cards on the command line and in machine files: the peer, what it serves, and captures."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.cli.options import layer
from emu.core.errors import ConfigError
from emu.machine.config import Nic
from emu.machine.loader import load, load_file
from tests.unit.rom import rom


@pytest.fixture
def firmware(tmp_path: Path) -> str:
    """A ROM that ends the run with SUCCESS at once."""
    path = tmp_path / "rom.bin"
    path.write_bytes(rom(b"\x30\xc0\xe6\xf4\xf4"))  # xor al, al; out 0xf4, al; hlt
    return str(path)


def test_an_options_keys_are_those_of_a_machine_file(tmp_path: Path) -> None:
    word = "backend=peer,address=192.168.1.1,serve=pub,capture=a.pcap,mac=02:00:00:00:00:01"
    path = tmp_path / "guest.toml"
    path.write_text("[[nic]]\n" + "".join('{}="{}"\n'.format(*each.split("=")) for each in word.split(",")))
    nic = Nic(
        mac=b"\2\0\0\0\0\1",
        backend="peer",
        address=IPv4Address("192.168.1.1"),
        serve=Path("pub"),
        capture=Path("a.pcap"),
    )
    assert load(options=layer({"nic": (word,)})).nics == (nic,)
    (found,) = load_file(path).nics
    assert (found.serve, found.capture) == (tmp_path / "pub", tmp_path / "a.pcap")
    assert found.address == nic.address


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("backend=peer,adress=1.2.3.4", "--nic: unknown property 'adress=1.2.3.4': did you mean 'address'?"),
        ("backend=peer,serve", "--nic: serve has no value: give serve=VALUE"),
        ("backend=per", "--nic: backend cannot be 'per': did you mean 'peer'?"),
        ("backend=peer,address=10.0.2", "--nic: address cannot be '10.0.2': give an IPv4 address such as"),
        ("backend=peer,address=10.0.2.255", "--nic: address cannot be '10.0.2.255', which no single station"),
        ("backend=peer,address=224.0.0.1", "--nic: address cannot be '224.0.0.1', which no single station"),
        ("backend=echo,address=10.0.2.2", "--nic: address is the peer's: add backend=peer, or leave"),
        ("serve=x", "--nic: serve is the peer's: add backend=peer, or leave serve out"),
        ("capture=", "--nic: capture must be the path of a file, not an empty word"),
    ],
)
def test_what_cannot_be_is_refused(word: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(options=layer({"nic": (word,)}))
    assert str(refused.value).startswith(problem)


def test_a_capture_is_made_by_a_run(firmware: str, tmp_path: Path) -> None:
    capture = tmp_path / "a.pcap"
    assert main(["run", "--firmware", firmware, "--nic", f"backend=peer,capture={capture}"]) == 0
    assert len(capture.read_bytes()) == 24


def refuse(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a refused command says, in one line."""
    assert main(["run", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_an_occupied_capture_is_refused_and_left_alone(
    firmware: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = tmp_path / "letter"
    capture.write_text("dear")
    said = refuse(capsys, "--firmware", firmware, "--nic", f"capture={capture}")
    assert "letter cannot be written (it holds something else than a capture): give another path" in said
    assert capture.read_text() == "dear"


def test_no_capture_is_begun_for_a_refused_machine(
    firmware: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = tmp_path / "a.pcap"
    word = f"backend=peer,serve={tmp_path}/none,capture={capture}"
    assert "cannot serve" in refuse(capsys, "--firmware", firmware, "--nic", word)
    assert not capture.exists()


def test_a_capture_may_not_be_another_file_of_the_run(
    firmware: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    word = f"capture={tmp_path}/a.pcap"
    assert "is used twice" in refuse(capsys, "--firmware", firmware, "--nic", word, "--nic", word)
    assert "is used twice" in refuse(capsys, "--firmware", firmware, "--nic", f"capture={firmware}")
