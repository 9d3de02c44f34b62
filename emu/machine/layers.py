"""Layers of settings, each of the shape of a machine file, and how the keys of a table are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emu.core.errors import ConfigError
from emu.machine import values
from emu.machine.machine_file import KeyPath
from emu.machine.nearest import suggestion

Where = Callable[[KeyPath], str]
"""Names the place of a key to the user."""


@dataclass(frozen=True)
class Key:
    """A key of a machine file: how its value is read, and the field that it sets."""

    parse: values.Parse
    field: str


@dataclass(frozen=True)
class Layer:
    """A machine file's worth of settings, where they stand, and where their relative paths start."""

    data: Mapping[str, Any]
    where: Where
    folder: Path = Path()
    name: str | None = None

    def refusal(self, at: KeyPath, problem: str) -> ConfigError:
        """What is wrong with what stands at a place."""
        return ConfigError(f"{self.where(at)}: {problem}")

    def read(
        self, known: Mapping[str, Key], content: Mapping[str, Any], at: KeyPath, title: str
    ) -> dict[str, Any]:
        """The fields that the keys of one table set. Raises ConfigError."""
        read = {}
        for name, value in content.items():
            if name not in known:
                raise self.refusal((*at, name), f"unknown key {name!r} in {title}: {suggestion(name, known)}")
            try:
                read[known[name].field] = known[name].parse(value, self.folder)
            except ValueError as error:
                raise self.refusal((*at, name), f"{name} {error}") from None
        return read
