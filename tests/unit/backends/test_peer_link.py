"""The peer on its cable, and the host's files behind it."""

from __future__ import annotations

import os
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from emu.backends.network import ECHO_LATENCY_NS
from emu.backends.peer.files import ServedFiles
from emu.backends.peer.link import PeerLink
from emu.backends.peer.station import Station
from emu.core.clock import Clock
from emu.core.errors import ConfigError, HostError
from tests.unit.backends.test_peer_protocols import ARP_REPLY, ARP_REQUEST, Files, in_udp

READ, ACKNOWLEDGE = in_udp(69, b"\0\1boot\0octet\0", 4096), in_udp(49152, b"\0\4\0\1", 4096)


class Cable:
    """A link to the peer with somebody who receives."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.link = PeerLink(station=Station(IPv4Address("10.0.2.2"), Files()), clock=self.clock)
        self.arrived: list[tuple[int, bytes]] = []
        self.link.attach(lambda frame: self.arrived.append((self.clock.now, frame)))

    def wait(self, duration_ns: int = ECHO_LATENCY_NS) -> None:
        self.clock.advance_to(self.clock.now + duration_ns)
        self.clock.fire_due()


def test_an_answer_arrives_after_the_latency() -> None:
    cable = Cable()
    cable.link.send(ARP_REQUEST)
    cable.wait(ECHO_LATENCY_NS - 1)
    assert cable.arrived == []
    cable.wait(1)
    assert cable.arrived == [(ECHO_LATENCY_NS, ARP_REPLY)]


def test_what_gets_no_answer_arms_no_timer() -> None:
    cable = Cable()
    cable.link.send(ARP_REPLY)
    assert cable.clock.next_deadline() is None


def test_a_transfer_and_what_is_under_way_go_on_on_the_restored_link() -> None:
    cable, twin = Cable(), Cable()
    cable.link.send(READ)
    cable.link.send(ARP_REQUEST)
    twin.link.restore(cable.link.save())
    assert twin.link.save() == cable.link.save()
    for each in (cable, twin):
        each.wait()
        each.link.send(ACKNOWLEDGE)
        each.wait()
    assert len(cable.arrived) == 3
    assert twin.arrived == cable.arrived
    assert twin.arrived[2][1][42:46] == b"\0\3\0\2"  # the second block


def test_reset_forgets_transfers() -> None:
    cable = Cable()
    fresh = cable.link.save()
    cable.link.send(READ)
    cable.link.reset()
    assert cable.link.save() == fresh


def test_a_closed_link_answers_nothing() -> None:
    cable = Cable()
    cable.link.close()
    cable.link.send(ARP_REQUEST)
    cable.wait()
    assert cable.arrived == []
    assert cable.link.closed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    served = tmp_path / "served"
    (served / "sub").mkdir(parents=True)
    (served / "kernel").write_bytes(b"kernel")
    (served / "sub" / "initrd").write_bytes(b"initrd")
    (tmp_path / "secret").write_bytes(b"secret")
    (served / "link").symlink_to(tmp_path / "secret")
    (served / "up").symlink_to(tmp_path)
    os.mkfifo(served / "pipe")
    return served


@pytest.mark.parametrize("name", ["kernel", "/kernel", "./kernel", "sub/initrd", "//sub//initrd"])
def test_files_of_a_folder_are_served(folder: Path, name: str) -> None:
    files = ServedFiles(folder)
    assert files.size(name) == 6
    assert files.read(name, 1, 3) in (b"ern", b"nit")


@pytest.mark.parametrize(
    "name",
    ["", "/", ".", "..", "sub", "none", "pipe", "../secret", "sub/../../secret", "up/secret", "link", "k\0",
     "kernel/none", "\udcff", "k" * 5000],
)  # fmt: skip
def test_nothing_else_is_served(folder: Path, name: str) -> None:
    files = ServedFiles(folder)
    try:
        assert files.size(name) is None
    except HostError:
        return


def test_a_single_file_is_served_by_its_name_alone(folder: Path) -> None:
    files = ServedFiles(folder / "kernel")
    assert files.boot_file == "kernel"
    assert (files.size("/kernel"), files.read("kernel", 0, 99)) == (6, b"kernel")
    assert (files.size("link"), files.size("sub/initrd"), files.size("sub/kernel")) == (None, None, None)


def test_a_file_that_went_is_an_error_of_the_host(folder: Path) -> None:
    files = ServedFiles(folder)
    (folder / "kernel").unlink()
    with pytest.raises(HostError, match="kernel cannot be read"):
        files.read("kernel", 0, 6)


@pytest.mark.parametrize("name", ["none", "pipe"])
def test_what_cannot_be_served_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot serve .*{name}: .*; give "):
        ServedFiles(folder / name)
