"""Wireshark's tools read our captures, and find nothing wrong in what the peer says."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from emu.backends.capture import Capture
from emu.backends.peer import udp
from emu.backends.peer.files import ServedFiles
from emu.backends.peer.station import Station
from emu.backends.peer.tftp import TftpState
from emu.core.clock import Clock
from tests.unit.backends.test_peer_protocols import (
    ARP_REQUEST,
    DISCOVER,
    OUR_IP,
    OURS,
    PING,
    REQUEST,
    SERVER,
    UDP_ECHO,
    dhcp_request,
    in_udp,
)

EVERYBODY = b"\xff" * 6
TICK_NS = 50_000
CHECKS = ("ip.check_checksum", "udp.check_checksum")

needs_wireshark = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("capinfos", "tshark")),
    reason="capinfos and tshark are not installed (Debian: tshark)",
)


def to_server(payload: bytes) -> bytes:
    message = udp.Message(68, 67, payload).encode(bytes(4), b"\xff" * 4).encode()
    return EVERYBODY + OURS + b"\x08\x00" + message


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A conversation in every protocol of the peer."""
    (tmp_path / "kernel").write_bytes(bytes(range(256)) * 5)
    granted = dhcp_request(REQUEST, SERVER, b"\x32\x04" + OUR_IP)
    frames = [ARP_REQUEST, PING, UDP_ECHO, to_server(DISCOVER), to_server(granted)]
    frames.append(in_udp(69, b"\0\1kernel\0octet\0tsize\0000\0", 4096))
    frames += [in_udp(49152, b"\0\4\0" + bytes((number,)), 4096) for number in range(4)]
    station, state, clock = Station(IPv4Address("10.0.2.2"), ServedFiles(tmp_path)), TftpState(), Clock()
    failures: list[str] = []
    taken = Capture(tmp_path / "a.pcap", nic="nic 0", clock=clock, failed=failures.append)
    taken.open()
    for frame in frames:
        clock.advance_to(clock.now + TICK_NS)
        taken.frame_sent("nic 0", frame)
        answer = station.answer(state, frame)
        if answer is not None:
            taken.frame_received("nic 0", answer)
    taken.close()
    assert (failures, state.transfers) == ([], [])
    return tmp_path / "a.pcap"


def tshark(path: Path, wanted: str) -> list[str]:
    """The summaries of the frames that a filter lets through."""
    checks = [word for each in CHECKS for word in ("-o", f"{each}:TRUE")]
    command = ["tshark", "-r", str(path), *checks, "-Y", wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


@needs_wireshark
def test_capinfos_accepts_a_capture(capture: Path) -> None:
    command = ["capinfos", "-T", "-m", "-r", "-t", "-E", "-c", "-u", str(capture)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    kind, encapsulation, count, duration = done.stdout.strip().split(",")[1:5]
    assert (kind, encapsulation, count) == ("nsecpcap", "ether", "19")
    assert float(duration) == pytest.approx(9 * TICK_NS / 1e9)


@needs_wireshark
def test_tshark_knows_every_protocol_and_finds_nothing_wrong(capture: Path) -> None:
    assert tshark(capture, "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0") == []
    assert tshark(capture, "icmp.checksum.status == 0 || icmp.resp_not_found") == []
    lines = tshark(capture, "eth.src == 02:00:0a:00:02:02")
    for line, part in zip(
        lines,
        [
            "10.0.2.2 is at 02:00:0a:00:02:02",
            "Echo (ping) reply",
            "ECHO",
            "DHCP Offer",
            "DHCP ACK",
            "Option Acknowledgement, tsize=1280",
            *("Data Packet, Block: 1", "Data Packet, Block: 2", "Data Packet, Block: 3 (last)"),
        ],
        strict=True,
    ):
        assert part in line
