"""Scenario files for tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.smoke.scenario import Case, Scenario


def written(folder: Path, text: str, name: str = "probe") -> Path:
    """A scenario file."""
    path = folder / f"{name}.emu.toml"
    path.write_text(text)
    return path


def cases(folder: Path, text: str) -> list[Case]:
    """The cases in a scenario."""
    return Scenario(written(folder, text)).cases()


def refusal(folder: Path, text: str) -> str:
    """Why a scenario is refused, from the line's number on."""
    path = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        Scenario(path).cases()
    return str(caught.value).removeprefix(f"{path}:")
