"""The firmware and guests that come with emu, built by `make` beside the package's modules."""

from __future__ import annotations

from pathlib import Path

from emu.core.errors import ConfigError

FOLDER = Path(__file__).parent.parent / "bundled"


def bios_path() -> Path:
    """Our own BIOS. Raises ConfigError where it was not built."""
    path = FOLDER / "firmware" / "bios.bin"
    if not path.exists():
        raise ConfigError("emu's own BIOS is not built: run `make build`, or give --firmware PATH")
    return path
