"""Archives of snapshots and recordings: whole or not at all, and nothing but what was written is read."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.core.errors import ConfigError
from emu.core.plain_json import dumps, loads
from emu.core.state import Plain, StateError, to_plain
from emu.machine import archive as archive_module
from emu.machine.archive import Archive, is_archive, whole_archive
from emu.machine.blocks import write_block
from emu.machine.config import MachineConfig
from emu.machine.inputs import gather, pinned
from emu.machine.machine import Machine
from emu.machine.saved_state import saved_state
from emu.machine.snapshot_file import BLOCKS, STATE, Described, read_snapshot, write_snapshot
from tests.unit.rom import FOREVER, write_rom

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A snapshot's file."""
    folder = tmp_path_factory.mktemp("saved")
    return save(folder).read_bytes()


def save(folder: Path) -> Path:
    machine = Machine(MachineConfig(memory_mib=2, firmware=Path(write_rom(folder, FOREVER))))
    machine.run(1_000)
    file = folder / "saved.emu"
    write_snapshot(file, machine)
    machine.close()
    return file


def described(machine: Machine) -> Plain:
    """What `emu.json` says of a snapshot of that machine."""
    return to_plain(Described(pinned(machine.config), gather(machine.config, embed=0)))


@given(PLAIN)
def test_plain_data_comes_back_from_text(plain: object) -> None:
    assert loads(dumps(plain)) == plain  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[" * 100_000, b'{"$bytes": 3}', b'{"$bytes": "?"}', b"1" * 5000, b"\xff"]
)
def test_text_that_is_no_plain_data_is_refused(text: bytes) -> None:
    with pytest.raises(StateError):
        loads(text)


@given(st.data())
def test_a_file_with_a_changed_byte_is_refused(saved: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(saved) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != saved[at]))
    refused(saved[:at] + bytes([other]) + saved[at + 1 :])


@given(st.data())
def test_a_truncated_file_is_refused(saved: bytes, data: st.DataObject) -> None:
    refused(saved[: data.draw(st.integers(0, len(saved) - 1))])


@given(st.binary(max_size=200))
def test_a_foreign_file_is_refused(contents: bytes) -> None:
    refused(contents)
    refused(b"PK\3\4" + contents)


def refused(contents: bytes) -> None:
    descriptor = os.memfd_create("a file")
    try:
        os.write(descriptor, contents)
        with pytest.raises(ConfigError) as caught:
            read_snapshot(Path(f"/proc/self/fd/{descriptor}"))
        assert "\n" not in str(caught.value)
    finally:
        os.close(descriptor)


def test_a_zip_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("a.txt", "text")
    assert not is_archive(path)
    with pytest.raises(ConfigError, match="is no snapshot of emu's"):
        read_snapshot(path)


def test_a_file_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = save(tmp_path)
    monkeypatch.setattr(archive_module, "__version__", "99.0")
    with pytest.raises(ConfigError, match=r"was made by emu .* this is emu 99.0"):
        read_snapshot(file)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a snapshot, no recording"):
        Archive(save(tmp_path), "recording")


@pytest.mark.parametrize("field", ["lines", "devices", "processor", "links", "discs"])
def test_a_state_that_does_not_fit_is_refused(field: str, tmp_path: Path) -> None:
    machine = Machine(MachineConfig(memory_mib=2, firmware=Path(write_rom(tmp_path, FOREVER))))
    inputs = described(machine)
    state = to_plain(saved_state(machine))
    machine.close()
    assert isinstance(state, dict)
    for wrong in ({}, {"x": True}, [], [1], None, {"0": [3]}):
        if wrong == state[field]:
            continue
        with whole_archive(tmp_path / "bad.emu") as archive:
            archive.begin("snapshot", inputs)
            archive.add(STATE, {**state, field: wrong})
            archive.stream("blocks").close()
        with pytest.raises(ConfigError):
            read_snapshot(tmp_path / "bad.emu").machine()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = save(tmp_path)
    old = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        save(tmp_path)
    assert file.read_bytes() == old
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rom.bin", "saved.emu"]


def test_a_write_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    def broken_off() -> None:
        with whole_archive(tmp_path / "new.emu") as archive:
            archive.begin("snapshot", {})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["a folder", "something else", "nowhere"])
def test_what_is_no_archive_is_not_overwritten(what: str, tmp_path: Path) -> None:
    path = tmp_path / "there"
    if what == "a folder":
        path.mkdir()
    elif what == "something else":
        path.write_text("a letter")
    else:
        path = path / "below"
    with pytest.raises(ConfigError, match="cannot be written"), whole_archive(path):
        pass
    assert what != "something else" or path.read_text() == "a letter"


def test_blocks_of_memory_that_the_machine_does_not_have_are_refused(tmp_path: Path) -> None:
    machine = Machine(MachineConfig(memory_mib=2, firmware=Path(write_rom(tmp_path, FOREVER))))
    inputs = described(machine)
    state = to_plain(saved_state(machine))
    for key, content in (((0, 512), bytes(4096)), ((1, 0), b"x" * 4096), ((0, 1), b"x" * 4095)):
        with whole_archive(tmp_path / "bad.emu") as archive:
            archive.begin("snapshot", inputs)
            archive.add(STATE, state)
            with archive.stream(BLOCKS) as stream:
                write_block(stream, key, content)
        with pytest.raises(ConfigError, match=r"does not fit|is damaged"):
            read_snapshot(tmp_path / "bad.emu").machine()
    machine.close()
