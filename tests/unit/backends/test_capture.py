"""Captures: bytes of the file, and files that cannot be one."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from emu.backends.capture import Capture
from emu.core.clock import Clock
from emu.core.errors import ConfigError

HEADER = bytes.fromhex("4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000000")
FRAME = b"\xff" * 6 + b"\x02" * 6 + b"\x08\x06" + bytes(46)


class Taken:
    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.failures: list[str] = []
        self.capture = Capture(path, nic="nic 0", clock=self.clock, failed=self.failures.append)


def test_frames_of_the_card_are_stamped_with_virtual_time(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    taken = Taken(path)
    assert not path.exists()
    taken.capture.open()
    assert path.read_bytes() == HEADER
    taken.clock.advance_to(1_000_000_007)
    taken.capture.frame_sent("nic 0", FRAME)
    taken.capture.frame_sent("nic 1", FRAME)
    taken.clock.advance_to(2_500_000_000)
    taken.capture.frame_received("nic 0", FRAME + b"x")
    first = bytes.fromhex("01000000 07000000 3c000000 3c000000") + FRAME
    second = bytes.fromhex("02000000 0065cd1d 3d000000 3d000000") + FRAME + b"x"
    assert path.read_bytes() == HEADER + first + second
    taken.capture.close()
    taken.capture.close()
    taken.capture.frame_sent("nic 0", FRAME)
    assert path.read_bytes() == HEADER + first + second


def test_an_earlier_capture_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(100))
    taken = Taken(path)
    taken.capture.open()
    assert path.read_bytes() == HEADER


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("dear")
    with pytest.raises(ConfigError, match=r"letter.txt cannot be written \(it holds something else .*give"):
        Taken(path).capture.open()
    assert path.read_text() == "dear"


def test_a_file_that_another_run_writes_is_refused(tmp_path: Path) -> None:
    first, second = Taken(tmp_path / "a.pcap"), Taken(tmp_path / "a.pcap")
    first.capture.open()
    with pytest.raises(ConfigError, match="another run writes it"):
        second.capture.open()
    first.capture.close()
    second.capture.open()


@pytest.mark.parametrize("name", ["", "none/a.pcap"])
def test_a_path_that_cannot_be_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot be written .*: give another path"):
        Taken(tmp_path / name).capture.open()


def test_a_frame_that_does_not_fit_on_the_disk_is_left_out_and_told_of_once(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    taken = Taken(path)
    taken.capture.open()
    taken.capture.frame_sent("nic 0", FRAME)
    whole = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 30, limits[1]))
    try:
        taken.capture.frame_sent("nic 0", FRAME)
        taken.capture.frame_sent("nic 0", FRAME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == whole
    assert taken.failures == [f"{path} takes no more: File too large"]
