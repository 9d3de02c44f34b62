"""Raw images: what is refused, and what a failing host looks like."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from emu.backends.disk_image import RawImage
from emu.core.errors import ConfigError, HostError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(range(256)) * 8)
    return path


def test_an_image_reads_the_bytes_of_its_file(path: Path) -> None:
    image = RawImage(path)
    assert image.size == 2048
    assert image.read(256, 4) == bytes(range(4))
    assert image.read_only
    assert image.warning is None


def test_a_size_that_is_no_multiple_of_512_is_rounded_up_with_zeros_and_a_warning(path: Path) -> None:
    path.write_bytes(b"x" * 700)
    image = RawImage(path)
    assert image.size == 1024
    assert image.read(512, 512) == b"x" * 188 + bytes(324)
    assert image.warning is not None
    assert "324 zero bytes" in image.warning


def test_a_missing_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        RawImage(tmp_path / "none.img")


def test_a_path_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="is no path"):
        RawImage("a\0b")


def test_an_empty_image_is_refused(path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(ConfigError, match="is empty"):
        RawImage(path)


@pytest.mark.parametrize("write", [False, True])
def test_a_directory_is_refused(tmp_path: Path, write: bool) -> None:
    with pytest.raises(ConfigError, match="is a directory"):
        RawImage(tmp_path, write=write)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no regular file"):
        RawImage(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_image_is_refused(path: Path) -> None:
    path.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read"):
        RawImage(path)


def test_a_read_only_image_refuses_writes(path: Path) -> None:
    with pytest.raises(HostError, match="read-only"):
        RawImage(path).write(0, b"x")


def test_writes_reach_the_file_and_never_go_beyond_its_end(path: Path) -> None:
    image = RawImage(path, write=True)
    image.write(2040, b"12345678")
    image.close()
    assert path.read_bytes()[2040:] == b"12345678"
    with pytest.raises(HostError, match="beyond the end"):
        image.write(2041, b"12345678")
    assert path.stat().st_size == 2048


def test_a_file_that_shrinks_while_in_use_is_a_host_error(path: Path) -> None:
    image = RawImage(path)
    os.truncate(path, 1000)
    assert image.read(0, 512)
    with pytest.raises(HostError, match="ends at byte 1000"):
        image.read(512, 512)


def test_closing_is_idempotent_and_a_later_read_opens_the_file_again(path: Path) -> None:
    image = RawImage(path)
    image.close()
    image.close()
    assert image.read(0, 2) == b"\x00\x01"
    image.close()
    path.unlink()
    with pytest.raises(HostError, match="cannot be read"):
        image.read(0, 2)


MIB = 1 << 20


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


def sparse(folder: Path) -> Path:
    path = folder / "sparse.img"
    path.touch()
    os.truncate(path, 64 * MIB)
    if allocated(path):
        pytest.skip("the file system keeps no holes")
    return path


def test_reading_holes_gives_zeros_and_fills_none(tmp_path: Path) -> None:
    path = sparse(tmp_path)
    image = RawImage(path, write=True)
    assert image.read(16 * MIB, MIB) == bytes(MIB)
    image.close()
    assert allocated(path) == 0


def test_zeros_written_into_a_hole_leave_it_a_hole(tmp_path: Path) -> None:
    path = sparse(tmp_path)
    image = RawImage(path, write=True)
    image.write(0, bytes(MIB))
    image.write(32 * MIB, bytes(MIB))
    image.write(63 * MIB, bytes(MIB))
    image.flush()
    assert allocated(path) == 0
    image.write(40 * MIB, b"data".ljust(4096, b"\0"))
    image.write(40 * MIB, bytes(4096))
    assert image.read(40 * MIB, 8) == bytes(8)
    image.close()
    assert allocated(path) <= 64 << 10
    assert path.stat().st_size == 64 * MIB


def test_a_file_that_ends_amid_a_sector_grows_only_by_data(path: Path) -> None:
    path.write_bytes(b"x" * 700)
    image = RawImage(path, write=True)
    image.write(512, b"y" * 188 + bytes(324))
    assert path.stat().st_size == 700
    assert image.read(512, 512) == b"y" * 188 + bytes(324)
    image.write(512, b"z" * 200 + bytes(312))
    assert path.stat().st_size == 712
    assert image.read(512, 512) == b"z" * 200 + bytes(312)
    image.close()


def test_an_image_that_is_written_is_nobody_elses(path: Path) -> None:
    writer = RawImage(path, write=True)
    with pytest.raises(ConfigError, match="only one drive may write it: end the other run"):
        RawImage(path, write=True)
    with pytest.raises(ConfigError, match="in use by one who writes it"):
        RawImage(path)
    writer.close()
    readers = RawImage(path), RawImage(path)
    with pytest.raises(ConfigError, match="is in use"):
        RawImage(path, write=True)
    for reader in readers:
        reader.close()
    RawImage(path, write=True).close()


def test_what_is_flushed_to_a_removed_file_is_a_host_error(path: Path) -> None:
    image = RawImage(path, write=True)
    path.unlink()
    assert image.read(0, 2) == b"\x00\x01"
    image.write(0, b"lost")
    with pytest.raises(HostError, match="was removed while in use"):
        image.flush()


CALLS: dict[str, Callable[[RawImage], object]] = {
    "pread": lambda image: image.read(0, 512),
    "pwrite": lambda image: image.write(0, b"x"),
    "fsync": lambda image: image.flush(),
}


@pytest.mark.parametrize("call", CALLS)
def test_whatever_the_host_refuses_is_a_host_error_with_its_reason(
    path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = RawImage(path, write=True)

    def fail(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"emu.backends.disk_image.os.{call}", fail)
    with pytest.raises(HostError, match=r"disk.img: cannot be \w+: No space left on device"):
        CALLS[call](image)
