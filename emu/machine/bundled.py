"""The firmware and guests that come with emu, built by `make` beside the package's modules."""

from __future__ import annotations

from pathlib import Path

from emu.core.errors import ConfigError
from emu.machine.nearest import nearest

FOLDER = Path(__file__).parent.parent / "bundled"


def bios_path() -> Path:
    """Our own BIOS. Raises ConfigError where it was not built."""
    path = FOLDER / "firmware" / "bios.bin"
    if not path.exists():
        raise ConfigError("emu's own BIOS is not built: run `make build`, or give --firmware PATH")
    return path


def guests_folder() -> Path:
    """Where the guests are, a folder each."""
    return FOLDER / "guests"


def guest_names() -> list[str]:
    """The guests that were built, in alphabetical order."""
    return sorted(path.parent.name for path in guests_folder().glob("*/*.toml") if _is_guest(path))


def guest_path(name: str) -> Path:
    """The machine file of a bundled guest. Raises ConfigError with the nearest names."""
    names = guest_names()
    if name in names:
        return guests_folder() / name / f"{name}.toml"
    if not names:
        raise ConfigError(f"there is no guest {name!r}: no guest is built yet, run `make build`")
    if close := nearest(name, names):
        listed = " or ".join(map(repr, close))
        raise ConfigError(f"there is no guest {name!r}: did you mean {listed}?")
    raise ConfigError(f"there is no guest {name!r}: `emu guests` lists those there are")


def _is_guest(path: Path) -> bool:
    return path.stem == path.parent.name
