"""Debian packages as test input: fetched by name, unpacked below an ignored folder, their sha256 recorded.

`.real/NAME/` holds the files of package NAME, `.real/sha256.txt` a line for each fetched package file, as
`sha256sum` writes and checks them. What is there is not fetched again; remove the folder for newer versions.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / ".real"
TOOLS = ("apt-get", "dpkg-deb")


def package(name: str, folder: Path = FOLDER) -> Path:
    """Where package `name` is unpacked. Skips the test, with the reason, where it cannot be had."""
    unpacked = folder / name
    if unpacked.is_dir():
        return unpacked
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}, to fetch the package {name}")
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        archive = _download(name, Path(fresh))
        contents = Path(fresh, "contents")
        _run("dpkg-deb", "-x", str(archive), str(contents), folder=folder)
        _record(archive, folder / "sha256.txt")
        contents.replace(unpacked)
    return unpacked


def _download(name: str, folder: Path) -> Path:
    failure = _run("apt-get", "--quiet", "download", name, folder=folder, check=False)
    archives = list(folder.glob("*.deb"))
    if failure or len(archives) != 1:
        pytest.skip(f"the package {name} cannot be had: {failure or 'nothing was fetched'}")
    return archives[0]


def _run(*command: str, folder: Path, check: bool = True) -> str:
    """What a command said last where it failed; an empty string where it did not."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=check)
    return (done.stderr.strip().splitlines() or ["failed"])[-1] if done.returncode else ""


def _record(archive: Path, record: Path) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    others = record.read_text().splitlines() if record.exists() else []
    kept = [line for line in others if not line.endswith(f"  {archive.name}")]
    record.write_text("\n".join(sorted([*kept, f"{digest}  {archive.name}"])) + "\n")
