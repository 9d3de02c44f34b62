"""The fixture `emu_guest`: guests for tests in Python, by name or machine file, with settings on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from emu.core.errors import ConfigError
from emu.machine.config import MachineConfig
from emu.machine.layers import Layer
from emu.machine.loader import LISTS, TABLES, build, file_layers, target_path
from emu.machine.machine_file import KeyPath
from emu.machine.nearest import suggestion
from emu.smoke.guest import Guest
from emu.smoke.matrix import OVERRIDABLE
from emu.smoke.tables import DEFAULT_WALL_S


class EmuGuest:
    """The fixture: makes guests, and closes those that a test leaves open."""

    def __init__(self, *, full: bool = False, coverage: str | None = None) -> None:
        self._full = full
        self._coverage = coverage
        self.guests: list[Guest] = []

    def __call__(
        self, target: str | Path | None = None, *, wall: float = DEFAULT_WALL_S, **settings: Any
    ) -> Guest:
        """A guest that comes with emu, by name, or that of a machine file; none: what the settings say.

        `settings` are keys of a machine file, whichever of [machine], [kernel], [costs] and [run] has them
        (`profile="qemu"`, `memory=16`, `without=["nics"]`, `limit=5.0`), and its lists and [store]
        (`disk=[{"image": "my.img"}]`). `wall` is how many seconds of yours it may take. Images are never
        written.

        Raises ConfigError for what a machine cannot be.
        """
        __tracebackhide__ = True
        try:
            guest = Guest(
                configuration(target, settings), wall_s=wall, full=self._full, coverage=self._coverage
            )
        except ConfigError as error:
            raise ConfigError(str(error)) from None  # the loader's frames tell a test's author nothing
        self.guests.append(guest)
        return guest

    def close(self) -> None:
        """Close every guest."""
        for guest in self.guests:
            guest.close()


def configuration(target: str | Path | None, settings: Mapping[str, Any]) -> MachineConfig:
    """The machine that a test asks for. Raises ConfigError."""
    layers = [] if target is None else file_layers(target_path(str(target)))
    data: dict[str, Any] = {}
    for name, value in settings.items():
        plain = _plain(value)
        if name in LISTS or name == "store":
            data[name] = plain
            continue
        table = next((each for each in OVERRIDABLE if name in TABLES[each]), None)
        if table is None:
            known = [*LISTS, "store", *(key for each in OVERRIDABLE for key in TABLES[each])]
            raise ConfigError(f"emu_guest: unknown setting {name!r}: {suggestion(name, known)}")
        data.setdefault(table, {})[name] = plain
    config = build([*layers, Layer(data, _where)])
    return replace(config, drives=tuple(replace(drive, write=False) for drive in config.drives))


def _plain(value: Any) -> Any:
    """As a machine file would have it."""
    match value:
        case Path():
            return str(value)
        case tuple() | list():
            return [_plain(each) for each in value]
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case _:
            return value


def _where(key: KeyPath) -> str:
    names: Iterator[str] = (part for part in reversed(key) if isinstance(part, str))
    return f"emu_guest({next(names, '')}=...)"
