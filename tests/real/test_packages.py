"""Fetching packages: what is recorded, and what happens where nothing can be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.packages import package


def a_command(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose commands are found before all others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    a_command(folder, "apt-get", 'printf abc > "$3_1_all.deb"; echo fetched >> ../../fetches')
    a_command(folder, "dpkg-deb", 'mkdir "$3"; cp "$2" "$3/file"')
    return folder


@pytest.mark.usefixtures("commands")
def test_a_package_is_fetched_once_and_its_sha256_is_recorded(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    for _ in range(2):
        assert (package("some", folder) / "file").read_text() == "abc"
    package("another", folder)
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (folder / "sha256.txt").read_text() == f"{abc}  another_1_all.deb\n{abc}  some_1_all.deb\n"
    assert (tmp_path / "fetches").read_text() == "fetched\n" * 2
    assert sorted(path.name for path in folder.iterdir()) == ["another", "sha256.txt", "some"]


def test_where_a_package_cannot_be_had_the_test_skips_with_the_reason(commands: Path, tmp_path: Path) -> None:
    a_command(commands, "apt-get", "echo 'E: Unable to locate package some' >&2; exit 100")
    with pytest.raises(pytest.skip.Exception, match="some cannot be had: E: Unable to locate"):
        package("some", tmp_path / "real")
    assert list((tmp_path / "real").iterdir()) == []


def test_where_the_tools_are_missing_the_test_skips_with_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="not installed: apt-get, dpkg-deb"):
        package("some", tmp_path / "real")
