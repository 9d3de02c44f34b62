"""The copy-on-write overlay: the file is safe, the guest sees what it wrote."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.backends.disk_image import RawImage
from emu.backends.observed import ObservedBlock
from emu.backends.overlay import Overlay
from emu.core.errors import HostError
from emu.core.events import Observer, Observers

SIZE = 5 * 4096 + 512


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(n % 251 for n in range(SIZE)))
    return path


def test_the_guest_reads_what_it_wrote_and_the_file_stays(path: Path) -> None:
    before = path.read_bytes()
    overlay = Overlay(RawImage(path))
    overlay.write(4000, b"A" * 200)
    overlay.flush()
    assert overlay.read(3999, 202) == before[3999:4000] + b"A" * 200 + before[4200:4201]
    overlay.close()
    assert path.read_bytes() == before


class Memory:
    """A back end that is plain memory."""

    read_only = True

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def write(self, offset: int, data: bytes) -> None:
        raise HostError("read-only")

    def flush(self) -> None:
        raise AssertionError

    def close(self) -> None:
        pass


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=9000)), max_size=8),
    st.integers(0, SIZE - 1),
    st.integers(1, SIZE),
)
def test_an_overlay_is_the_same_as_a_plain_array(
    writes: list[tuple[int, bytes]], at: int, length: int
) -> None:
    plain = bytearray(n % 251 for n in range(SIZE))
    overlay = Overlay(Memory(bytes(plain)))
    for offset, data in writes:
        data = data[: SIZE - offset]
        overlay.write(offset, data)
        plain[offset : offset + len(data)] = data
    length = min(length, SIZE - at)
    assert overlay.read(at, length) == plain[at : at + length]
    assert overlay.read(0, SIZE) == plain


def test_with_write_the_file_changes_at_the_flush_and_not_before(path: Path) -> None:
    before = path.read_bytes()
    overlay = Overlay(RawImage(path, write=True), write=True)
    overlay.write(SIZE - 3, b"end")
    assert path.read_bytes() == before
    overlay.flush()
    assert path.read_bytes() == before[:-3] + b"end"
    assert overlay.save() == {"pages": {}}
    overlay.write(0, b"start")
    overlay.close()
    assert path.read_bytes()[:5] == b"start"


def test_deferred_writes_reach_the_file_only_by_commit(path: Path) -> None:
    before = path.read_bytes()
    overlay = Overlay(RawImage(path, write=True), write=True, deferred=True)
    overlay.write(0, b"start")
    overlay.flush()
    overlay.close()
    assert path.read_bytes() == before
    assert overlay.read(0, 5) == b"start"
    overlay.commit()
    assert path.read_bytes()[:5] == b"start"


def test_a_saved_overlay_is_not_touched_by_later_writes(path: Path) -> None:
    overlay = Overlay(RawImage(path))
    overlay.write(10, b"one")
    saved = overlay.save()
    overlay.write(10, b"two")
    overlay.write(9000, b"more")
    overlay.restore(saved)
    assert overlay.read(10, 3) == b"one"
    assert overlay.save() == saved


def test_writes_beyond_the_end_are_refused(path: Path) -> None:
    overlay = Overlay(RawImage(path))
    with pytest.raises(HostError, match="beyond the end"):
        overlay.write(SIZE - 1, b"12")
    assert overlay.save() == {"pages": {}}


def test_memory_for_changes_is_bounded(path: Path) -> None:
    overlay = Overlay(RawImage(path), most_pages=2)
    overlay.write(4000, b"A" * 200)
    overlay.write(0, b"B" * 8192)
    with pytest.raises(HostError, match="0 MiB of changes are kept in memory, and no more: use `write`"):
        overlay.write(8192, b"C")
    assert overlay.read(8190, 4) == b"BB" + path.read_bytes()[8192:8194]


def test_with_write_the_cache_is_written_back_before_it_grows_too_large(path: Path) -> None:
    overlay = Overlay(RawImage(path, write=True), write=True, most_pages=2)
    overlay.write(0, b"A" * 8192)
    assert path.read_bytes()[:1] != b"A"
    overlay.write(8192, b"C")
    assert path.read_bytes()[:8193] == b"A" * 8192 + bytes([8192 % 251])
    overlay.close()
    assert path.read_bytes()[8190:8193] == b"AAC"


def test_deferred_changes_are_bounded_though_the_image_is_written(path: Path) -> None:
    overlay = Overlay(RawImage(path, write=True), write=True, deferred=True, most_pages=1)
    overlay.write(0, b"A")
    with pytest.raises(HostError, match="no more"):
        overlay.write(4096, b"A")
    overlay.commit()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 80), st.sampled_from([b"\0", b"x", b"yz"])), max_size=30))
def test_what_is_committed_is_what_was_read(writes: list[tuple[int, bytes]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "disk.img")
        path.touch()
        os.truncate(path, 81 * 4096)
        overlay = Overlay(RawImage(path, write=True), write=True, most_pages=20)
        for number, data in writes:
            overlay.write(number * 4096 + 4096 - len(data), data)
        wanted = overlay.read(0, 81 * 4096)
        overlay.close()
        assert path.read_bytes() == wanted


class Recorder(Observer):
    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def disk_read(self, drive: str, offset: int, data: bytes) -> None:
        self.seen.append(("read", drive, offset, data))

    def disk_write(self, drive: str, offset: int, data: bytes) -> None:
        self.seen.append(("write", drive, offset, data))

    def disk_flush(self, drive: str) -> None:
        self.seen.append(("flush", drive))

    def disk_close(self, drive: str) -> None:
        self.seen.append(("close", drive))

    def host_log(self, text: str) -> None:
        self.seen.append(("host", text))


def test_what_passes_the_seam_is_observed(path: Path) -> None:
    recorder = Recorder()
    block = ObservedBlock("disk0", Overlay(RawImage(path)), Observers(recorder))
    block.write(3, b"ab")
    block.read(3, 3)
    block.flush()
    block.close()
    assert recorder.seen == [
        ("write", "disk0", 3, b"ab"),
        ("read", "disk0", 3, b"ab\x05"),
        ("flush", "disk0"),
        ("close", "disk0"),
    ]
    assert (block.size, block.read_only) == (SIZE, False)


def test_a_failure_of_the_host_is_named_in_its_log_and_passed_on(path: Path) -> None:
    recorder = Recorder()
    block = ObservedBlock("disk0", RawImage(path), Observers(recorder))
    with pytest.raises(HostError):
        block.write(0, b"x")
    assert recorder.seen == [("host", f"disk0: {path} was opened read-only")]
